"""Labels have one meaning each, or are refused with the remedy."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.evaluation.gaussian_scores import interval_coverage, negative_log_likelihood
from kernel_regime.evaluation.scores import correct, normalised_loss, squared_errors
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
        ([0, 1], 0, "classes: 0; give how many there are"),
        (["cat"], [], r"classes: \[\]; give how many there are"),
        ([0, 1, 1], [0, 1, 1], r"classes: \[0, 1, 1\]; give how many there are, or each of them"),
        ([], 3, "labels: there are none"),
    ],
)
def test_what_has_no_clear_meaning_is_refused(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        encode_targets(labels, classes)


def test_a_number_that_would_name_a_million_classes_is_refused():
    with pytest.raises(ValueError, match="train_labels: class 1000000000000; integers from 0 on"):
        class_labels([0, 10**12])


@pytest.mark.parametrize("outputs", [1, 3])
def test_what_a_diverged_model_predicts_is_never_correct(outputs):
    lost = np.full((4, outputs), np.nan)
    assert not correct(lost, encode_targets([0, 0, 1, 1], max(outputs, 2))).any()


def test_losses_are_normalised_by_bytes_that_would_overflow():
    assert normalised_loss(256.0, np.full((2, 1), 16, np.uint8)) == 1


def test_scores_take_tables_and_booleans():
    truth = pd.DataFrame([[1.0, 0.0], [0.0, 1.0]])
    assert squared_errors(truth > 0, truth).tolist() == [0, 0]
    assert correct(truth, truth > 0).tolist() == [True, True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, v: negative_log_likelihood(m, v[:-1], m), r"variances: shape \(3,\) does not"),
        (lambda m, v: interval_coverage(m, v[:, None], m, [0.9]), r"variances: shape \(4, 1\)"),
        (lambda m, v: interval_coverage(m, v, m, 0.9), r"levels: shape \(\); give a list"),
        (lambda m, v: interval_coverage(m, v, m, [95]), r"levels: \[95\]; give shares between"),
    ],
)
def test_scores_of_gaussians_refuse_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.zeros((4, 2)), np.ones(4))


@pytest.mark.parametrize("shape", [(5, 1), (5,), (4, 3), (5, 2)])
def test_scores_refuse_targets_that_numpy_would_broadcast(shape):
    predictions, targets = np.zeros((2, 5, 3)), np.ones(shape)
    for score in (squared_errors, correct):
        with pytest.raises(ValueError, match="does not fit predictions"):
            score(predictions, targets)
