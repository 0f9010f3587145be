"""Time of an empirical NTK, measured on a few samples before it is computed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil

from kernel_regime.core.arrays import Array
from kernel_regime.core.timing import seconds_of, shortest_seconds
from kernel_regime.kernels.base import Kernel
from kernel_regime.ntk.empirical import BATCH, samples_at_once
from kernel_regime.ntk.network_kernel import EmpiricalNTK

_SIZES = (2, 8, 32, 2 * BATCH, 8 * BATCH)
_ENOUGH = 0.3  # seconds after which a kernel is large enough to be timed


@dataclass(frozen=True)
class TangentKernelCost:
    """Seconds that the empirical NTK of a network takes on this machine.

    Parameters
    ----------
    compilation : float
        Seconds, once for every network of the same architecture.
    sample : float
        Seconds in which a sample is pulled back.
    pair : float
        Seconds in which two samples' gradients are contracted.
    at_once : int
        Samples whose gradients fit into memory; beyond them, they are pulled back again.

    Examples
    --------
    Twice as many samples as fit are pulled back three times in halves, not twice:

    >>> cost = TangentKernelCost(compilation=0.0, sample=1.0, pair=0.0, at_once=64)
    >>> cost.gram(64), cost.gram(128)
    (64.0, 192.0)
    """

    compilation: float
    sample: float
    pair: float
    at_once: int

    def gram(self, n: int) -> float:
        """Of n samples with themselves."""
        passes = (ceil(n / self.at_once) + 1) / 2
        return passes * n * self.sample + n * n / 2 * self.pair

    def cross(self, n: int, m: int) -> float:
        """Of n rows and m columns."""
        pulled = n + ceil(n / self.at_once) * m
        return pulled * self.sample + n * m * self.pair


def tangent_kernel_cost(kernel: EmpiricalNTK, x: Array) -> TangentKernelCost:
    """Cost of a network's NTK, from kernels of growing parts of `x`, the last of 0.3 s or more.

    Examples
    --------
    >>> import numpy as np
    >>> kernel = EmpiricalNTK(lambda w, x: x @ w, np.ones((2, 1)), "linear")
    >>> tangent_kernel_cost(kernel, np.ones((100, 2))).gram(1000) < 60
    True
    """
    at_once = samples_at_once(kernel.apply, kernel.params, x, kernel.outputs)
    timed = list(_timings(kernel, x))
    (few, _, before), (many, compilation, after) = timed[-2:] if len(timed) > 1 else timed * 2
    # seconds = sample · n + pair · n²/2, both at least nothing
    pair = 2 * max(0.0, after / many - before / few) / (many - few) if many > few else 0.0
    pair = min(pair, 2 * after / many**2)
    return TangentKernelCost(compilation, after / many - pair * many / 2, pair, at_once)


def kernel_seconds(kernel: Kernel, x: Array) -> float:
    """Seconds that the Gram matrix of all of `x` takes at most, from that of a part.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.kernels import Polynomial
    >>> kernel_seconds(Polynomial(2), np.ones((20, 3))) < 10
    True
    """
    size, compilation, seconds = list(_timings(kernel, x))[-1]
    return compilation + seconds * (len(x) / size) ** 2


def _timings(kernel: Kernel, x: Array) -> Iterator[tuple[int, float, float]]:
    """Samples, seconds of compilation, and seconds of a kernel, until they are enough."""
    seconds = 0.0
    for size in sorted({min(size, len(x)) for size in _SIZES}):
        if seconds < _ENOUGH:
            compute = partial(kernel.gram, x[:size])
            first, seconds = seconds_of(compute), shortest_seconds(compute)
            yield size, max(0.0, first - seconds), seconds
