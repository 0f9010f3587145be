"""Map of laziness: drift, gap, test error and verdict over scale and width."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from kernel_regime.core.arrays import Array
from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    empty_figure,
    key,
    legend_below,
    levels_of,
    new_figure,
    noise_titles,
)

_VERDICTS = {"kernel regime": "K", "feature learning": "F", "undecided": "?"}
_MEASURES = {"drift": "NTK drift", "gap": "distance from\nthe linearisation"}


@register_figure("laziness_map")
def laziness_map(laziness_verdicts: pd.DataFrame, noise_levels: pd.DataFrame, noise: str) -> Figure:
    """Networks trained as α(f − f₀), over the scale α and the width: drift of the tangent kernel,
    distance from the linearisation, and test error, at the first and the last noise level; letters
    are verdicts: K kernel regime, F feature learning, ? undecided.

    Parameters
    ----------
    laziness_verdicts : DataFrame
        `level`, `network`, `width`, `alpha`, `verdict`, `drift`, `gap`, `test_loss`,
        `test_accuracy`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    if laziness_verdicts.empty:
        return empty_figure("nothing on the dial: `laziness.seeds` is 0, or no network descends")
    table, error = with_error(laziness_verdicts)
    levels = levels_of(table, noise_levels)
    titles = noise_titles(noise_levels, noise)
    places = [(network, level) for network in table["network"].unique()
              for level in dict.fromkeys((levels[0], levels[-1]))]  # fmt: skip
    figure, axes = new_figure(len(places), 3, width=3.6, height=2.4)
    for row, (network, level) in enumerate(places):
        own = table[table["network"].eq(network) & table["level"].eq(level)]
        for column, (measure, label) in enumerate({**_MEASURES, "error": error}.items()):
            ax = axes[3 * row + column]
            _draw(figure, ax, own, measure, _norm(table, measure))
            ax.set_title(label if row == 0 else "", fontsize=9)
        axes[3 * row].set_ylabel(f"{method_name(network)}\n{titles[level]}\nwidth", fontsize=8)
    for ax in axes[-3:]:
        ax.set_xlabel("scale α (larger: lazier)")
    legend_below(figure, [key(f"{letter}: {name}", linestyle="") for name, letter
                          in _VERDICTS.items()])  # fmt: skip
    return figure


def with_error(verdicts: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The table with `error` and `kernel_error`, and what these are: percent, or a loss.

    Examples
    --------
    >>> runs = pd.DataFrame({"test_accuracy": [0.75], "kernel_accuracy": [0.5]})
    >>> table, what = with_error(runs)
    >>> table["error"].item(), table["kernel_error"].item(), what
    (25.0, 50.0, 'test error, %')
    """
    if verdicts["test_accuracy"].isna().any():
        return verdicts.assign(
            error=verdicts["test_loss"], kernel_error=verdicts["kernel_loss"]
        ), "test loss"
    return verdicts.assign(
        error=100 * (1 - verdicts["test_accuracy"]),
        kernel_error=100 * (1 - verdicts["kernel_accuracy"]),
    ), "test error, %"


def _norm(table: pd.DataFrame, measure: str) -> Normalize:
    """The same colours in every row of a column."""
    values = table[measure].to_numpy(float)
    if measure == "error":
        return Normalize(values.min(), max(values.max(), values.min() + 1e-9))
    positive = values[values > 0]
    low = float(positive.min()) if len(positive) else 1e-3
    return LogNorm(low, max(float(values.max()), 1.01 * low))


def _draw(figure: Figure, ax: Axes, own: pd.DataFrame, measure: str, norm: Normalize) -> None:
    """A cell per width and scale, with its value and the letter of its verdict."""
    values = own.pivot(index="width", columns="alpha", values=measure)
    letters = own.pivot(index="width", columns="alpha", values="verdict")
    grid: Array = np.clip(values.to_numpy(float), norm.vmin, norm.vmax)
    image = ax.imshow(grid, norm=norm, cmap="viridis", origin="lower", aspect="auto")
    for (i, j), height in np.ndenumerate(values.to_numpy(float)):
        dark = colormaps["viridis"](norm(grid[i, j]))
        colour = "white" if sum(dark[:3]) < 1.6 else "black"
        shown = f"{height:.0f}" if height >= 100 else f"{height:.2g}"
        text = f"{_VERDICTS[str(letters.iloc[i, j])]}\n{shown}"
        ax.text(j, i, text, ha="center", va="center", fontsize=6, color=colour)
    ax.set_xticks(range(len(values.columns)), [f"{a:g}" for a in values.columns], fontsize=7)
    ax.set_yticks(range(len(values.index)), [str(width) for width in values.index], fontsize=7)
    ax.grid(False)
    figure.colorbar(image, ax=ax, pad=0.02).ax.tick_params(labelsize=7, which="both")
