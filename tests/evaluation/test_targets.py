"""Labels have one meaning each, or are refused with the remedy."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.evaluation.scores import correct, squared_errors
from kernel_regime.evaluation.targets import class_labels, count_classes, encode_targets

ONE_HOT = np.array([[0.75, -0.25, -0.25, -0.25], [-0.25, -0.25, 0.75, -0.25]])


@pytest.mark.parametrize(
    "labels",
    [
        [0, 2],
        np.array([0, 2], np.uint8),
        np.array([[0], [2]]),
        pd.Series([0, 2]),
        np.eye(4, dtype=int)[[0, 2]],
        np.eye(4, dtype=bool)[[0, 2]],
    ],
    ids=["list", "bytes", "column", "pandas", "one-hot integers", "one-hot booleans"],
)
def test_classes_become_centred_one_hot_rows_in_every_form(labels):
    targets = encode_targets(labels, 4)
    assert targets.dtype == np.float64
    np.testing.assert_array_equal(targets, ONE_HOT)


def test_booleans_count_as_classes_zero_and_one():
    expected = np.eye(3)[[1, 0, 1]] - 1 / 3
    np.testing.assert_array_equal(encode_targets([True, False, True], 3), expected)
    np.testing.assert_array_equal(encode_targets([True, False], 2), [[0.5], [-0.5]])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["cat", "dog", "emu"], ["cat", "dog", "emu"]),
        (pd.Series(["cat", "dog", "emu"]), ["cat", "dog", "emu"]),
        (np.array(["cat", "dog", "emu"], object), ["cat", "dog", "emu"]),
        ([1, 2, 3], [1, 2, 3]),
        ([10, 20, 40], [10, 20, 40]),
        ([-1, 1], [-1, 1]),
    ],
)
def test_classes_that_do_not_count_from_zero_are_found_and_encoded(labels, classes):
    found = class_labels(labels)
    assert found.tolist() == classes
    assert count_classes(labels) == len(classes)
    numbers = np.arange(len(classes))
    np.testing.assert_array_equal(
        encode_targets(labels, found), encode_targets(numbers, len(classes))
    )


def test_integers_from_zero_keep_the_classes_that_a_sample_lacks():
    assert class_labels([0, 3, 5]).tolist() == [0, 1, 2, 3, 4, 5]


def test_floats_are_targets():
    np.testing.assert_array_equal(encode_targets(np.float32([0.5, 2]), 10), [[0.5], [2]])
    half = encode_targets(np.float16([[0.5, 2]]), 10)
    assert half.dtype == np.float64
    assert count_classes([0.5, 2.0]) == 0


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 4], 4, r"class 4 is outside 0…3; pass the classes themselves"),
        ([-1, 1], 2, "class -1 is outside 0…1"),
        (["cat"], 2, "'cat' is none of 2 numbered classes"),
        (["cow"], ["cat", "dog"], "class cow is outside cat, dog"),
        (np.eye(3, dtype=int), 4, "not one-hot over 4 classes"),
        (np.ones((3, 4), int), 4, "not one-hot over 4 classes"),
        (np.array([{}, 1], object), 2, "hold Python objects"),
        (3, 4, "are no labels"),
    ],
)
def test_what_has_no_clear_meaning_is_refused(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(labels, classes)


@pytest.mark.parametrize("shape", [(5, 1), (5,), (4, 3), (5, 2)])
def test_scores_refuse_targets_that_numpy_would_broadcast(shape):
    predictions, targets = np.zeros((2, 5, 3)), np.ones(shape)
    for score in (squared_errors, correct):
        with pytest.raises(ValueError, match="does not fit predictions"):
            score(predictions, targets)
