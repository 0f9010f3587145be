"""Kernels and networks over noise levels: who leads where, and how wide the inputs are there."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.method_comparison import draw_comparison
from kernel_regime.figures.style import COLOURS, new_figure


def phase_diagram(curves: pd.DataFrame, crossings: pd.DataFrame, noise: str) -> Figure:
    """Error curves with their intervals above, crossings and effective dimension below.

    Parameters
    ----------
    curves : DataFrame
        `phase_curves`.
    crossings : DataFrame
        `phase_diagram`; pairs that do not cross are left out.
    noise : str
        What the noise level measures, for the horizontal axis.
    """
    found = crossings.dropna(subset="crossing")
    figure, (scores, pairs, dimension) = new_figure(
        3, 1, width=6.0, height=2.4, sharex=True, height_ratios=(6, 1 + len(found), 3)
    )
    draw_comparison(scores, curves)
    _draw_crossings(pairs, found)
    inputs = curves.drop_duplicates("level").sort_values("value")
    dimension.plot(inputs["value"], inputs["effective_dimension"], color=COLOURS[6], marker="o")
    dimension.set_ylabel("effective dim.\ntr Σ / ‖Σ‖")
    dimension.set_xlabel(noise)
    return figure


def _draw_crossings(ax: Axes, found: pd.DataFrame) -> None:
    """One line per pair: where the second overtakes the first, with its interval."""
    places = found[["crossing_low", "crossing", "crossing_high"]].to_numpy(float)
    for row, (low, middle, high) in enumerate(places):
        ax.plot([low, high], [row, row], color="0.5", linewidth=2)
        ax.plot(middle, row, "|", color="black", markersize=9)
    ax.set_yticks(range(len(found)), found["ahead_before"] + " → " + found["ahead_after"])
    ax.tick_params(axis="y", labelsize=8)
    ax.set_ylim(-0.6, len(found) - 0.4)
    ax.set_ylabel("crossings" if len(found) else "no crossings")
