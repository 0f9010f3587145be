"""Laziness under noise: test error, from the network's curve to its kernel's."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.laziness_map import with_error
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    empty_figure,
    legend_below,
    mark_values,
    new_figure,
    quantity,
    set_title,
)


@register_figure("laziness_noise")
def laziness_under_noise(
    laziness_verdicts: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Test error of the widest networks over the noise level, one curve for every scale α of their
    outputs, with intervals over seeds; dashed, kernel regression under the tangent kernel at
    initialisation, into which they turn as α grows; and by how much each is ahead of it in test
    loss.

    Parameters
    ----------
    laziness_verdicts : DataFrame
        `level`, `network`, `width`, `alpha`, and `test_loss`, `test_accuracy`, `kernel_loss`,
        `kernel_accuracy` with their intervals.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    if laziness_verdicts.empty:
        return empty_figure("nothing on the dial: `laziness.seeds` is 0, or no network descends")
    table, error = with_error(laziness_verdicts)
    table = table.merge(noise_levels)
    networks = list(table["network"].unique())
    figure, axes = new_figure(len(networks), 2, width=4.6, height=3.2)
    for row, network in enumerate(networks):
        own = table[table["network"] == network]
        widest = own[own["width"] == own["width"].max()].sort_values("value")
        errors, losses = axes[2 * row : 2 * row + 2]
        _draw_errors(errors, widest)
        _draw_losses(losses, widest)
        errors.set_ylabel(error)
        losses.set_ylabel("test loss less the kernel's")
        for ax in (errors, losses):
            set_title(ax, f"{method_name(network)}, width {widest['width'].iloc[0]}")
            ax.set_xlabel(quantity(noise))
            mark_values(ax, widest["value"])
    legend_below(figure, axes[0], columns=5)
    return figure


def _draw_errors(ax: Axes, rows: pd.DataFrame) -> None:
    """Errors at every scale, and of the kernel."""
    scales = sorted(rows["alpha"].unique())
    for alpha, colour in zip(scales, _colours(len(scales)), strict=True):
        own = rows[rows["alpha"] == alpha]
        ax.errorbar(
            own["value"], own["error"], _half(own), marker="o", markersize=3, linewidth=1.2,
            capsize=2, color=colour, label=f"α = {alpha:g}",
        )  # fmt: skip
    kernel = rows[rows["alpha"] == scales[-1]]
    ax.plot(kernel["value"], kernel["kernel_error"], "k--", linewidth=1.2, label="kernel, K₀")


def _draw_losses(ax: Axes, rows: pd.DataFrame) -> None:
    """Advantage of every scale over the kernel."""
    scales = sorted(rows["alpha"].unique())
    for alpha, colour in zip(scales, _colours(len(scales)), strict=True):
        own = rows[rows["alpha"] == alpha]
        ahead = own["test_loss"] - own["kernel_loss"]
        ax.plot(own["value"], ahead, "o-", markersize=3, linewidth=1.2, color=colour)
    ax.axhline(0, color="black", linestyle="--", linewidth=1.2)


def _half(rows: pd.DataFrame) -> "pd.Series[float]":
    """Half the width of the interval of the error; none for a single seed."""
    loss = rows["test_accuracy"].isna().any()
    name, unit = ("test_loss", 1) if loss else ("test_accuracy", 100)
    return unit * (rows[f"{name}_high"] - rows[name]).replace(np.inf, 0)


def _colours(count: int) -> list[tuple[float, float, float, float]]:
    return [colormaps["viridis"](place) for place in np.linspace(0, 0.9, count)]
