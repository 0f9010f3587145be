"""One look for every figure: size, colours, grid, and how methods are told apart."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito (2008): distinguishable to colour-blind readers, and in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DPI = 150


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 4.8, height: float = 3.6, **subplots: Any
) -> tuple[Figure, list[Axes]]:
    """A figure of `rows` × `columns` panels, each `width` × `height` inches.

    Built without pyplot, so that figures never pile up in global state. The axes come row by
    row in one list; further keywords go to `Figure.subplots`.
    """
    figure = Figure(figsize=(width * columns, height * rows), dpi=DPI, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **subplots).ravel().tolist()
    for ax in axes:
        ax.grid(True, alpha=0.25, linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def noise_titles(noise_levels: pd.DataFrame) -> dict[str, str]:
    """Title of a panel by its level, by growing noise, from the table `noise_levels`."""
    ordered = noise_levels.sort_values("value")
    levels, values = ordered["level"].tolist(), ordered["value"]
    return {level: f"noise {value:.3g}" for level, value in zip(levels, values, strict=True)}


def levels_of(table: pd.DataFrame, noise_levels: pd.DataFrame) -> list[str]:
    """Levels that a table has rows for, by growing noise."""
    ordered = noise_levels.sort_values("value")["level"]
    return ordered[ordered.isin(table["level"])].tolist()


def line_styles(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of every name, the same wherever the same names are drawn."""
    return {
        name: {
            "color": COLOURS[index % len(COLOURS)],
            "marker": MARKERS[index % len(MARKERS)],
            "markersize": 4,
            "linewidth": 1.4,
        }
        for index, name in enumerate(sorted(set(names)))
    }
