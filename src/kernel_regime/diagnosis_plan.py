"""Plan of a diagnosis: its subsamples, and what their kernels will take."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psutil import virtual_memory

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, TooLargeError
from kernel_regime.core.memory import working_memory
from kernel_regime.core.seeds import seeded
from kernel_regime.core.timing import shortest_seconds

if TYPE_CHECKING:
    from kernel_regime.ntk.trained_function import TrainedFunction

_TIMED = 64  # samples on which the kernel is timed: a whole batch


@dataclass(frozen=True)
class DiagnosisPlan:
    """What a diagnosis will take.

    Parameters
    ----------
    train, test : int
        Samples of each subsample.
    subsamples : int
        How many.
    seconds : float
        At most, from a kernel of 64 samples.
    gigabytes : float
        At most, the network's own activations apart.
    """

    train: int
    test: int
    subsamples: int
    seconds: float
    gigabytes: float

    def __str__(self) -> str:
        """In words."""
        return (
            f"{self.subsamples} subsamples of {self.train} training and {self.test} test samples: "
            f"at most {self.seconds:.3g} s and {self.gigabytes:.2g} GB"
        )


def draw_subsamples(
    n: int, m: int, samples: int, count: int, seed: int
) -> list[tuple[Array, Array]]:
    """Rows of training and test samples of every subsample."""
    for name, value, least in (("samples", samples, 2), ("subsamples", count, 1)):
        if value < least:
            raise InputError(f"{name}: {value} is too few; give {least} at least")
    if n < 2 or m < count:
        raise InputError(
            f"{n} training and {m} test samples are too few for {count} subsamples; give more "
            "samples, or fewer subsamples"
        )
    rng = seeded(seed)
    tests = np.array_split(rng.permutation(m), count)
    if n <= samples:
        return [(np.arange(n), part[:samples]) for part in tests]
    orders = rng.permutation(n)
    if n < samples * count:  # they have to share some
        trains = [rng.permutation(n)[:samples] for _ in range(count)]
    else:
        trains = [orders[k * samples : (k + 1) * samples] for k in range(count)]
    return [(rows, part[:samples]) for rows, part in zip(trains, tests, strict=True)]


def forecast_diagnosis(
    moment: "TrainedFunction", train: Array, parts: list[tuple[Array, Array]], outputs: int
) -> DiagnosisPlan:
    """Time of all kernels from that of a small one, which grows by the square at most."""
    n, m = len(parts[0][0]), max(len(columns) for _, columns in parts)
    few = train[np.arange(_TIMED) % len(train)]
    moment.kernel(few)
    pairs = 2 * len(parts) * n * (n + m)
    seconds = shortest_seconds(lambda: moment.kernel(few)) * pairs / _TIMED**2
    # Two pairs of kernels in float32, then twice in float64; gradients take the working memory.
    size = 2 * n * (n + m) * (4 + 16) + working_memory()
    if size > virtual_memory().available:
        raise TooLargeError(
            f"samples: kernels of {n} training and {m} test samples take {size / 1e9:.2g} GB, "
            f"{virtual_memory().available / 1e9:.2g} GB are free; give fewer samples"
        )
    return DiagnosisPlan(n, m, len(parts), seconds, size / 1e9)
