"""Labels of every kind become classes 0 … K−1 with names, or real targets."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.datasets.labels import encode_labels


@pytest.mark.parametrize(
    ("labels", "encoded", "names"),
    [
        (["dog", "cat", "dog"], [1, 0, 1], ("cat", "dog")),
        (np.array([b"dog", b"cat"]), [1, 0], ("cat", "dog")),
        (pd.Series(["dog", "cat"]), [1, 0], ("cat", "dog")),
        (pd.Series(["dog", "cat"], dtype="category"), [1, 0], ("cat", "dog")),
        (np.array(["dog", "cat"], dtype=object), [1, 0], ("cat", "dog")),
        ([-1, 1, -1], [0, 1, 0], ("-1", "1")),
        ([1, 2, 3], [0, 1, 2], ("1", "2", "3")),
        (np.array([3, 7, 40], np.uint8), [0, 1, 2], ("3", "7", "40")),
        ([[2], [0]], [1, 0], ("0", "2")),
        ([True, False], [1, 0], ("False", "True")),
        ([1_000_001, 1_000_002], [0, 1], ("1000001", "1000002")),
    ],
)
def test_classes_are_numbered_from_0_and_keep_their_names(labels, encoded, names):
    found, found_names = encode_labels(labels)
    assert found.tolist() == encoded
    assert np.issubdtype(found.dtype, np.integer)
    assert found_names == names


def test_floating_numbers_are_targets_unless_the_task_says_otherwise():
    labels, names = encode_labels(np.float32([-1, 1, 1]))
    assert labels.dtype == np.float64
    assert labels.tolist() == [-1, 1, 1]
    assert names == ()
    labels, names = encode_labels([-1.0, 1.0, 1.0], task="classification")
    assert labels.tolist() == [0, 1, 1]
    assert names == ("-1", "1")
    labels, names = encode_labels([3, 1, 2], task="regression")
    assert labels.tolist() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("labels", "class_names", "encoded", "names"),
    [
        (["b", "a"], ["b", "a", "c"], [0, 1], ("b", "a", "c")),
        ([0, 2], ["x", "y", "z"], [0, 2], ("x", "y", "z")),
        ([1, 2], ["x", "y"], [0, 1], ("x", "y")),
        ([1, 2], {1: "x", 2: "y", 3: "z"}, [0, 1], ("x", "y")),
    ],
)
def test_names_belong_to_labels(labels, class_names, encoded, names):
    found, found_names = encode_labels(labels, class_names)
    assert found.tolist() == encoded
    assert found_names == names


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": [1, 2], "class_names": list("abc")}, "is not clear; give class_names as a map"),
        ({"labels": ["cta"], "class_names": ["cat"]}, "lack 'cta'; did you mean 'cat'"),
        ({"labels": [3], "class_names": {1: "a"}}, "label 3 has no name"),
        ({"labels": ["a", "b"], "class_names": {"a", "b"}}, "give a list of names that differ"),
        ({"labels": ["a", "b"], "class_names": "ab"}, "class_names: 'ab'; give a list of names"),
        ({"labels": [0, 1], "class_names": ["a", "a"]}, "give a list of names that differ"),
        ({"labels": np.eye(3)}, r"labels have the shape \(3, 3\); give one class"),
        ({"labels": [0.5, 1], "class_names": ["a", "b"]}, "labels that are real numbers"),
        ({"labels": [1.0, np.nan], "task": "classification"}, "label 1 is not finite"),
        ({"labels": range(200)}, "200 different whole numbers in 200 samples; set task"),
        ({"labels": [1], "task": "ranking"}, "task: 'ranking' is neither"),
        ({"labels": ["a", None]}, "labels: rows differ in length or hold Python objects"),
        ({"labels": ["a"], "task": "regression"}, "holds no real numbers"),
    ],
)
def test_labels_without_one_clear_meaning_are_refused(given, message):
    with pytest.raises(ValueError, match=message) as refusal:
        encode_labels(**given)
    assert "\n" not in str(refusal.value)


def test_one_channel_is_grey_and_half_precision_becomes_single():
    data = LabelledData.of(np.ones((3, 4, 4, 1), np.float16), [0.5, 1, 2])
    assert data.inputs.shape == (3, 4, 4)
    assert data.inputs.dtype == np.float32


@pytest.mark.parametrize(
    ("inputs", "labels", "message"),
    [
        (np.ones(3), [0, 1, 2], r"inputs of shape \(3,\) are no samples"),
        (np.ones((0, 3)), [], "are no samples"),
        (np.ones((3, 2)), [0, 1], "there are 2 labels for 3 inputs"),
        ([["a"]], [0], "holds no real numbers"),
    ],
)
def test_what_is_no_labelled_data_is_refused(inputs, labels, message):
    with pytest.raises(ValueError, match=f"mine: .*{message}"):
        LabelledData.of(inputs, labels, source="mine")


def test_test_classes_are_numbered_as_training_classes():
    train = LabelledData.of(np.eye(3), ["a", "b", "c"])
    test = LabelledData.of(np.eye(2, 3), ["c", "b"]).in_classes_of(train)
    assert test.labels.tolist() == [2, 1]
    assert test.class_names == ("a", "b", "c")
    with pytest.raises(ValueError, match="test samples show class 'd', training samples do not"):
        LabelledData.of(np.eye(2, 3), ["d", "b"]).in_classes_of(train)
    with pytest.raises(ValueError, match="are classes, the others real numbers; set task"):
        LabelledData.of(np.eye(2, 3), [0.5, 1.5]).in_classes_of(train)


def test_what_a_data_set_of_ones_own_returns_is_made_whole():
    data = LabelledData([[1.0], [2.0]], ["b", "a"]).checked("raw_train")
    assert data.labels.tolist() == [1, 0]
    assert LabelledData(np.eye(2), np.array([4, 9])).checked("raw_train").labels.tolist() == [0, 1]
    alone = LabelledData(np.eye(2), np.array([1, 1]), ("cat", "dog")).checked("raw_train")
    assert alone.labels.tolist() == [1, 1]
    with pytest.raises(ValueError, match="raw_train: labels from 0 to 2 for 2 classes"):
        LabelledData(np.eye(3), np.array([0, 1, 2]), ("cat", "dog")).checked("raw_train")
    with pytest.raises(ValueError, match="raw_train: there are 2 labels for 3 inputs"):
        LabelledData(np.eye(3), np.array([0, 1]), ("cat", "dog")).checked("raw_train")
