"""The figure of feature machines: overlaps, losses over that of iteration 0, and metrics."""

import numpy as np
import pandas as pd

from kernel_regime.figures.feature_machines import feature_machine_iterations
from tests.figures.reading import reason

LEVELS = pd.DataFrame({"level": ["level_2", "level_0"], "value": [2.0, 0.0]})


def scores(**columns):
    rows = {
        "level": np.repeat(["level_0", "level_2"], 3),
        "machine": "laplace_machine",
        "iteration": [0, 1, 2] * 2,
        "test_loss": [1.0, 0.5, 0.6, 2.0, 1.0, 0.5],
        "overlap_before": [np.nan, np.nan, 0.9] * 2,
        "overlap_signal": np.nan,
        "directions": 3,
        "chance": 0.25,
        "selected": [False, True, False, False, False, True],
    }
    return pd.DataFrame(rows | columns)


def diagonals(shape):
    row, column = np.indices(shape)
    parts = [
        pd.DataFrame({"level": level, "row": row.ravel(), "column": column.ravel()})
        for level in LEVELS["level"]
    ]
    return pd.concat(parts).assign(machine="laplace_machine", weight=0.5)


def test_losses_are_relative_to_plain_regression_and_the_selected_iteration_is_circled():
    figure = feature_machine_iterations(scores(), diagonals((2, 2)), LEVELS, "ratio τ")
    overlaps, losses, *metrics = figure.axes
    drawn = [line.get_ydata() for line in losses.lines]
    np.testing.assert_allclose(drawn[0], [1, 0.5, 0.6])
    np.testing.assert_allclose(drawn[1], [0.5])
    np.testing.assert_allclose(drawn[3], [0.25])
    assert "the iteration before" in overlaps.get_ylabel()
    assert [ax.get_title() for ax in metrics] == ["metric at ratio τ = 0", "metric at ratio τ = 2"]
    assert metrics[0].images[0].get_array().shape == (2, 2)
    figure.canvas.draw()


def test_where_a_signal_is_known_the_overlap_is_with_it_and_vectors_are_a_line():
    known = scores(overlap_signal=[0.25, 0.5, 0.9] * 2)
    figure = feature_machine_iterations(known, diagonals((1, 8)), LEVELS, "κ")
    overlaps, _, metric, _ = figure.axes
    np.testing.assert_allclose(overlaps.lines[0].get_ydata(), [0.25, 0.5, 0.9])
    assert "the signal" in overlaps.get_ylabel()
    np.testing.assert_allclose(metric.lines[0].get_ydata(), np.full(8, 0.5))


def test_a_run_without_machines_says_so():
    figure = feature_machine_iterations(scores().head(0), diagonals((1, 1)), LEVELS, "κ")
    assert "name none" in reason(figure)
