"""Distribution shift: heat maps of test errors over trained and tested levels, and the forecast."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.core.arrays import Array
from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import empty_figure, legend_under, new_figure, quantity, set_title


@register_figure("distribution_shift")
def distribution_shift_maps(
    distribution_shift: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Test error of every method trained at one noise level (rows) and tested at another (columns),
    in percent, or test loss of a regression; and the test losses of kernels over their forecast
    from training samples at both levels, filled where there is no shift.

    Parameters
    ----------
    distribution_shift : DataFrame
        `method`, `trained_level`, `tested_level`, `loss`, `accuracy`, `predicted_loss`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    methods = list(dict.fromkeys(distribution_shift["method"]))
    if distribution_shift.empty:
        return empty_figure("nothing is tested off its training level: distribution_shift_study")
    figure, axes = new_figure(1, len(methods) + 1, width=3.2, height=3.4)
    levels = noise_levels.sort_values("value").drop_duplicates("level")
    accuracies = distribution_shift["accuracy"]
    errors = 100 * (1 - accuracies) if accuracies.notna().any() else distribution_shift["loss"]
    table = distribution_shift.assign(error=errors)
    limits = float(errors.min()), float(errors.max())
    for ax, method in zip(axes, methods, strict=False):
        cells = table[table["method"] == method].pivot(
            index="trained_level", columns="tested_level", values="error"
        )
        _draw_map(ax, cells.reindex(levels["level"], columns=levels["level"]).to_numpy(), limits)
        marks = range(len(levels)), [f"{value:.3g}" for value in levels["value"]]
        ax.set_xticks(*marks)
        ax.set_yticks(*marks)
        ax.set_xlabel(f"tested at {quantity(noise)}", fontsize=8)
        ax.set_ylabel(f"trained at {quantity(noise)}", fontsize=8)
        set_title(ax, method_name(method))
    _draw_forecasts(axes[-1], distribution_shift)
    return figure


def _draw_map(ax: Axes, cells: Array, limits: tuple[float, float]) -> None:
    """A heat map with its numbers, where these fit."""
    ax.imshow(cells, vmin=limits[0], vmax=limits[1], cmap="viridis_r", origin="lower")
    ax.grid(False)
    bright = np.mean(limits)
    for (row, column), cell in np.ndenumerate(cells):
        if len(cells) <= 8 and np.isfinite(cell):
            colour = "white" if cell > bright else "black"
            ax.text(column, row, f"{cell:.3g}", ha="center", va="center", color=colour, fontsize=8)


def _draw_forecasts(ax: Axes, distribution_shift: pd.DataFrame) -> None:
    """Measured over forecast losses of the kernels, and the line on which they agree."""
    known = distribution_shift.dropna(subset="predicted_loss")
    styles = line_styles(known["method"])
    for method, rows in known.groupby("method", sort=False):
        look = styles[str(method)]
        here = (rows["trained_level"] == rows["tested_level"]).to_numpy(bool)
        faces = np.where(here, look["color"], "none")
        ax.scatter(
            rows["predicted_loss"], rows["loss"], s=26, marker=look["marker"],
            facecolors=faces.tolist(), edgecolors=look["color"], label=method_name(str(method)),
        )  # fmt: skip
    if len(known):
        ends = known[["predicted_loss", "loss"]].to_numpy(float)
        ax.plot([ends.min(), ends.max()], [ends.min(), ends.max()], color="0.5", linestyle=":")
        legend_under(ax)
    ax.set_xlabel("forecast test loss")
    ax.set_ylabel("test loss")
