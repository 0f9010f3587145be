"""Sample splits of one training: training, validation and test, and a digest of their content."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating, require_finite
from kernel_regime.core.errors import InputError

Split = tuple[Array, Array]


@dataclass(frozen=True)
class SampleSplits:
    """Inputs (n, …) float32 and targets (n, K) float32 of the splits of one experiment.

    `validation` is None where no penalty is chosen on held-out training samples.

    Examples
    --------
    >>> x, y = np.ones((10, 3), np.float32), np.ones((10, 1), np.float32)
    >>> list(SampleSplits(train=(x, y), test=(x, y)).splits)
    ['train', 'test']
    """

    train: Split
    test: Split
    validation: Split | None = None

    @classmethod
    def divide(
        cls,
        train: tuple[ArrayLike, ArrayLike],
        test: tuple[ArrayLike, ArrayLike],
        validation: float,
    ) -> "SampleSplits":
        """Hold back a share of the training samples for choosing penalties.

        The choice of samples depends on their number alone, so that all networks, seeds and
        noise levels of an experiment are compared on the same ones.

        Parameters
        ----------
        train, test : pairs of array-likes
            Inputs (n, …) and targets (n, K).
        validation : float
            The share held back; 0 for none.

        Raises
        ------
        InputError
            If inputs and targets differ in number, are no numbers or not finite in single
            precision, training and test samples differ in shape, or no sample is left to train on.

        Examples
        --------
        >>> x, y = np.ones((10, 3)), np.ones((10, 1))
        >>> samples = SampleSplits.divide((x, y), (x, y), validation=0.2)
        >>> {name: len(inputs) for name, (inputs, _) in samples.splits.items()}
        {'train': 8, 'validation': 2, 'test': 10}
        """
        train, test = _single(train, "train"), _single(test, "test")
        if not 0 <= validation < 1:
            raise InputError(f"validation: {validation}; give a share, from 0 to below 1")
        if train[0].shape[1:] != test[0].shape[1:] or train[1].shape[1:] != test[1].shape[1:]:
            raise InputError(
                f"test: inputs of shape {test[0].shape} and targets of shape {test[1].shape} do "
                f"not fit training samples of {train[0].shape} and {train[1].shape}"
            )
        held_back = round(validation * len(train[0]))
        if held_back == len(train[0]):
            raise InputError(
                f"validation: a share of {validation:g} of {len(train[0])} samples leaves none to "
                "train on; hold back fewer"
            )
        if not held_back:
            return cls(train, test)
        order = np.random.default_rng(0).permutation(len(train[0]))
        inside, outside = np.sort(order[held_back:]), np.sort(order[:held_back])
        return cls(
            train=(train[0][inside], train[1][inside]),
            test=test,
            validation=(train[0][outside], train[1][outside]),
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


def _single(split: tuple[ArrayLike, ArrayLike], name: str) -> Split:
    """Inputs and targets in single precision."""
    x, y = as_floating(split[0], f"{name} inputs"), as_floating(split[1], f"{name} targets")
    if y.ndim != 2 or len(x) != len(y):
        raise InputError(
            f"{name}: inputs of shape {x.shape} and targets of shape {y.shape} do not fit; give "
            "(n, …) and (n, K)"
        )
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32)
    for array, part in zip(single, ("inputs", "targets"), strict=True):
        require_finite(array, f"{name} {part}")
    return single
