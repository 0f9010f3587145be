"""Ridge paths: losses over the ridge, and what each criterion picks."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    COLOURS,
    key,
    legend_below,
    new_figure,
    noise_titles,
    set_title,
    tidy_log_ticks,
)

CURVES = {
    "train_loss": ("training", COLOURS[7]),
    "test_loss": ("test", COLOURS[0]),
    "loo_loss": ("leave one out", COLOURS[1]),
    "gcv_loss": ("GCV", COLOURS[2]),
}
PICKS = {"loo_loss": "o", "test_loss": "s"}
"""Marker of the ridge that a criterion picks."""


@register_figure("ridge_paths")
def ridge_paths(
    kernel_scores: pd.DataFrame,
    ridge_selection: pd.DataFrame,
    noise_levels: pd.DataFrame,
    noise: str,
) -> Figure:
    """Losses along the ridge path, for every kernel (columns) and noise level (rows). Markers show
    the ridges that leave-one-out and the test set pick, at the test loss that they give.

    Parameters
    ----------
    kernel_scores : DataFrame
        `level`, `kernel`, `ridge`, and the losses.
    ridge_selection : DataFrame
        `level`, `kernel`, `criterion`, `ridge`, `test_loss`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    kernels = list(kernel_scores["kernel"].unique())
    titles = noise_titles(noise_levels, noise)
    figure, axes = new_figure(
        len(titles), len(kernels), width=3.2, height=2.3, sharex="col", sharey="row"
    )
    plots = iter(axes)
    for level, title in titles.items():
        for kernel in kernels:
            ax = next(plots)
            path, picks = (
                table[(table["level"] == level) & (table["kernel"] == kernel)]
                for table in (kernel_scores, ridge_selection)
            )
            _draw_path(ax, path[path["ridge"] > 0], picks)
            set_title(ax, f"{method_name(kernel)}, {title}")
    for ax in axes[-len(kernels) :]:
        ax.set_xlabel(r"ridge $\lambda$")
    for ax in axes[:: len(kernels)]:
        ax.set_ylabel("squared loss")
    lines = [key(name, color=colour) for name, colour in CURVES.values()]
    lines[-1].set_linestyle("--")
    marks = [
        key(f"picked by {name}", color=CURVES[criterion][1], marker=marker, lw=0,
            markerfacecolor="none")
        for (criterion, marker), name in zip(PICKS.items(), ("leave one out", "the test set"),
                                             strict=True)
    ]  # fmt: skip
    legend_below(figure, lines + marks, columns=3 if len(kernels) < 3 else 6)
    tidy_log_ticks(figure)
    return figure


def _draw_path(ax: Axes, path: pd.DataFrame, picks: pd.DataFrame) -> None:
    for column, (_, colour) in CURVES.items():
        style = "--" if column == "gcv_loss" else "-"
        ax.semilogx(path["ridge"], path[column], style, color=colour, lw=1.3)
    for criterion, marker in PICKS.items():
        pick = picks[(picks["criterion"] == criterion) & (picks["ridge"] > 0)]
        ax.plot(
            pick["ridge"], pick["test_loss"], marker, color=CURVES[criterion][1], ms=5,
            markerfacecolor="none",
        )  # fmt: skip
