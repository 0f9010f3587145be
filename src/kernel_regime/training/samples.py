"""The samples of one training: three splits, and a digest that names their content."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from kernel_regime.core.arrays import Array

Split = tuple[Array, Array]


@dataclass(frozen=True)
class SampleSplits:
    """Inputs (n, …) float32 and targets (n, K) float32 of the splits of one experiment.

    `validation` is None where no penalty is chosen on held-out training samples.
    """

    train: Split
    test: Split
    validation: Split | None = None

    @classmethod
    def divide(cls, train: Split, test: Split, validation: float) -> "SampleSplits":
        """Hold back a share of the training samples for choosing penalties.

        The choice of samples depends on their number alone, so that all networks, seeds and
        noise levels of an experiment are compared on the same ones.
        """
        held_back = round(validation * len(train[0]))
        if not held_back:
            return cls(_single(train), _single(test))
        order = np.random.default_rng(0).permutation(len(train[0]))
        inside, outside = np.sort(order[held_back:]), np.sort(order[:held_back])
        return cls(
            train=_single((train[0][inside], train[1][inside])),
            test=_single(test),
            validation=_single((train[0][outside], train[1][outside])),
        )

    @property
    def splits(self) -> dict[str, Split]:
        """The splits there are, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names, shapes and bytes of all splits."""
        total = sha256()
        for name, split in self.splits.items():
            for array in split:
                total.update(f"{name} {array.shape} {array.dtype} ".encode())
                total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()


def _single(split: Split) -> Split:
    x, y = (np.ascontiguousarray(array, np.float32) for array in split)
    return x, y
