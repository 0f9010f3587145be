"""Data sets that need no files."""

import numpy as np
import pytest

from kernel_regime.datasets.digits import DigitsDataset
from kernel_regime.datasets.spiked import SpikedCovariatesDataset


def test_digits_split_once_and_for_all():
    train, test = DigitsDataset("train").load(), DigitsDataset("test").load()
    assert train.inputs.shape == (1200, 8, 8)
    assert test.inputs.shape == (597, 8, 8)
    assert train.inputs.max() == 16
    assert np.bincount(train.labels).min() >= 116
    np.testing.assert_array_equal(DigitsDataset("train").load().labels, train.labels)


def spiked(split, **changes):
    return SpikedCovariatesDataset(split, **{"n_train": 500, "n_test": 50, **changes}).load()


def test_spiked_covariates_are_standard_normal_with_normalised_targets():
    vectors, targets, names = spiked("train", n_train=4000)
    assert vectors.shape == (4000, 1024)
    assert vectors.dtype == np.float32
    assert names == ()
    # 4 million draws: their mean and variance are known to 1e-3.
    assert abs(vectors.mean()) < 2e-3
    assert abs(vectors.var() - 1) < 3e-3
    # Three terms of mean square 1, uncorrelated up to sampling.
    assert np.mean(targets**2) == pytest.approx(3, rel=0.2)


def test_test_targets_use_the_training_normalisation():
    few, many = spiked("test", n_train=100), spiked("test", n_train=500)
    np.testing.assert_array_equal(few.inputs, many.inputs)
    assert not np.allclose(few.labels, many.labels)
    # Same target up to the three scales: each differs by some percent only.
    assert np.corrcoef(few.labels, many.labels)[0, 1] > 0.95


def test_seeds_and_splits_are_different_draws():
    train, other, test = spiked("train"), spiked("train", seed=1), spiked("test")
    np.testing.assert_array_equal(train.inputs, spiked("train").inputs)
    assert not np.allclose(train.inputs, other.inputs)
    assert not np.allclose(train.inputs[:50], test.inputs)


def test_more_samples_extend_fewer():
    np.testing.assert_array_equal(
        spiked("train", n_train=600).inputs[:500], spiked("train", n_train=500).inputs
    )
