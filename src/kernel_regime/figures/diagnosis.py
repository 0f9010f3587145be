"""Diagnosis of one network: its measures beside the thresholds, and scores beside its own."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, new_figure, tidy_log_ticks

_MEASURES = {"drift": "NTK drift", "gap": "distance from\nthe linearisation"}
_SCORED = {
    "network": "network",
    "linearised": "its linearisation",
    "before_kernel": "kernel before training",
    "after_kernel": "kernel after training",
}


def regime_diagnosis(table: pd.DataFrame, kernel_below: float, features_above: float) -> Figure:
    """Drift and gap of a network beside the thresholds of the verdict; test accuracy, or loss, of
    the network and of kernel regressions before and after training.

    Parameters
    ----------
    table : DataFrame
        `mean`, `low`, `high` by measure; those it lacks are left out.
    kernel_below, features_above : float
        The thresholds.
    """
    figure, (measures, scores) = new_figure(1, 2, width=4.2, height=3.0)
    shown = [name for name in _MEASURES if name in table.index]
    _draw_rows(measures, table.loc[shown], [_MEASURES[name] for name in shown])
    measures.set_xscale("log")
    means = table.loc[shown, "mean"].clip(lower=kernel_below / 100)
    measures.set_xlim(min(kernel_below, means.min()) / 3, 3 * max(features_above, means.max()))
    for limit, text, side in ((kernel_below, "kernel regime ", "right"),
                              (features_above, " feature learning", "left")):  # fmt: skip
        measures.axvline(limit, color="0.4", linestyle=":", linewidth=1)
        measures.text(limit, len(shown) - 0.45, text, ha=side, fontsize=8, color="0.3")
    classes = "network_loss" not in table.index
    score = "accuracy" if classes else "loss"
    names = [name for name in _SCORED if f"{name}_{score}" in table.index]
    rows = table.loc[[f"{name}_{score}" for name in names]]
    _draw_rows(scores, rows, [_SCORED[name] for name in names])
    scores.set_xlabel(f"test {score}")
    tidy_log_ticks(figure)
    return figure


def _draw_rows(ax: Axes, rows: pd.DataFrame, labels: list[str]) -> None:
    """A point with its interval per row, the first on top; intervals without end are left out."""
    places = np.arange(len(rows))[::-1]
    low, high = (rows["mean"] - rows["low"], rows["high"] - rows["mean"])
    errors = [side.replace(np.inf, 0) for side in (low.clip(upper=0.999 * rows["mean"]), high)]
    ax.errorbar(rows["mean"], places, xerr=errors, fmt="o", color=COLOURS[0], capsize=3)
    ax.set_yticks(places, labels, fontsize=8)
    ax.set_ylim(-0.6, len(rows) - 0.2)
