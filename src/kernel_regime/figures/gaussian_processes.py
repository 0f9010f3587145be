"""Gaussian processes: coverage of their intervals, and evidence over the noise variance."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    COLOURS,
    empty_figure,
    legend_below,
    levels_of,
    new_figure,
    noise_titles,
    set_title,
)

_COVERAGE = "coverage_"
_LINEAR = 10.0
"""Evidence is drawn on a linear scale so far below the largest, on a logarithmic one beyond."""


@register_figure("gaussian_processes")
def gaussian_process_figure(
    gaussian_process_scores: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Gaussian processes: share of the test targets inside central intervals over the share that
    they should hold, below the diagonal where intervals are too narrow; and log evidence over the
    noise variance, per process and noise level. A dot marks the noise that maximises it.

    Parameters
    ----------
    gaussian_process_scores : DataFrame
        `level`, `process`, `noise_variance`, `log_evidence`, `coverage_<per cent>`, `selected`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    if gaussian_process_scores.empty:
        return empty_figure("no Gaussian process: the parameters name none")
    titles = noise_titles(noise_levels, noise)
    levels = levels_of(gaussian_process_scores, noise_levels)
    colours = {level: COLOURS[k % len(COLOURS)] for k, level in enumerate(levels)}
    processes = list(gaussian_process_scores["process"].unique())
    figure, axes = new_figure(1, len(processes) + 1, width=3.6, height=3.2)
    for ax, process in zip(axes, processes, strict=False):
        own = gaussian_process_scores[gaussian_process_scores["process"] == process]
        _draw_coverage(ax, own[own["selected"]], colours, titles)
        set_title(ax, method_name(process))
    axes[0].set_ylabel("test targets inside, %")
    _draw_evidence(axes[-1], gaussian_process_scores, colours)
    legend_below(figure, axes[0])
    return figure


def _draw_coverage(
    ax: Axes, selected: pd.DataFrame, colours: dict[str, str], titles: dict[str, str]
) -> None:
    columns = [name for name in selected.columns if name.startswith(_COVERAGE)]
    nominal = [float(name.removeprefix(_COVERAGE)) for name in columns]
    for row in selected.to_dict("records"):
        found = [100 * row[name] for name in columns]
        ax.plot(nominal, found, "o-", ms=3, color=colours[row["level"]], label=titles[row["level"]])
    ax.plot([0, 100], [0, 100], ":", color="0.5")
    ax.set(xlabel="intervals for, %", xlim=(0, 100), ylim=(0, 103))


def _draw_evidence(ax: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    """Relative to the largest: evidences of different levels differ by far more."""
    known = table.dropna(subset="log_evidence")
    lowest = 0.0
    for (level, _), path in known.groupby(["level", "process"], sort=False):
        best = path[path["selected"]]
        evidence = path["log_evidence"] - float(best["log_evidence"].iloc[0])
        lowest = min(lowest, float(evidence.min()))
        ax.semilogx(path["noise_variance"], evidence, color=colours[str(level)])
        ax.plot(best["noise_variance"], [0.0], "o", color=colours[str(level)])
    ax.set(xlabel=r"noise variance $\sigma^2$", ylabel="log evidence less the largest")
    if lowest < -_LINEAR:  # a smaller range has no round number on that scale
        ax.set_yscale("symlog", linthresh=_LINEAR)
