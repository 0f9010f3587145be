"""Training curves: loss over the epochs, one plot per noise level."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import (
    empty_figure,
    key,
    legend_below,
    levels_of,
    new_figure,
    noise_titles,
    set_title,
    tidy_log_ticks,
)

_SPLITS = {"train_loss": "-", "validation_loss": ":", "test_loss": "--"}
_PLOTS_PER_ROW = 4


@register_figure("training_curves")
def loss_over_epochs(
    training_curves: pd.DataFrame,
    network_scores: pd.DataFrame,
    noise_levels: pd.DataFrame,
    noise: str,
) -> Figure:
    """Training, validation and test loss of every network with its selected penalty: means over
    seeds, shaded areas their range.

    Parameters
    ----------
    training_curves : DataFrame
        `level`, `network`, `seed`, `penalty`, `epoch`, and the losses.
    network_scores : DataFrame
        Which says what was selected.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    keys = ["level", "network", "seed", "penalty"]
    selected = network_scores.loc[network_scores["selected"], keys]
    chosen = training_curves.merge(selected, on=keys)
    levels = levels_of(chosen, noise_levels)
    if not levels:
        return empty_figure("nothing to show: no network was trained by descent, or all diverged")
    columns = min(_PLOTS_PER_ROW, len(levels))
    figure, axes = new_figure(
        -(-len(levels) // columns), columns, width=3.2, height=2.6, sharex=True, sharey=True
    )
    styles = line_styles(chosen["network"])
    colours = {name: styles[name]["color"] for name in sorted(styles)}
    titles = noise_titles(noise_levels, noise)
    for ax, level in zip(axes, levels, strict=False):
        for network, runs in chosen[chosen["level"] == level].groupby("network"):
            _draw_runs(ax, runs, colours[str(network)])
        set_title(ax, titles[level])
    axes[0].set_yscale("log")
    _label(axes, len(levels), columns)
    splits = [split for split in _SPLITS if split in chosen]
    lines = [key(method_name(name), color=colour) for name, colour in colours.items()]
    dashes = [key(split.removesuffix("_loss"), linestyle=_SPLITS[split]) for split in splits]
    legend_below(figure, lines + dashes, columns=2 * columns)
    tidy_log_ticks(figure)
    return figure


def _draw_runs(ax: Axes, runs: pd.DataFrame, colour: str) -> None:
    """Losses of one network at one level, over its seeds."""
    for split, dashes in _SPLITS.items():
        if split in runs:
            by_epoch = runs.groupby("epoch")[split].agg(["min", "mean", "max"])
            ax.plot(by_epoch.index, by_epoch["mean"], dashes, color=colour, lw=1.2)
            ax.fill_between(
                by_epoch.index, by_epoch["min"], by_epoch["max"], color=colour, alpha=0.15, lw=0
            )


def _label(axes: list[Axes], shown: int, columns: int) -> None:
    """Axis labels at the edges of what is shown, and nothing where nothing is."""
    for place, ax in enumerate(axes):
        ax.set_visible(place < shown)
        if shown - columns <= place < shown:
            ax.set_xlabel("epoch")
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            ax.tick_params(labelbottom=True)
    for ax in axes[::columns]:
        ax.set_ylabel("loss")
