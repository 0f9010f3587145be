"""The first sentences of a report follow from its tables."""

import numpy as np
import pandas as pd

from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.reporting.answer import answer
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.views import scores_table

NOISE = NoiseParameters(kind="high_frequency", levels=[{"value": 2}], seed=0)
FAMILY = {"ntk": "kernel", "nngp": "kernel", "mean_field": "network"}


def run(by_method, metric="test_accuracy", half_width=0.0, crossing=np.nan, verdicts=()):
    """A run with these scores at levels 0, 1, …, for methods known by family."""
    rows = [
        {"value": float(value), "method": method, "family": FAMILY[method], "metric": metric,
         "score": score, "score_low": score - half_width, "score_high": score + half_width}
        for method, curve in by_method.items() for value, score in enumerate(curve)
    ]  # fmt: skip
    pair = {"first": "ntk", "second": "mean_field", "ahead_before": "ntk",
            "ahead_after": "mean_field", "crossing": crossing, "crossing_low": 0.1,
            "crossing_high": 1.5}  # fmt: skip
    verdicts = pd.DataFrame({"network": "mean_field", "verdict": list(verdicts)})
    tables = {"phase_curves": pd.DataFrame(rows), "phase_diagram": pd.DataFrame([pair]),
              "regime": verdicts}  # fmt: skip
    return ReportedRun({"noise": NOISE}, tables, "trial data")


def test_the_headline_names_the_leaders_level_by_level():
    found = answer(run({"ntk": [0.9, 0.8, 0.7], "mean_field": [0.8, 0.85, 0.75]}))
    assert found.headline == (
        "Lowest test error: NTK at 0; mean-field network at 1 and 2 (noise-to-signal ratio τ)."
    )


def test_methods_that_are_level_share_the_lead():
    found = answer(run({"ntk": [0.9, 0.6], "nngp": [0.9, 0.5], "mean_field": [0.8, 0.7]}))
    assert found.headline.startswith("Lowest test error: NTK and NNGP at 0; mean-field network at")


def test_of_losses_the_smaller_one_leads():
    found = answer(run({"ntk": [0.1, 0.4], "mean_field": [0.2, 0.3]}, metric="test_loss"))
    assert "test loss: NTK at 0; mean-field network at 1" in found.headline


def test_an_interval_that_ends_at_no_error_says_zero():
    points = answer(run({"ntk": [0.86], "mean_field": [0.8]}, half_width=0.14 + 2e-16)).points
    assert any("NTK 14 (0–28)" in point for point in points)


def test_an_overlap_of_intervals_is_said():
    curves = {"ntk": [0.9, 0.8], "mean_field": [0.88, 0.5]}
    (line,) = (p for p in answer(run(curves, half_width=0.02)).points if "overlap" in p)
    assert line.endswith("at noise-to-signal ratio τ = 0.")
    assert not any("overlap" in p for p in answer(run(curves, half_width=0.005)).points)


def test_network_and_kernel_are_compared_at_both_ends():
    points = answer(run({"ntk": [0.9, 0.5], "mean_field": [0.8, 0.75]}, half_width=0.01)).points
    assert any("mean-field network 20 (19–21)\u00a0%; NTK 10 (9–11)" in p for p in points)
    assert any("mean-field network 25 (24–26)\u00a0%; NTK 50 (49–51)" in p for p in points)


def test_overtakings_and_verdicts_are_listed():
    curves = {"ntk": [0.9, 0.5], "mean_field": [0.8, 0.75]}
    points = answer(run(curves, crossing=0.5, verdicts=["undecided", "feature learning"])).points
    assert "Mean-field network overtakes NTK at noise-to-signal ratio τ = 0.5 (0.1–1.5)." in points
    assert points[-1] == ("Mean-field network: undecided at 1, feature learning at 1 of 2 levels.")
    assert not any("overtakes" in p for p in answer(run(curves)).points)


def test_the_table_of_scores_has_errors_in_percent_and_a_blank_where_there_is_none():
    given = run({"ntk": [0.9, 0.5], "mean_field": [0.8]}, half_width=0.05)
    table = scores_table.shown(given).set_index("test error in\u00a0%, by noise-to-signal ratio τ")
    assert table.loc["NTK"].tolist() == ["10 (5–15)", "50 (45–55)"]
    assert table.loc["mean-field network"].tolist() == ["20 (15–25)", ""]
