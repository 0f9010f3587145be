"""Subsamples are stratified and seeded; data that would mislead are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.data_processing.nodes import prepare
from kernel_regime.pipelines.data_processing.parameters import DataParameters
from kernel_regime.pipelines.data_processing.subsamples import (
    divide_anew,
    refuse_unlike,
    select_samples,
)


def samples(labels, names=("a", "b", "c"), **changes):
    labels = np.asarray(labels)
    images = changes.get("images", np.arange(4 * len(labels), dtype=np.float32).reshape(-1, 2, 2))
    return LabelledData(images, labels, names)


THREE = samples(np.repeat([0, 1, 2], [60, 30, 10]))


@given(size=st.integers(10, 100), seed=st.integers(0, 1000))
def test_every_class_has_its_share(size, seed):
    images, labels = select_samples(THREE, size, seed, "data.n_train")
    shares = np.array([0.6, 0.3, 0.1]) * size
    assert len(labels) == len(images) == size
    assert (np.abs(np.bincount(labels, minlength=3) - shares) < 1).all()
    rows = images[:, 0, 0].astype(int) // 4
    assert len(set(rows)) == size
    np.testing.assert_array_equal(labels, THREE.labels[rows])


def test_the_seed_decides_which():
    first, again, other = (
        select_samples(THREE, 20, seed, "data.n_train")[0][:, 0, 0] for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_all_samples_stay_in_order():
    images, labels = select_samples(THREE, None, 0, "data.n_train")
    np.testing.assert_array_equal(images, THREE.inputs)
    np.testing.assert_array_equal(labels, THREE.labels)


def test_float_targets_are_subsampled_too():
    raw = LabelledData(np.zeros((50, 3)), np.arange(50.0))
    _, labels = select_samples(raw, 10, 0, "data.n_train")
    assert len(set(labels)) == 10


def test_all_samples_are_divided_anew_as_their_classes_are():
    train, test = samples(np.repeat([0, 1], [60, 20])), samples(np.repeat([0, 1], [10, 10]))
    test = test._replace(inputs=test.inputs + 4 * 80)
    divisions = [divide_anew(train, test, seed) for seed in (0, 0, 1)]
    for new_train, new_test in divisions:
        rows = [part.inputs[:, 0, 0].astype(int) // 4 for part in (new_train, new_test)]
        assert sorted(np.concatenate(rows)) == list(range(100))
        labels = np.concatenate([train.labels, test.labels])
        for part, row in zip((new_train, new_test), rows, strict=True):
            np.testing.assert_array_equal(part.labels, labels[row])
        assert np.bincount(new_train.labels).tolist() == [56, 24]
        assert np.bincount(new_test.labels).tolist() == [14, 6]
    first, again, other = (division[1].inputs.tobytes() for division in divisions)
    assert first == again != other


def with_hole(array, row):
    array = array.copy()
    array[row] = np.nan
    return array


@pytest.mark.parametrize(
    ("raw", "size", "message"),
    [
        (
            THREE,
            101,
            "data.n_train: 101 samples are asked for, the data set has 100; give 100 or less, or "
            "null for all",
        ),
        (
            samples(THREE.labels, images=with_hole(THREE.inputs, 5)),
            20,
            "input 5 of the raw data is not finite; clean or remove it",
        ),
        (
            LabelledData(np.zeros((4, 3)), with_hole(np.arange(4.0), 2)),
            None,
            "label 2 of the raw data is not finite; clean or remove it",
        ),
        (
            samples([0, 0, 2, 2]),
            None,
            "data.n_train: class 'b' has no sample among the 4 selected; select more, or leave the "
            "class out of the data set",
        ),
        (
            THREE,
            2,
            "data.n_train: class 'c' has no sample among the 2 selected; select more, or leave the "
            "class out of the data set",
        ),
    ],
)
def test_what_would_mislead_is_refused(raw, size, message):
    with pytest.raises(ValueError) as refusal:
        select_samples(raw, size, 0, "data.n_train")
    assert str(refusal.value) == message


def test_test_samples_must_be_like_training_samples():
    with pytest.raises(
        ValueError, match=r"test samples have the shape \(3, 3\), training .* \(2, 2\)"
    ):
        refuse_unlike(THREE.inputs, np.zeros((2, 3, 3)))


@pytest.mark.parametrize("split", [None, {"seed": 4}])
def test_test_samples_must_not_be_the_training_samples(split):
    data = DataParameters(n_train=None, n_test=None, seed=0, split=split)
    noise = NoiseParameters(kind="clean", levels=[0], seed=0)
    one_file = samples(np.repeat([0, 1, 2], 20))
    with pytest.raises(InputError, match="raw_train and raw_test hold the same samples"):
        prepare(one_file, one_file, data, noise)


def test_a_run_divides_its_samples_anew_where_it_is_told_to():
    official = samples(np.repeat([0, 1, 2], 20)), samples(np.repeat([0, 1, 2], 5))
    noise = NoiseParameters(kind="clean", levels=[0], seed=0)
    runs = [
        prepare(*official, DataParameters(n_train=None, n_test=None, seed=0, split=split), noise)
        for split in (None, {"seed": 4})
    ]
    np.testing.assert_array_equal(runs[0][0], official[0].inputs)
    np.testing.assert_array_equal(runs[1][0], divide_anew(*official, 4)[0].inputs)
