"""Kernels and networks over noise levels: who leads where, and how wide the inputs are there."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, line_styles, new_figure

LABELS = {"test_accuracy": "test accuracy", "test_loss": "test loss"}


def phase_diagram(curves: pd.DataFrame, crossings: pd.DataFrame) -> Figure:
    """Score curves with their intervals above, crossings and effective dimension below.

    Parameters
    ----------
    curves : DataFrame
        `phase_curves`.
    crossings : DataFrame
        `phase_diagram`; pairs that do not cross are left out.
    """
    figure, (scores, dimension) = new_figure(
        2, 1, width=5.6, height=3.0, sharex=True, height_ratios=(2, 1)
    )
    styles = line_styles(curves["method"])
    for method, curve in curves.groupby("method", sort=False):
        style = styles[str(method)]
        line = "-" if curve["family"].iloc[0] == "kernel" else "--"
        scores.plot(curve["value"], curve["score"], line, label=method, **style)
        scores.fill_between(
            curve["value"],
            curve["score_low"],
            curve["score_high"],
            color=style["color"],
            alpha=0.15,
            linewidth=0,
        )
    scores.set_ylabel(LABELS[curves["metric"].iloc[0]])
    scores.legend(fontsize=8, frameon=False)
    _mark_crossings(scores, crossings)
    inputs = curves.drop_duplicates("level")
    dimension.plot(inputs["value"], inputs["effective_dimension"], color=COLOURS[6], marker="o")
    dimension.set_ylabel("effective dim.\ntr Σ / ‖Σ‖")
    dimension.set_xlabel("noise level")
    return figure


def _mark_crossings(ax: Axes, crossings: pd.DataFrame) -> None:
    """A bar over the interval of every crossing, stacked from the bottom, named after the pair."""
    found = crossings.dropna(subset="crossing")
    places = found[["crossing_low", "crossing", "crossing_high"]].to_numpy(float)
    names = found["ahead_before"] + " → " + found["ahead_after"]
    transform = ax.get_xaxis_transform()
    for row, ((low, middle, high), name) in enumerate(zip(places, names, strict=True)):
        height = 0.04 + 0.06 * row
        ax.plot([low, high], [height, height], color="0.4", linewidth=1.5, transform=transform)
        ax.plot(middle, height, "|", color="black", markersize=8, transform=transform)
        ax.annotate(
            f" {name}", (high, height), xycoords=transform, fontsize=6, verticalalignment="center"
        )
