"""Learning curves: test loss against the number of training samples, forecast and measured."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    COLOURS,
    key,
    legend_below,
    levels_of,
    mark_values,
    new_figure,
    noise_titles,
    set_title,
    tidy_log_ticks,
)


@register_figure("learning_curves")
def forecast_and_measured(
    learning_curves: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Test loss over the number of training samples at the first noise level: forecast from the
    kernel of other samples (lines) and, where the kernel has one, from its Hermite eigenstructure
    (dashed), measured by regressions (points with intervals), and estimated by their generalised
    cross-validation, which is the kernel alignment risk estimate, too (crosses).

    Parameters
    ----------
    learning_curves : DataFrame
        `level`, `kernel`, `ridge`, `n`, `forecast`, `hermite_forecast`, `test_loss`, `test_low`,
        `gcv_loss`; a plot per kernel.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    first = levels_of(learning_curves, noise_levels)[0]
    chosen = learning_curves[learning_curves["level"] == first]
    kernels = list(dict.fromkeys(chosen["kernel"]))
    ridges = sorted(chosen["ridge"].unique())
    colours = {ridge: COLOURS[place % len(COLOURS)] for place, ridge in enumerate(ridges)}
    figure, axes = new_figure(1, len(kernels), width=4.0, height=3.8, sharey=True)
    title = noise_titles(noise_levels, noise)[first]
    for ax, kernel in zip(axes, kernels, strict=True):
        for ridge, table in chosen[chosen["kernel"] == kernel].groupby("ridge"):
            _draw_curve(ax, table, colours[ridge])
        ax.set(xscale="log", yscale="log", xlabel="training samples $n$")
        set_title(ax, f"{method_name(kernel)}, {title}")
    axes[0].set_ylabel("test squared loss")
    lines = [key(f"ridge {ridge:g}", color=colour) for ridge, colour in colours.items()]
    source = int(chosen["forecast_from"].iloc[0])
    has_hermite = chosen["hermite_forecast"].notna().any()
    marks = [
        key(f"forecast from {source} other samples"),
        *([key("Hermite forecast", linestyle="--")] if has_hermite else []),
        key("measured", marker="o", lw=0, markersize=4),
        key("GCV = KARE", marker="x", lw=0, markersize=5),
    ]
    legend_below(figure, lines + marks, columns=2 * len(kernels))
    tidy_log_ticks(figure)
    for ax in axes:
        mark_values(ax, chosen["n"])
    return figure


def _draw_curve(ax: Axes, table: pd.DataFrame, colour: str) -> None:
    """Forecasts, regressions and cross-validation at one ridge."""
    ax.plot(table["n"], table["forecast"], color=colour)
    ax.plot(table["n"], table["hermite_forecast"], "--", color=colour)
    low = (table["test_loss"] - table["test_low"]).clip(upper=0.95 * table["test_loss"])
    errors = [low.fillna(0), (table["test_high"] - table["test_loss"]).fillna(0)]
    ax.errorbar(
        table["n"], table["test_loss"], errors, fmt="o", color=colour, markersize=4, linewidth=0.8
    )
    ax.plot(table["n"], table["gcv_loss"], "x", color=colour, markersize=5)
