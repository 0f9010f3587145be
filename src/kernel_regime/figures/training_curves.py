"""Loss over the epochs, one panel per noise level."""

import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, levels_of, new_figure, noise_titles

_SPLITS = {"train_loss": "-", "validation_loss": ":", "test_loss": "--"}
_PANELS_PER_ROW = 4


def training_curves(
    curves: pd.DataFrame, scores: pd.DataFrame, noise_levels: pd.DataFrame
) -> Figure:
    """Training, validation and test loss of every network, with its selected penalty.

    Lines are means over seeds, bands their range.

    Parameters
    ----------
    curves : DataFrame
        `level`, `network`, `seed`, `penalty`, `epoch`, and the losses.
    scores : DataFrame
        `network_scores`, which says what was selected.
    noise_levels : DataFrame
        `level`, `value`.
    """
    keys = ["level", "network", "seed", "penalty"]
    chosen = curves.merge(scores.loc[scores["selected"], keys], on=keys)
    titles = noise_titles(noise_levels)
    levels = levels_of(chosen, noise_levels) or list(titles)[:1]
    columns = min(_PANELS_PER_ROW, len(levels))
    rows = -(-len(levels) // columns)
    figure, axes = new_figure(rows, columns, width=3.2, height=2.6, sharex=True, sharey=True)
    colours = dict(zip(sorted(chosen["network"].unique()), COLOURS * 4, strict=False))
    for ax, level in zip(axes, levels, strict=False):
        for network, runs in chosen[chosen["level"] == level].groupby("network"):
            for split, dashes in _SPLITS.items():
                if split not in runs:
                    continue
                by_epoch = runs.groupby("epoch")[split].agg(["min", "mean", "max"])
                label = f"{network}, {split.removesuffix('_loss')}"
                color = colours[str(network)]
                ax.plot(by_epoch.index, by_epoch["mean"], dashes, color=color, lw=1.2, label=label)
                ax.fill_between(
                    by_epoch.index, by_epoch["min"], by_epoch["max"], color=color, alpha=0.15, lw=0
                )
        ax.set_title(titles[level], fontsize=9)
    for ax in axes[len(levels) :]:
        ax.set_visible(False)
    if len(chosen):
        axes[0].set_yscale("log")
        axes[0].legend(frameon=False, fontsize=6)
    for ax in axes[-columns:]:
        ax.set_xlabel("epoch")
    axes[0].set_ylabel("loss")
    return figure
