"""Handwritten digits that come with scikit-learn."""

import numpy as np

from kernel_regime.datasets.labelled_data import LabelledData, LabelledDataset

_TEST_SAMPLES = 597
_SEED = 0


class DigitsDataset(LabelledDataset):
    """scikit-learn's 1,797 digits of 8×8 pixels: 1,200 to train on, 597 to test on.

    Parameters
    ----------
    split : str
        `train` or `test`, stratified by class and always the same.

    Examples
    --------
    >>> DigitsDataset(split="test").load().inputs.shape
    (597, 8, 8)
    """

    @property
    def name(self) -> str:
        """What scikit-learn calls them."""
        return "digits (scikit-learn)"

    def load(self) -> LabelledData:
        """Images (n, 8, 8) with pixels 0–16."""
        # scikit-learn takes a second to import, and only this data set needs it.
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        digits = load_digits()
        rows = train_test_split(
            np.arange(len(digits.target)),
            test_size=_TEST_SAMPLES,
            stratify=digits.target,
            random_state=_SEED,
        )[self._split == "test"]
        names = tuple(str(name) for name in digits.target_names)
        return LabelledData(digits.images[rows].astype(np.uint8), digits.target[rows], names)

    def _exists(self) -> bool:
        return True
