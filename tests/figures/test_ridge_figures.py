"""Figures of ridge paths and phases draw what the tables hold."""

import numpy as np
import pandas as pd

from kernel_regime.figures.phase_diagram import noise_phase_diagram
from kernel_regime.figures.ridge_paths import ridge_paths

LEVELS = pd.DataFrame({"level": ["level_0", "level_1.5"], "value": [0.0, 1.5]})


def test_ridge_paths_draws_a_panel_per_level_and_kernel():
    rng = np.random.default_rng(0)
    losses = ("train_loss", "test_loss", "loo_loss", "gcv_loss")
    scores = pd.DataFrame(
        [
            {
                "level": level,
                "kernel": kernel,
                "ridge": ridge,
                **dict.fromkeys(losses, rng.random()),
            }
            for level in LEVELS["level"]
            for kernel in ("ntk", "nngp")
            for ridge in (0.0, 0.1, 1.0)
        ]
    )
    selection = scores.iloc[[1, 5]].assign(criterion="loo_loss")
    figure = ridge_paths(scores, selection, LEVELS, "κ (more is clearer)")
    assert [ax.get_title() for ax in figure.axes] == [
        *("NTK, κ = 0", "NNGP, κ = 0"),
        *("NTK, κ = 1.5", "NNGP, κ = 1.5"),
    ]
    # A logarithmic axis has no place for ridge 0.
    assert {len(line.get_xdata()) for line in figure.axes[0].lines} <= {0, 1, 2}
    figure.canvas.draw()
    alone = ridge_paths(scores[scores["ridge"] == 0], selection, LEVELS, "κ")
    alone.canvas.draw()  # nothing to draw, and nothing to fail on


def test_phase_diagram_draws_methods_dimension_and_the_crossings_there_are():
    curves = pd.DataFrame(
        [
            {
                **{"level": level, "value": value, "method": method, "family": family},
                **{"metric": "test_accuracy", "score": 0.9, "score_low": 0.8, "score_high": 0.95},
                "effective_dimension": 10.0 + value,
            }
            for method, family in (("ntk", "kernel"), ("net", "network"), ("linear", "kernel"))
            for level, value in LEVELS.itertuples(index=False)
        ]
    )
    crossings = pd.DataFrame(
        {
            "first": ["ntk", "ntk"],
            "second": ["net", "linear"],
            "ahead_before": ["ntk", "ntk"],
            "ahead_after": ["net", "ntk"],
            "crossing": [1.0, np.nan],
            "crossing_low": [0.7, np.nan],
            "crossing_high": [1.2, np.nan],
        }
    )
    figure = noise_phase_diagram(curves, crossings, "κ")
    _, pairs, dimension = figure.axes
    assert [label.get_text() for label in pairs.get_yticklabels()] == ["NTK → net"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"NTK", "net", "linear"}
    np.testing.assert_array_equal(dimension.lines[0].get_ydata(), [10.0, 11.5])
    assert dimension.get_xlabel() == "κ"
    figure.canvas.draw()
