"""Noise phase diagram: who leads where, and how wide the inputs are there."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.comparison import draw_comparison
from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import COLOURS, legend_below, new_figure


@register_figure("phase")
def noise_phase_diagram(
    phase_curves: pd.DataFrame, phase_diagram: pd.DataFrame, noise: str
) -> Figure:
    """Test error, or loss, above; below, where one method overtakes another, with its interval,
    and the effective dimension of the inputs.

    Parameters
    ----------
    phase_curves : DataFrame
        As `method_comparison` takes it, with `effective_dimension`.
    phase_diagram : DataFrame
        `ahead_before`, `ahead_after`, `crossing` and its interval; pairs that do not cross are
        left out.
    noise : str
        What the noise level measures, for the horizontal axis.
    """
    found = phase_diagram.dropna(subset="crossing")
    heights = (6, 1 + 0.6 * len(found), 3)
    figure, (scores, pairs, dimension) = new_figure(
        3, 1, width=6.4, height=0.8 * sum(heights) / 3, sharex=True, height_ratios=heights
    )
    draw_comparison(scores, phase_curves)
    _draw_crossings(pairs, found)
    inputs = phase_curves.drop_duplicates("level").sort_values("value")
    dimension.plot(inputs["value"], inputs["effective_dimension"], color=COLOURS[6], marker="o")
    dimension.set_ylabel("effective dimension\n" + r"$\mathrm{tr}\,\Sigma/\|\Sigma\|$", fontsize=8)
    dimension.set_xlabel(noise)
    legend_below(figure, scores)
    return figure


def _draw_crossings(ax: Axes, found: pd.DataFrame) -> None:
    """One line per pair: where the second overtakes the first, with its interval."""
    places = found[["crossing_low", "crossing", "crossing_high"]].to_numpy(float)
    for row, (low, middle, high) in enumerate(places):
        ax.plot([low, high], [row, row], color="0.5", linewidth=2)
        ax.plot(middle, row, "|", color="black", markersize=9)
    before, after = (found[side].map(method_name) for side in ("ahead_before", "ahead_after"))
    ax.set_yticks(range(len(found)), before + " → " + after)
    ax.tick_params(axis="y", labelsize=8)
    ax.set_ylim(-0.6, max(len(found), 1) - 0.4)
    ax.set_ylabel("crossings" if len(found) else "no crossings", fontsize=8)
