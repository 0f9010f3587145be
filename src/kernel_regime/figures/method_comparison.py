"""Test error against noise level, every method in one panel."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.style import line_styles, new_figure

_LABELS = {"test_accuracy": "test error (%)", "test_loss": "test squared loss"}


def method_comparison(curves: pd.DataFrame, noise: str) -> Figure:
    """Error of every method over the noise levels, with its interval.

    Parameters
    ----------
    curves : DataFrame
        `value`, `method`, `family` (kernel or network), `metric`, `score`, `score_low`,
        `score_high`; accuracies are drawn as errors in percent, losses as they are.
    noise : str
        What the noise level measures, for the horizontal axis.
    """
    figure, (ax,) = new_figure(width=5.6, height=4.0)
    draw_comparison(ax, curves)
    ax.set_xlabel(noise)
    return figure


def draw_comparison(ax: Axes, curves: pd.DataFrame) -> None:
    """Error curves with their intervals; networks solid, kernels dashed."""
    metric = curves["metric"].iloc[0]
    styles = line_styles(curves["method"])
    for method, curve in curves.sort_values("value").groupby("method"):
        low, score, high = (_error(curve[c], metric) for c in ("score_low", "score", "score_high"))
        dashes = "-" if curve["family"].iloc[0] == "network" else "--"
        style = styles[str(method)]
        ax.plot(curve["value"], score, linestyle=dashes, label=str(method), **style)
        ax.fill_between(curve["value"], low, high, color=style["color"], alpha=0.12, linewidth=0)
    ax.set_ylabel(_LABELS[metric])
    ax.legend(frameon=False, fontsize=8, title="network —   kernel - -", title_fontsize=8)


def _error(score: pd.Series, metric: str) -> pd.Series:
    return 100 * (1 - score) if metric == "test_accuracy" else score
