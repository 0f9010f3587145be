"""Training samples and their splits: complete, disjoint, and refused where they do not fit."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.training.samples import SampleSplits


def test_splits_are_disjoint_and_complete():
    x = np.arange(50.0)[:, None]
    samples = SampleSplits.divide((x, x), (x, x), validation=0.2)
    inside, outside = samples.train[0][:, 0], samples.validation[0][:, 0]
    assert len(outside) == 10
    np.testing.assert_array_equal(np.sort(np.concatenate([inside, outside])), x[:, 0])
    assert SampleSplits.divide((x, x), (x, x), validation=0).validation is None


def test_samples_of_the_first_version_have_their_digest_still():
    x, y = np.arange(24.0).reshape(6, 2, 2), np.eye(6)[:, :3]
    samples = SampleSplits.divide((x, y), (x[:3], y[:3]), 0.4)
    assert samples.digest == "a1098ae3b5a99528afd9e302933b1a6c72bf05d0633a90862dfc64018b509cd3"


@pytest.mark.parametrize("convert", [np.asarray, np.ndarray.tolist, pd.DataFrame])
def test_splits_take_every_array_like(convert):
    x, y = np.arange(12).reshape(6, 2), np.arange(6).reshape(6, 1) % 2
    samples = SampleSplits.divide((convert(x), convert(y)), (convert(x), convert(y)), 0)
    assert samples.digest == SampleSplits.divide((x, y), (x, y), 0).digest
    assert samples.train[0].dtype == samples.train[1].dtype == np.float32


@pytest.mark.parametrize(
    ("x", "y", "validation", "message"),
    [
        (np.ones((3, 2)), np.ones((4, 1)), 0, r"train: .* do not fit"),
        (np.ones((3, 2)), np.ones(3), 0, r"train: .* do not fit"),
        (np.full((3, 2), np.nan), np.ones((3, 1)), 0, "train inputs: sample 0 is not finite"),
        (np.ones((3, 2)), np.ones((3, 1)), 0.99, "leaves none to train on"),
    ],
)
def test_splits_that_cannot_be_trained_on_are_refused(x, y, validation, message):
    with pytest.raises(InputError, match=message):
        SampleSplits.divide((x, y), (x[:2], y[:2]), validation)


@pytest.mark.parametrize(
    ("test", "validation", "message"),
    [
        (((4, 3), (4, 1)), 20, "validation: 20; give a share"),
        (((4, 3), (4, 1)), -0.5, "validation: -0.5; give a share"),
        (((4, 2), (4, 1)), 0, r"test: inputs of shape \(4, 2\).* not fit training samples"),
        (((4, 3), (4, 2)), 0, r"targets of shape \(4, 2\) do not fit training samples"),
    ],
)
def test_splits_that_do_not_fit_are_refused(test, validation, message):
    inputs, targets = map(np.ones, test)
    with pytest.raises(InputError, match=message):
        SampleSplits.divide((np.ones((9, 3)), np.ones((9, 1))), (inputs, targets), validation)


def test_inputs_beyond_single_precision_are_refused():
    split = np.full((3, 2), 1e300), np.ones((3, 1))
    with pytest.raises(InputError, match="train inputs: sample 0 is not finite"):
        SampleSplits.divide(split, split, 0)
