"""Recursive feature machines: how metrics turn, what that buys, and which features they weigh."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    empty_figure,
    legend_below,
    levels_of,
    new_figure,
    noise_titles,
    set_title,
)

_MOST_LEVELS = 3  # whose diagonals are shown


@register_figure("feature_machines")
def feature_machine_iterations(
    feature_machine_scores: pd.DataFrame,
    feature_machine_diagonals: pd.DataFrame,
    noise_levels: pd.DataFrame,
    noise: str,
) -> Figure:
    """Recursive feature machines over their iterations: overlap of the metric's top directions with
    the signal, or with those of the iteration before, and test loss relative to plain kernel
    regression, iteration 0; and the metric's diagonal at the last iteration.

    Parameters
    ----------
    feature_machine_scores : DataFrame
        `level`, `machine`, `iteration`, `test_loss`, `overlap_before`, `overlap_signal`,
        `directions`, `chance`, `selected`.
    feature_machine_diagonals : DataFrame
        `level`, `machine`, `row`, `column`, `weight`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    if feature_machine_scores.empty:
        return empty_figure("no feature machine: the parameters name none")
    machines = list(feature_machine_scores["machine"].unique())
    levels = levels_of(feature_machine_scores, noise_levels)
    titles = noise_titles(noise_levels, noise)
    shown = [levels[k] for k in _spread(len(levels))]
    columns = 2 + len(shown)
    figure, axes = new_figure(len(machines), columns, width=2.9, height=2.9)
    for row, machine in enumerate(machines):
        overlaps, losses, *diagonals = axes[row * columns : (row + 1) * columns]
        own = feature_machine_scores[feature_machine_scores["machine"] == machine]
        _draw_overlaps(overlaps, own, levels, titles)
        _draw_losses(losses, own, levels)
        set_title(overlaps, method_name(machine))
        table = feature_machine_diagonals[feature_machine_diagonals["machine"] == machine]
        for ax, level in zip(diagonals, shown, strict=True):
            _draw_diagonal(ax, table[table["level"] == level])
            set_title(ax, f"metric at {titles[level]}", 24)
    legend_below(figure, axes[0], columns=5)
    return figure


def _spread(count: int) -> list[int]:
    """At most so many places, the first and the last among them."""
    return sorted(
        set(np.linspace(0, count - 1, min(count, _MOST_LEVELS)).round().astype(int).tolist())
    )


def _colours(levels: list[str]) -> list[tuple[float, ...]]:
    """From dark to light as noise grows."""
    from matplotlib import colormaps

    return [colormaps["viridis"](place) for place in np.linspace(0, 0.9, len(levels))]


def _draw_overlaps(
    ax: Axes, table: pd.DataFrame, levels: list[str], titles: dict[str, str]
) -> None:
    """A line per level, and what chance gives."""
    signal = bool(table["overlap_signal"].notna().any())
    measure = "overlap_signal" if signal else "overlap_before"
    for level, colour in zip(levels, _colours(levels), strict=True):
        rows = table[table["level"] == level]
        ax.plot(
            rows["iteration"],
            rows[measure],
            "o-",
            markersize=3,
            color=colour,
            lw=1.2,
            label=titles[level],
        )
    ax.axhline(float(table["chance"].iloc[0]), color="0.4", linestyle=":", linewidth=1)
    of = "the signal" if signal else "the iteration before"
    ax.set(xlabel="iteration", xlim=(0, table["iteration"].max() + 0.2), ylim=(0, 1.03))
    ax.set_ylabel(
        f"overlap of the top {table['directions'].iloc[0]}\ndirections with {of}", fontsize=8
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_losses(ax: Axes, table: pd.DataFrame, levels: list[str]) -> None:
    """Test loss over that of iteration 0; the selected iteration is circled."""
    for level, colour in zip(levels, _colours(levels), strict=True):
        rows = table[table["level"] == level].sort_values("iteration")
        ratio = rows["test_loss"] / rows["test_loss"].iloc[0]
        ax.plot(rows["iteration"], ratio, "o-", markersize=3, color=colour, lw=1.2)
        chosen = rows["selected"].to_numpy(bool)
        ax.plot(
            rows["iteration"][chosen],
            ratio[chosen],
            "o",
            markersize=8,
            color=colour,
            fillstyle="none",
        )
    ax.axhline(1, color="0.4", linestyle=":", linewidth=1)
    ax.set_xlabel("iteration")
    ax.set_ylabel("test loss over that of\nplain kernel regression", fontsize=8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_diagonal(ax: Axes, table: pd.DataFrame) -> None:
    """An image of the weights, or one line of them for vectors."""
    pixels = table.pivot(index="row", columns="column", values="weight").to_numpy(float)
    if len(pixels) > 1:
        ax.imshow(pixels, cmap="magma", vmin=0)
        ax.set_axis_off()
        return
    ax.plot(pixels[0], linewidth=0.8)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("feature")
