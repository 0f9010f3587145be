"""Laziness: drift, gap and test error over the scale α of a network's outputs."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from kernel_regime.figures.style import legend_below, new_figure, tidy_log_ticks

_LABELS = {
    "drift": r"NTK drift $\|K_T - K_0\| / \|K_0\|$",
    "gap": "distance from the linearisation",
}


def laziness_dial(
    verdicts: pd.DataFrame, by: str, label: str, kernel_below: float, features_above: float
) -> Figure:
    """Drift of the tangent kernel, distance from the linearisation, and test loss of networks over
    the scale α of their outputs; crosses on the right are kernel regression under K₀.

    Parameters
    ----------
    verdicts : DataFrame
        Of `judge_laziness`, and a column `by`.
    by : str
        What the lines differ in: `width`, or a noise level.
    label : str
        What `by` is called.
    kernel_below, features_above : float
        Thresholds of the verdict.
    """
    figure, axes = new_figure(1, 3, width=3.6, height=3.2)
    values = sorted(verdicts[by].unique())
    colours = [colormaps["viridis"](place) for place in np.linspace(0, 0.9, len(values))]
    for value, colour in zip(values, colours, strict=True):
        rows = verdicts[verdicts[by] == value].sort_values("alpha")
        for ax, measure in zip(axes, (*_LABELS, "test_loss"), strict=True):
            high = (rows[f"{measure}_high"] - rows[measure]).replace(np.inf, 0)
            low = high.clip(upper=0.999 * rows[measure])
            ax.errorbar(
                rows["alpha"], rows[measure], [low, high], marker="o", markersize=3,
                color=colour, linewidth=1.2, label=f"{label} = {value:g}",
            )  # fmt: skip
        last = rows.iloc[-1]
        axes[2].plot(2 * last["alpha"], last["kernel_loss"], "x", color=colour)
    for ax, text in zip(axes, (*_LABELS.values(), "test loss"), strict=True):
        ax.set(xscale="log", xlabel="scale α (larger: lazier)", ylabel=text)
    for ax, measure in zip(axes, _LABELS, strict=False):
        ax.set_yscale("log")
        ax.set_ylim(bottom=verdicts[measure].min() / 3)  # intervals may reach down to nothing
        for limit in (kernel_below, features_above):
            ax.axhline(limit, color="0.4", linestyle=":", linewidth=1)
    legend_below(figure, axes[0])
    tidy_log_ticks(figure)
    return figure
