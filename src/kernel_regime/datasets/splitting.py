"""Samples of one file divided into training and test samples."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import LabelledData, LabelledDataset
from kernel_regime.noise.sampling import Split


class DividedDataset(LabelledDataset):
    """Base of data sets whose files hold one split each, or all samples, to be divided.

    Parameters
    ----------
    split : str, optional
        `train` or `test`, where one file is divided.
    test_share : float, optional
        Share of the samples to test on, drawn at random, class by class; both splits are read
        from the same file then. None where every split has a file of its own.
    seed : int
        Which division.
    metadata : dict, optional
        For other tools; ignored here.
    """

    def __init__(
        self,
        split: Split | None,
        test_share: float | None,
        seed: int,
        metadata: Arguments | None,
    ) -> None:
        super().__init__(split or "train", metadata)
        if test_share is not None and not 0 < test_share < 1:
            raise InputError(f"test_share: {test_share!r} is no share; give one between 0 and 1")
        if test_share is not None and split is None:
            raise InputError("test_share divides one file in two: say split: train, or test")
        self._test_share = test_share
        self._seed = seed

    def _divided(self, data: LabelledData) -> LabelledData:
        """The wanted split of all samples, in their order in the file."""
        if self._test_share is None:
            return data
        size = round(self._test_share * len(data.labels))
        tested = np.zeros(len(data.labels), bool)
        tested[stratified_rows(data.labels, size, self._seed)] = True
        rows = tested if self._split == "test" else ~tested
        return LabelledData(data.inputs[rows], data.labels[rows], data.class_names)

    def _describe(self) -> Arguments:
        return {**super()._describe(), "test_share": self._test_share, "seed": self._seed}


def stratified_rows(labels: Array, size: int, seed: int) -> Array:
    """Rows in random order, every class as often as its share asks, rounded to the total.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1])
    >>> labels[stratified_rows(labels, 2, seed=0)].sum() <= 1
    np.True_
    """
    rng = seeded(seed)
    shuffled = rng.permutation(len(labels))
    if np.issubdtype(labels.dtype, np.floating):
        return shuffled[:size]
    counts = np.bincount(labels)
    shares = counts * size / len(labels)
    quota = np.floor(shares).astype(int)
    largest_remainders = np.argsort(quota - shares, kind="stable")
    quota[largest_remainders[: size - quota.sum()]] += 1
    kept = [shuffled[labels[shuffled] == k][:n] for k, n in enumerate(quota)]
    return rng.permutation(np.concatenate(kept))
