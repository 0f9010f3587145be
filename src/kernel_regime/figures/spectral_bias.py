"""Spectral bias outside the training set: rates, decays, bounds, and the way to the limit."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.core.arrays import ArrayLike
from kernel_regime.core.types import Arguments
from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import (
    COLOURS,
    MARKERS,
    fitted_slope,
    key,
    legend_below,
    legend_under,
    mark_values,
    new_figure,
    tidy_log_ticks,
)

_MEASURES = {
    "held_out": "held-out residual",
    "learned": "learned, held-out inputs",
    "train": "training set",
}
_LEARNERS = ("kernel", "network")


@register_figure("mode_rates")
def mode_rates(spectral_bias: pd.DataFrame) -> Figure:
    """Fitted rate of every mode against its eigenvalue, for the kernel's own gradient flow and for
    networks: the diagonal is the theorem, permuted labels (hollow) are the control.

    Parameters
    ----------
    spectral_bias : DataFrame
        `architecture`, `learner`, `width`, `labels`, `measure`, `eigenvalue`, `ratio`,
        `ratio_low`, `ratio_high`, `resolved`. Modes that are not resolved are left out.
    """
    modes = _widest(spectral_bias)
    plots = _plots(modes)
    figure, axes = new_figure(len(plots) // 2, 2, width=5.2, height=4.2)
    kept = modes[modes["resolved"]]
    pairs = kept[["labels", "measure"]].drop_duplicates().to_numpy()
    series = [(str(labels), str(measure)) for labels, measure in pairs]
    for ax, (architecture, learner) in zip(axes, plots, strict=True):
        here = kept[(kept["architecture"] == architecture) & (kept["learner"] == learner)]
        for (labels, measure), table in here.groupby(["labels", "measure"], sort=False):
            place = series.index((str(labels), str(measure)))
            _draw_rates(ax, table, place, hollow=labels == "permuted")
        span = np.array([modes["eigenvalue"].min() / 1.5, modes["eigenvalue"].max() * 1.5])
        ax.plot(span, span, color="black", linewidth=0.8, zorder=0)
        ax.set(xscale="log", yscale="log", title=_title(architecture, learner))
        ax.set(xlabel=r"eigenvalue $\sigma_i$ of $T_K$", ylabel="fitted rate")
    marks = [
        key(f"{_MEASURES.get(measure, measure)}, {labels} labels", lw=0, **_marker(place, hollow))
        for place, (labels, measure) in enumerate(series)
        for hollow in [labels == "permuted"]
    ]
    legend_below(figure, [*marks, key("theorem", color="black", lw=0.8)], columns=4)
    tidy_log_ticks(figure)
    return figure


def _plots(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Architectures in their order, each with both learners."""
    return [(a, learner) for a in dict.fromkeys(table["architecture"]) for learner in _LEARNERS]


def _title(architecture: str, learner: str) -> str:
    return f"{method_name(architecture)}, {learner}"


def _marker(place: int, hollow: bool) -> Arguments:
    """How a series of points looks."""
    colour = COLOURS[place % len(COLOURS)]
    return {
        "marker": MARKERS[place % len(MARKERS)],
        "color": colour,
        "markersize": 4,
        "markerfacecolor": "white" if hollow else colour,
    }


def _draw_rates(ax: Axes, table: pd.DataFrame, place: int, hollow: bool) -> None:
    """Points with intervals, nudged sideways so that series do not hide each other."""
    x = table["eigenvalue"] * 1.04 ** (place - 2)
    middle = table["ratio"] * table["eigenvalue"]
    low = (table["ratio"] - table["ratio_low"]).clip(upper=0.95 * table["ratio"]).fillna(0)
    high = (table["ratio_high"] - table["ratio"]).fillna(0)
    errors = np.stack([low, high]) * table["eigenvalue"].to_numpy()
    ax.errorbar(x, middle, errors, linestyle="", elinewidth=0.8, **_marker(place, hollow))


@register_figure("mode_decays")
def mode_decays(
    spectral_bias_curves: pd.DataFrame, spectral_bias: pd.DataFrame, shown: int = 5
) -> Figure:
    """What is left of each mode over time, on inputs never trained on (solid), against the decay
    that its eigenvalue says (dashed).

    Parameters
    ----------
    spectral_bias_curves : DataFrame
        `architecture`, `learner`, `width`, `labels`, `measure`, `mode`, `time`, `share`.
    spectral_bias : DataFrame
        As `mode_rates` takes it.
    shown : int
        Modes drawn at most.
    """
    true = {"labels": "true", "measure": "learned"}
    curves, modes = (
        _rows(_widest(table), **true) for table in (spectral_bias_curves, spectral_bias)
    )
    plots = _plots(spectral_bias_curves)
    figure, axes = new_figure(len(plots) // 2, 2, width=5.2, height=3.6)
    for ax, (architecture, learner) in zip(axes, plots, strict=True):
        here = _rows(modes[modes["resolved"]], architecture=architecture, learner=learner)
        rates = here.set_index("mode")["eigenvalue"].head(shown)
        for place, mode in enumerate(rates.index.tolist()):
            curve = _rows(curves, architecture=architecture, learner=learner, mode=mode)
            curve = curve[curve["time"] > 0]
            theory = np.exp(-rates[mode] * curve["time"])
            ax.plot(curve["time"], curve["share"], color=COLOURS[place], label=f"mode {mode}")
            ax.plot(curve["time"], theory, color=COLOURS[place], lw=0.9, linestyle="--")
        ax.set(xscale="log", xlabel="time $t$", ylabel=r"$c_i(t)/c_i(0)$")
        ax.set_title(_title(architecture, learner))
    dashed = key(r"$e^{-\sigma_i t}$", linestyle="--", lw=0.9)
    longest = max(axes, key=lambda ax: len(ax.get_lines()))
    legend_below(figure, [*longest.get_legend_handles_labels()[0], dashed], columns=6)
    tidy_log_ticks(figure)
    return figure


def _rows(table: pd.DataFrame, **values: ArrayLike) -> pd.DataFrame:
    """Rows with these values in these columns."""
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def _widest(table: pd.DataFrame) -> pd.DataFrame:
    """The kernel, which has width 0, and each architecture's widest networks."""
    widest = table.groupby("architecture")["width"].transform("max")
    return table[(table["width"] == 0) | (table["width"] == widest)]


@register_figure("bounds")
def bound_sides(spectral_bias_bounds: pd.DataFrame) -> Figure:
    """Both sides of the bounds on the distance between what is learned and what the kernel's
    operator says (δ, of the first k modes or of all), over time: left side solid, bound dashed;
    first run, true labels.

    Parameters
    ----------
    spectral_bias_bounds : DataFrame
        `architecture`, `learner`, `width`, `labels`, `run`, `time`, `modes`, `left`, `right`.
    """
    chosen = _rows(_widest(spectral_bias_bounds), labels="true", run=0)
    chosen = chosen[chosen["time"] > 0]
    plots = _plots(chosen)
    figure, axes = new_figure(len(plots) // 2, 2, width=5.2, height=3.6)
    for ax, (architecture, learner) in zip(axes, plots, strict=True):
        here = _rows(chosen, architecture=architecture, learner=learner)
        for place, (rank, table) in enumerate(here.groupby("modes")):
            name = rf"$\|P_{{{int(str(rank))}}}\delta_t\|^2$" if rank else r"$\|\delta_t\|^2$"
            ax.plot(table["time"], table["left"], color=COLOURS[place], label=name)
            ax.plot(table["time"], table["right"], color=COLOURS[place], linestyle="--", lw=0.9)
        ax.set(xscale="log", yscale="log", xlabel="time $t$", ylabel="squared distance")
        ax.set_title(_title(architecture, learner))
    bound = key("bound", linestyle="--", lw=0.9)
    legend_below(figure, [*axes[0].get_legend_handles_labels()[0], bound], columns=6)
    tidy_log_ticks(figure)
    return figure


@register_figure("widths")
def width_convergence(spectral_bias_widths: pd.DataFrame) -> Figure:
    """Distance of finite networks' kernels from the infinite one at initialisation, and how far
    training moves them, over width; points are single runs, lines their means with fitted slopes.

    Parameters
    ----------
    spectral_bias_widths : DataFrame
        `architecture`, `labels`, `width`, `run`, `distance`, `drift`.
    """
    figure, axes = new_figure(1, 2, width=4.6, height=3.8)
    titles = {
        "distance": r"$\|K_0-K^\infty\|/\|K^\infty\|$",
        "drift": r"$\|K_t-K_0\|/\|K_0\|$ after training",
    }
    chosen = _rows(spectral_bias_widths, labels="true")
    for ax, (column, title) in zip(axes, titles.items(), strict=True):
        for place, (kind, table) in enumerate(chosen.groupby("architecture", sort=False)):
            means = table.groupby("width")[column].mean()
            name = str(kind).replace("_", " ")
            if len(means) > 1:
                name += f", slope {fitted_slope(means)[0]:.2f}"
            ax.plot(means, label=name, color=COLOURS[place], marker=MARKERS[place], markersize=4)
            ax.plot(table["width"], table[column], ".", color=COLOURS[place], alpha=0.4, ms=3)
        ax.set(xscale="log", yscale="log", xlabel="width", title=title)
        legend_under(ax)
    tidy_log_ticks(figure)
    for ax in axes:
        mark_values(ax, chosen["width"])
    return figure
