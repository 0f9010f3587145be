"""Regimes: where each network stands between the kernel regime and feature learning."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import empty_figure, legend_below, new_figure, tidy_log_ticks

_LABELS = {
    "drift": r"NTK drift $\|K_T - K_0\| / \|K_0\|$",
    "gap": "distance from the linearisation",
}


@register_figure("regime")
def regimes(regime: pd.DataFrame, noise_levels: pd.DataFrame, noise: str) -> Figure:
    """Drift of each network's tangent kernel in training, and distance of the trained network from
    its linearisation, over the noise levels; a verdict takes intervals over seeds that lie wholly
    on one side of the dotted thresholds.

    Parameters
    ----------
    regime : DataFrame
        `level`, `network`, `drift`, `gap` and their intervals, and the thresholds
        `kernel_below` and `features_above` of the verdict.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures, for the horizontal axes.
    """
    if regime.empty:
        return empty_figure("no verdict: every training diverged, or none was on the square loss")
    figure, axes = new_figure(1, 2)
    rows = regime.merge(noise_levels).sort_values("value")
    for ax, measure in zip(axes, _LABELS, strict=True):
        _draw_measure(ax, rows, measure)
        _draw_thresholds(ax, rows, measure)
        ax.set_xlabel(noise)
        ax.set_ylabel(_LABELS[measure])
    legend_below(figure, axes[0])
    tidy_log_ticks(figure)
    return figure


def _draw_measure(ax: Axes, rows: pd.DataFrame, measure: str) -> None:
    """One measure of every network with its interval over seeds."""
    styles = line_styles(rows["network"])
    for network, own in rows.groupby("network"):
        high = (own[f"{measure}_high"] - own[measure]).replace(np.inf, 0)
        low = high.clip(upper=0.999 * own[measure])
        name, style = method_name(str(network)), styles[str(network)]
        ax.errorbar(own["value"], own[measure], [low, high], label=name, **style)


def _draw_thresholds(ax: Axes, rows: pd.DataFrame, measure: str) -> None:
    """Where the kernel regime ends and feature learning starts, said on the lines themselves."""
    below, above = (float(rows[name].max()) for name in ("kernel_below", "features_above"))
    for height, text, side in ((below, "kernel regime below", "top"),
                               (above, "feature learning above", "bottom")):  # fmt: skip
        ax.axhline(height, color="0.4", linestyle=":", linewidth=1)
        ax.text(
            1, height, text, transform=ax.get_yaxis_transform(), ha="right", va=side, fontsize=8,
            color="0.3", bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
        )  # fmt: skip
    values = np.append(rows[measure].to_numpy(float), [below, above])
    values = values[np.isfinite(values)]
    ax.set_yscale("log")
    ax.set_ylim(max(values.min(), 1e-5) / 2, values.max() * 3)
