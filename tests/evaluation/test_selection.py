"""Selection, its bias, bootstrap intervals, and crossings, against what was put in."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kernel_regime.core.errors import InputError
from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means
from kernel_regime.evaluation.crossings import crossing, phase_diagram
from kernel_regime.evaluation.curves import network_curves
from kernel_regime.evaluation.input_dimension import input_dimensions
from kernel_regime.evaluation.scores import correct, normalised_loss, squared_errors
from kernel_regime.evaluation.selection import best_row, mark_selected, select_ridges


def test_loss_sums_over_outputs_and_accuracy_takes_the_largest_or_the_sign():
    predictions = np.array([[1.0, 2.0], [3.0, 0.0]])
    targets = np.array([[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(squared_errors(predictions, targets), [4.0, 4.0])
    np.testing.assert_array_equal(correct(predictions, targets), [False, True])
    scalar = correct(np.array([[0.3], [-0.1]]), np.array([[0.5], [0.5]]))
    np.testing.assert_array_equal(scalar, [True, False])


def test_normalised_loss_is_one_minus_r_squared():
    rng = np.random.default_rng(0)
    targets = rng.standard_normal((50, 3))
    predictions = targets + rng.standard_normal((50, 3))
    loss = squared_errors(predictions, targets).mean()
    expected = np.square(targets - predictions).sum() / np.square(targets).sum()
    assert normalised_loss(loss, targets) == pytest.approx(expected)
    with pytest.raises(ValueError, match="all are zero"):
        normalised_loss(1.0, np.zeros((3, 1)))


def path_table():
    return pd.DataFrame(
        {
            "ridge": [0.1, 1.0, 10.0],
            "test_loss": [0.3, 0.2, 0.25],
            "test_accuracy": [0.9, 0.8, 0.9],
            "loo_loss": [0.31, 0.32, 0.3],
            "gcv_loss": [0.2, 0.3, 0.4],
        }
    )


def test_every_criterion_picks_its_best_and_the_selection_bias_is_what_the_test_set_gains():
    squared = np.tile(np.array([[0.3], [0.2], [0.25]]), (1, 40))
    hits = np.array([[1.0] * 36 + [0.0] * 4, [1.0] * 32 + [0.0] * 8, [1.0] * 36 + [0.0] * 4])
    table = select_ridges(
        path_table(), squared, hits, np.ones((40, 1)), resamples=200, confidence=0.9, seed=0
    ).set_index("criterion")
    ridges = {"loo_loss": 10.0, "gcv_loss": 0.1, "test_loss": 1.0, "test_accuracy": 10.0}
    assert table["ridge"].to_dict() == ridges
    assert table.loc["test_loss", "loss_selection_bias"] == 0
    assert table.loc["loo_loss", "loss_selection_bias"] == pytest.approx(0.05)
    assert table.loc["test_loss", "accuracy_selection_bias"] == pytest.approx(0.1)
    assert (table["test_accuracy_low"] <= table["test_accuracy"]).all()
    assert (table["test_accuracy"] <= table["test_accuracy_high"]).all()
    # Constant losses leave nothing to resample.
    np.testing.assert_allclose(table["test_loss_high"] - table["test_loss_low"], 0, atol=1e-12)


def test_ties_go_to_the_larger_ridge():
    assert best_row(path_table(), "test_accuracy") == 2


def test_what_is_not_known_never_wins_and_never_crashes():
    path = path_table().assign(loo_loss=[np.nan, 0.4, np.inf], gcv_loss=np.nan)
    assert best_row(path, "loo_loss") == 1
    assert best_row(path, "gcv_loss") is None
    squared, hits = np.full((3, 10), 0.2), np.ones((3, 10))
    table = select_ridges(
        path, squared, hits, np.ones((10, 1)), resamples=20, confidence=0.9, seed=0
    ).set_index("criterion")
    assert table.loc["gcv_loss"].isna().all()
    assert table.loc["loo_loss", "ridge"] == 1.0
    assert table.drop(index="gcv_loss").notna().all(axis=None)


def test_a_network_of_which_no_penalty_is_known_marks_none():
    scores = pd.DataFrame(
        {
            **{"level": 0, "network": ["a", "a", "b", "b"], "seed": 0, "penalty": [0.1, 1.0] * 2},
            "validation_loss": [np.nan, np.nan, 0.2, 0.2],
            "test_accuracy": [0.9, 0.9, np.nan, 0.5],
            "status": ["finished", "finished", "finished", "finished"],
        }
    )
    marked = mark_selected(scores, classification=True)
    assert marked["selected"].tolist() == [False, False, False, True]
    assert marked["selected_on_test"].tolist() == [False, True, False, True]


def test_levels_without_a_score_are_left_out_of_that_pair_only():
    levels = np.array([0.0, 1.0, 2.0])
    scores = {
        "a": np.array([0.9, 0.6, np.nan]),
        "b": np.array([0.8, 0.7, 0.6]),
        "c": np.array([0.7, 0.6, 0.65]),
    }
    replicates = {name: np.tile(curve, (5, 1)) for name, curve in scores.items()}
    table = phase_diagram(levels, scores, replicates, 0.95).set_index(["first", "second"])
    assert table.loc[("a", "b"), "crossing"] == pytest.approx(0.5)
    assert table.loc[("a", "b"), "ahead_after"] == "b"
    assert table.loc[("b", "c"), "crossing"] == pytest.approx(1 + 0.1 / 0.15)


def test_replicates_of_networks_resample_seeds_and_then_the_test_set():
    seeds = [np.array([0.5, 0.7]), np.array([]), np.array([0.9])]
    curve = network_curves({"net": seeds}, 400, 4000, seed=0)["net"]
    np.testing.assert_allclose(curve.scores, [0.6, np.nan, 0.9])
    variances = curve.replicates.var(axis=0)
    # Mean of two draws from two seeds: ±0.1 by chance one half, 0 else; then 400 hits.
    hits = (0.6 * 0.4 - 0.005) / 400
    assert variances[0] == pytest.approx(0.005 + hits, rel=0.1)
    assert variances[2] == pytest.approx(0.9 * 0.1 / 400, rel=0.1)
    assert np.isnan(variances[1])


def test_bootstrap_of_a_hit_rate_is_binomial_and_one_seed_pairs_methods():
    hits = np.zeros((2, 400))
    hits[:, :300] = 1
    means = resampled_means(hits, 4000, seed=1)
    np.testing.assert_array_equal(means[:, 0], means[:, 1])
    low, high = percentile_interval(means[:, 0], 0.95)
    expected = stats.binom(400, 0.75).ppf([0.025, 0.975]) / 400
    # Percentiles of 4000 replicates are off by about one hit of 400.
    np.testing.assert_allclose([low, high], expected, atol=1.5 / 400)


def test_crossing_is_interpolated_and_the_last_change_counts():
    levels = np.array([0.0, 1.0, 2.0, 4.0])
    assert crossing(levels, np.array([0.3, 0.1, -0.1, -0.2])) == pytest.approx(1.5)
    assert crossing(levels, np.array([-0.1, 0.1, 0.1, -0.1])) == pytest.approx(3.0)
    assert crossing(levels, np.array([0.1, 0.0, 0.0, -0.1])) == pytest.approx(2.0)
    assert np.isnan(crossing(levels, np.array([0.1, 0.0, 0.2, 0.1])))
    assert np.isnan(crossing(levels, np.zeros(4)))


def test_phase_diagram_finds_a_planted_crossing_within_its_interval():
    levels = np.linspace(0, 3, 7)
    rng = np.random.default_rng(3)
    truth = {"kernel": 0.9 - 0.1 * levels, "network": 0.85 - 0.05 * levels, "weak": levels * 0}
    scores = {name: rng.binomial(2000, curve) / 2000 for name, curve in truth.items()}
    resampled = {
        name: rng.binomial(2000, np.tile(curve, (500, 1))) / 2000 for name, curve in scores.items()
    }
    table = phase_diagram(levels, scores, resampled, 0.95).set_index(["first", "second"])
    planted = table.loc["kernel", "network"]
    assert planted["crossing_low"] < 1.0 < planted["crossing_high"]
    assert (planted["ahead_before"], planted["ahead_after"]) == ("kernel", "network")
    never = table.loc["kernel", "weak"]
    assert never["ahead_before"] == never["ahead_after"] == "kernel"
    assert never["crossing_share"] == 0
    assert np.isnan([never["crossing"], never["crossing_low"], never["crossing_high"]]).all()


def test_phase_diagram_of_one_method_is_an_empty_table_with_its_columns():
    table = phase_diagram(np.array([0.0]), {"a": np.ones(1)}, {"a": np.ones((5, 1))}, 0.9)
    assert table.empty
    assert "crossing_high" in table.columns


def test_effective_dimension_of_spiked_inputs_is_the_published_one():
    rng = np.random.default_rng(0)
    spike, rest, variance = 8, 56, 16.0
    x = rng.standard_normal((200_000, spike + rest))
    x[:, :spike] *= np.sqrt(variance)
    found = input_dimensions(x.reshape(-1, 8, 8))
    # The largest of 8 sample eigenvalues exceeds the true one by about 2 √(8/n) = 1.3 %.
    assert found["effective_dimension"] == pytest.approx(spike + rest / variance, rel=0.03)
    participation = (spike * variance + rest) ** 2 / (spike * variance**2 + rest)
    assert found["participation_ratio"] == pytest.approx(participation, rel=0.01)
    with pytest.raises(ValueError, match="all are equal"):
        input_dimensions(np.full((10, 8, 8), 0.1))


@pytest.mark.parametrize("factor", [1e-310, 1e-200, 1e200, 1e307])
def test_no_scale_changes_the_dimension_of_inputs(factor):
    x = np.random.default_rng(0).standard_normal((30, 4))
    expected, found = input_dimensions(x), input_dimensions(factor * x)
    assert found == pytest.approx(expected, rel=1e-12)
    assert input_dimensions(x * [1e200, 1, 1, 1])["effective_dimension"] == pytest.approx(1)


def test_inputs_of_which_there_are_none_have_no_dimension():
    with pytest.raises(InputError, match="fill no dimension"):
        input_dimensions(np.ones((0, 3)))


def test_rows_that_share_a_label_are_chosen_by_their_place():
    first = pd.DataFrame(
        {
            **{"level": 0, "network": "net", "status": "finished"},
            **{"seed": 0, "penalty": [0.1, 1.0], "test_loss": [0.2, 0.3]},
        }
    )
    second = first.assign(seed=1, test_loss=[0.5, 0.4])
    marked = mark_selected(pd.concat([first, second]), classification=False)
    assert marked["selected"].tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"ridge": [1.0], "loo_loss": [0.1]}, "no column 'test_loss'; it has ridge, loo_loss"),
        ({"test_loss": [0.1]}, "no column ridge or penalty to settle ties; it has test_loss"),
        ({}, "no column 'test_loss'; it has none"),
    ],
)
def test_tables_without_a_column_to_choose_by_are_refused(table, message):
    with pytest.raises(InputError, match=message):
        best_row(pd.DataFrame(table), "test_loss")


@pytest.mark.parametrize("confidence", [-1, 0, 95, np.nan])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    with pytest.raises(ValueError, match=r"confidence: .*; give a share between 0 and 1"):
        percentile_interval(np.arange(9.0), confidence)


@pytest.mark.parametrize(
    ("levels", "advantage", "message"),
    [
        ([0.0, 2.0, 1.0], [1.0, 0.5, -1.0], "do not increase; sort them"),
        ([0.0, 1.0], [1.0, 0.5, -1.0], r"advantage: shape \(3,\) does not fit 2 levels"),
    ],
)
def test_levels_of_a_crossing_increase(levels, advantage, message):
    with pytest.raises(ValueError, match=message):
        crossing(levels, advantage)
