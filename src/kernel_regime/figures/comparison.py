"""Comparison of methods: test error against noise level."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import legend_below, new_figure

_LABELS = {"test_accuracy": "test error (%)", "test_loss": "test squared loss"}
_DASHES = {"network": "-", "kernel": "--", "feature machine": "-."}


@register_figure("comparison")
def method_comparison(phase_curves: pd.DataFrame, noise: str) -> Figure:
    """Test error of every method over the noise levels, or test loss of a regression; networks
    solid, kernels dashed, feature machines dash-dotted, shaded areas bootstrap intervals.

    Parameters
    ----------
    phase_curves : DataFrame
        `value`, `method`, `family` (kernel, feature machine or network), `metric`, `score`,
        `score_low`, `score_high`; accuracies are drawn as errors in percent, losses as they are.
    noise : str
        What the noise level measures, for the horizontal axis.
    """
    figure, (ax,) = new_figure(width=5.6, height=4.4)
    draw_comparison(ax, phase_curves)
    ax.set_xlabel(noise)
    legend_below(figure, ax, columns=3)
    return figure


def draw_comparison(ax: Axes, phase_curves: pd.DataFrame) -> None:
    """Error curves with their intervals; by family of methods."""
    metric = phase_curves["metric"].iloc[0]
    styles = line_styles(phase_curves["method"])
    for method, curve in phase_curves.sort_values("value").groupby("method"):
        low, score, high = (_error(curve[c], metric) for c in ("score_low", "score", "score_high"))
        dashes = _DASHES[curve["family"].iloc[0]]
        style = styles[str(method)]
        ax.plot(curve["value"], score, linestyle=dashes, label=method_name(str(method)), **style)
        ax.fill_between(curve["value"], low, high, color=style["color"], alpha=0.12, linewidth=0)
    ax.set_ylabel(_LABELS[metric])


def _error(score: pd.Series, metric: str) -> pd.Series:
    return 100 * (1 - score) if metric == "test_accuracy" else score
