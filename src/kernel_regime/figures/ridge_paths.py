"""Losses along the ridge path, and what each criterion picks."""

import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, new_figure

CURVES = {
    "train_loss": ("training", COLOURS[7]),
    "test_loss": ("test", COLOURS[0]),
    "loo_loss": ("leave one out", COLOURS[1]),
    "gcv_loss": ("GCV", COLOURS[2]),
}


def ridge_paths(
    scores: pd.DataFrame, selection: pd.DataFrame, noise_levels: pd.DataFrame
) -> Figure:
    """One panel per kernel (columns) and noise level (rows).

    Parameters
    ----------
    scores : DataFrame
        `kernel_scores`.
    selection : DataFrame
        `selection`: the ridges that leave-one-out and the test loss pick are marked.
    noise_levels : DataFrame
        `level`, `value`.
    """
    kernels = list(scores["kernel"].unique())
    figure, axes = new_figure(
        len(noise_levels), len(kernels), width=3.2, height=2.3, sharex="col", sharey="row"
    )
    panels = iter(axes)
    for row in noise_levels.itertuples():
        for kernel in kernels:
            ax = next(panels)
            path = scores[(scores["level"] == row.level) & (scores["kernel"] == kernel)]
            path = path[path["ridge"] > 0]
            for column, (label, colour) in CURVES.items():
                style = "--" if column == "gcv_loss" else "-"
                ax.semilogx(path["ridge"], path[column], style, color=colour, label=label, lw=1.3)
            picks = selection[(selection["level"] == row.level) & (selection["kernel"] == kernel)]
            for criterion in ("test_loss", "loo_loss"):
                pick = picks[picks["criterion"] == criterion]
                ax.plot(pick["ridge"], pick["test_loss"], "o", color=CURVES[criterion][1], ms=4)
            ax.set_title(f"{kernel}, noise {row.value:.3g}", fontsize=9)
    for ax in axes[-len(kernels) :]:
        ax.set_xlabel("ridge λ")
    for ax in axes[:: len(kernels)]:
        ax.set_ylabel("squared loss")
    axes[0].legend(fontsize=7, frameon=False)
    return figure
