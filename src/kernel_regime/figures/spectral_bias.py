"""What is learned outside the training set: rates, decays, bounds, and the way to the limit."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, MARKERS, new_figure

_MEASURES = {
    "held_out": "held-out residual",
    "learned": "learned, held-out inputs",
    "train": "training set",
}
_LEARNERS = ("kernel", "network")


def mode_rates(modes: pd.DataFrame) -> Figure:
    """Fitted rate against eigenvalue, a row per architecture: the diagonal is the theorem.

    Parameters
    ----------
    modes : DataFrame
        `architecture`, `learner`, `labels`, `measure`, `eigenvalue`, `ratio`, `ratio_low`,
        `ratio_high`, `resolved`. Modes that are not resolved are left out.
    """
    architectures = list(dict.fromkeys(modes["architecture"]))
    panels = [(a, learner) for a in architectures for learner in _LEARNERS]
    figure, axes = new_figure(len(architectures), 2, width=5.2, height=4.2)
    kept = modes[modes["resolved"]]
    for ax, (architecture, learner) in zip(axes, panels, strict=True):
        here = kept[(kept["architecture"] == architecture) & (kept["learner"] == learner)]
        series = here.groupby(["labels", "measure"], sort=False)
        for place, ((labels, measure), table) in enumerate(series):
            label = f"{_MEASURES[measure]}, {labels} labels"
            _draw_rates(ax, table, place, label, hollow=labels == "permuted")
        span = np.array([modes["eigenvalue"].min() / 1.5, modes["eigenvalue"].max() * 1.5])
        ax.plot(span, span, color="black", linewidth=0.8, zorder=0)
        ax.set(xscale="log", yscale="log", title=f"{architecture.replace('_', ' ')}, {learner}")
        ax.set(xlabel=r"eigenvalue $\sigma_i$ of $T_K$", ylabel="fitted rate")
    axes[0].legend(frameon=False, fontsize=7)
    return figure


def _draw_rates(ax: Axes, table: pd.DataFrame, place: int, label: str, hollow: bool) -> None:
    """Points with intervals, nudged sideways so that series do not hide each other."""
    x = table["eigenvalue"] * 1.04 ** (place - 2)
    middle = table["ratio"] * table["eigenvalue"]
    low = (table["ratio"] - table["ratio_low"]).clip(upper=0.95 * table["ratio"]).fillna(0)
    high = (table["ratio_high"] - table["ratio"]).fillna(0)
    errors = np.stack([low, high]) * table["eigenvalue"].to_numpy()
    colour = COLOURS[place % len(COLOURS)]
    ax.errorbar(
        x, middle, errors, fmt=MARKERS[place], color=colour, markersize=4, linewidth=0.8,
        markerfacecolor="white" if hollow else colour, label=label,
    )  # fmt: skip


def mode_decays(curves: pd.DataFrame, modes: pd.DataFrame, shown: int = 5) -> Figure:
    """What is left of each mode over time, against e^(−σt), on inputs never trained on."""
    architectures = list(dict.fromkeys(curves["architecture"]))
    panels = [(a, learner) for a in architectures for learner in _LEARNERS]
    figure, axes = new_figure(len(architectures), 2, width=5.2, height=3.6)
    for ax, (architecture, learner) in zip(axes, panels, strict=True):
        rows = (modes["architecture"] == architecture) & (modes["learner"] == learner)
        rows &= (modes["labels"] == "true") & (modes["measure"] == "learned") & modes["resolved"]
        for place, mode in enumerate(modes[rows].head(shown).itertuples()):
            same = (curves["architecture"] == architecture) & (curves["learner"] == learner)
            same &= (curves["labels"] == "true") & (curves["measure"] == "learned")
            curve = curves[same & (curves["mode"] == mode.mode) & (curves["time"] > 0)]
            colour = COLOURS[place]
            ax.plot(curve["time"], curve["share"], color=colour, label=f"mode {mode.mode}")
            theory = np.exp(-mode.eigenvalue * curve["time"])
            ax.plot(curve["time"], theory, color=colour, linewidth=0.9, linestyle="--")
        ax.set(xscale="log", xlabel="time t", ylabel=r"$c_i(t)/c_i(0)$")
        ax.set_title(f"{architecture.replace('_', ' ')}, {learner} (dashed: $e^{{-\\sigma_i t}}$)")
        ax.legend(frameon=False, fontsize=7)
    return figure


def bound_sides(bounds: pd.DataFrame) -> Figure:
    """Left (solid) and right (dashed) side of every bound over time, first run, true labels."""
    chosen = bounds[(bounds["labels"] == "true") & (bounds["run"] == 0) & (bounds["time"] > 0)]
    architectures = list(dict.fromkeys(chosen["architecture"]))
    panels = [(a, learner) for a in architectures for learner in _LEARNERS]
    figure, axes = new_figure(len(architectures), 2, width=5.2, height=3.6)
    for ax, (architecture, learner) in zip(axes, panels, strict=True):
        here = chosen[(chosen["architecture"] == architecture) & (chosen["learner"] == learner)]
        for place, (rank, table) in enumerate(here.groupby("modes")):
            name = rf"$\|P_{{{rank}}}\delta_t\|^2$" if rank else r"$\|\delta_t\|^2$"
            ax.plot(table["time"], table["left"], color=COLOURS[place], label=name)
            ax.plot(table["time"], table["right"], color=COLOURS[place], linestyle="--", lw=0.9)
        ax.set(xscale="log", yscale="log", xlabel="time t", ylabel="squared distance, bound dashed")
        ax.set_title(f"{architecture.replace('_', ' ')}, {learner}")
        ax.legend(frameon=False, fontsize=7)
    return figure


def width_convergence(widths: pd.DataFrame) -> Figure:
    """Distance of K₀ from K^∞ and drift of K_t over width, with fitted slopes."""
    figure, axes = new_figure(1, 2, width=4.6, height=3.8)
    titles = {
        "distance": r"$\|K_0-K^\infty\|/\|K^\infty\|$",
        "drift": r"$\|K_t-K_0\|/\|K_0\|$ after training",
    }
    chosen = widths[widths["labels"] == "true"]
    for ax, (column, title) in zip(axes, titles.items(), strict=True):
        for place, (kind, table) in enumerate(chosen.groupby("architecture", sort=False)):
            means = table.groupby("width")[column].mean()
            name = str(kind).replace("_", " ")
            if len(means) > 1:
                slope = np.polyfit(np.log(means.index), np.log(means), 1)[0]
                name += f", slope {slope:.2f}"
            ax.plot(means, label=name, color=COLOURS[place], marker=MARKERS[place], markersize=4)
            ax.plot(table["width"], table[column], ".", color=COLOURS[place], alpha=0.4, ms=3)
        ax.set(xscale="log", yscale="log", xlabel="width", title=title)
        ax.legend(frameon=False, fontsize=7)
    return figure
