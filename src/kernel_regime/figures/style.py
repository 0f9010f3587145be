"""One look for every figure: size, colours, grid, and how methods are told apart."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from kernel_regime.core.types import Arguments

# Okabe and Ito (2008): distinguishable to colour-blind readers, and in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DPI = 150

Shared = bool | Literal["row", "col"]
"""Whether plots share an axis: all, or those of one row or column."""


def new_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 4.8,
    height: float = 3.6,
    sharex: Shared = False,
    sharey: Shared = False,
    height_ratios: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure of `rows` × `columns` plots, each `width` × `height` inches.

    Built without pyplot, so that figures never pile up in global state. The axes come row by
    row in one list; further keywords are those of `Figure.subplots`.
    """
    figure = Figure(figsize=(width * columns, height * rows), dpi=DPI, layout="constrained")
    grid = figure.subplots(
        rows, columns, squeeze=False, sharex=sharex, sharey=sharey, height_ratios=height_ratios
    )
    axes: list[Axes] = grid.ravel().tolist()
    for ax in axes:
        ax.grid(True, alpha=0.25, linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def empty_figure(reason: str) -> Figure:
    """Figure of a run that has nothing to draw: in place of plots the reason, without axes.

    Examples
    --------
    >>> empty_figure("no network was trained").texts[0].get_text()
    'no network was trained'
    """
    figure = Figure(figsize=(4.8, 1.6), dpi=DPI)
    lines = textwrap.fill(reason, 40)
    figure.text(0.5, 0.5, lines, ha="center", va="center", color="0.3")
    return figure


def quantity(noise: str) -> str:
    """What the noise level measures, without the remark in brackets.

    Examples
    --------
    >>> quantity("cut-off t (coefficients replaced per axis)")
    'cut-off t'
    """
    return noise.partition(" (")[0]


def noise_titles(noise_levels: pd.DataFrame, noise: str) -> dict[str, str]:
    """Title of a plot by its level, by growing noise.

    Parameters
    ----------
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.

    Examples
    --------
    >>> noise_titles(pd.DataFrame({"level": ["level_2"], "value": [2.0]}), "ratio τ")
    {'level_2': 'ratio τ = 2'}
    """
    ordered = noise_levels.sort_values("value")
    name = quantity(noise)
    return {
        str(level): name if name == "no noise" else f"{name} = {value:.3g}"
        for level, value in ordered[["level", "value"]].itertuples(index=False)
    }


def set_title(ax: Axes, text: str, width: int = 36) -> None:
    """Title of a plot, on as many lines as it takes not to be clipped; no line ends in "="."""
    lines = textwrap.wrap(text.replace(" = ", "\u00a0=\u00a0"), width)
    ax.set_title("\n".join(lines).replace("\u00a0", " "), fontsize=9)


def legend_below(figure: Figure, lines: Iterable[Artist] | Axes, columns: int = 4) -> None:
    """Legend below all plots, where it hides no data: of these lines, or of those of a plot."""
    handles = lines.get_legend_handles_labels()[0] if isinstance(lines, Axes) else list(lines)
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(columns, len(handles)),
            frameon=False,
            fontsize=8,
        )


def legend_under(ax: Axes) -> None:
    """Legend under one plot, for plots whose lines differ in what they say."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False, fontsize=8)


def fitted_slope(means: "pd.Series[float]") -> tuple[float, float]:
    """Slope and offset of the logarithm of a series over that of its index.

    Examples
    --------
    >>> slope, _ = fitted_slope(pd.Series([1.0, 0.5, 0.25], index=[1, 4, 16]))
    >>> round(slope, 6)
    -0.5
    """
    x, y = np.log(means.index.to_numpy(float)), np.log(means.to_numpy(float))
    slope, offset = np.polyfit(x, y, 1)
    return float(slope), float(offset)


def key(label: str, **style: object) -> Line2D:
    """A line that stands in a legend for all lines of its colour, dashes or marker."""
    look: Arguments = {"color": "0.3", "linewidth": style.pop("lw", 1.3)} | style
    return Line2D([], [], label=label, **look)


def mark_values(ax: Axes, values: Iterable[float]) -> None:
    """Ticks at the values themselves, where they are few enough for all to be labelled."""
    marks = sorted(set(values))
    if len(marks) <= 5:
        ax.set_xticks(marks, [f"{mark:g}" for mark in marks])
        ax.set_xticks([], minor=True)


def tidy_log_ticks(figure: Figure) -> None:
    """On logarithmic axes, labels that do not overlap: decades, or 1, 2, 5 within two of them, or
    evenly spaced ones within less than one. Where nothing drawn is positive, the axis is linear:
    Matplotlib cannot save it otherwise."""
    for ax in figure.axes:
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            if axis.get_scale() == "log" and not np.isfinite(axis.get_minpos()):
                ax.set(**{f"{name}scale": "linear"})
            if axis.get_scale() != "log":
                continue
            low, high = sorted(axis.get_view_interval())
            if high < 4 * low:
                axis.set_major_locator(MaxNLocator(4))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            elif high < 100 * low:
                axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())


def levels_of(table: pd.DataFrame, noise_levels: pd.DataFrame) -> list[str]:
    """Levels that a table has rows for, by growing noise."""
    ordered = noise_levels.sort_values("value")["level"]
    return [str(level) for level in ordered[ordered.isin(table["level"])]]
