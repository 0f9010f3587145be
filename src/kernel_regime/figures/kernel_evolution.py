"""Evolution of tangent kernels: drift, speed, alignment and what they predict, over the epochs."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.core.types import Arguments
from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import (
    empty_figure,
    key,
    legend_below,
    levels_of,
    new_figure,
    noise_titles,
    tidy_log_ticks,
)

_LABELS = {
    "drift": r"drift $\|K_t - K_0\| / \|K_0\|$",
    "speed": "turn per epoch, 1 − cos",
    "alignment": "centred alignment\nwith the targets",
    "kernel_loss": "test loss",
}
_LOGARITHMIC = ("drift", "speed")
_DASHES = ("-", "--")


@register_figure("kernel_evolution")
def kernels_along_training(
    kernel_evolution: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Tangent kernel along training at the first and the last noise level: how far it is from the
    one at initialisation, how fast it turns, how well it is aligned with the targets, and the test
    loss of kernel regression with it, with that of the network itself as thin lines; short dotted
    lines on the left are the start.

    Parameters
    ----------
    kernel_evolution : DataFrame
        `level`, `network`, `seed`, `epoch`, `drift`, `speed`, `alignment`, `kernel_loss`,
        `network_loss`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    if kernel_evolution.empty:
        return empty_figure(
            "nothing to follow: no network was trained by descent, or none was asked for"
        )
    figure, axes = new_figure(1, len(_LABELS), width=3.3, height=3.0)
    levels = levels_of(kernel_evolution, noise_levels)
    titles = noise_titles(noise_levels, noise)
    styles = line_styles(kernel_evolution["network"])
    names = list(dict.fromkeys(kernel_evolution["network"]))
    for level, dashes in zip(levels, _DASHES, strict=False):
        for name in names:
            place = kernel_evolution["level"].eq(level) & kernel_evolution["network"].eq(name)
            rows = kernel_evolution[place].groupby("epoch").mean(numeric_only=True)
            for ax, measure in zip(axes, _LABELS, strict=True):
                _draw(ax, rows, measure, {"linestyle": dashes, "color": styles[name]["color"]})
    for ax, (measure, label) in zip(axes, _LABELS.items(), strict=True):
        ax.set(xlabel="epoch", xscale="log")
        ax.set_ylabel(label, fontsize=9)
        if measure in _LOGARITHMIC:
            ax.set_yscale("log")
    lines = [key(method_name(name), color=styles[name]["color"]) for name in names]
    dashed = [key(titles[level], linestyle=dashes)
              for level, dashes in zip(levels, _DASHES, strict=False)]  # fmt: skip
    marks = [key("loss of regression with the kernel"), key("loss of the network", lw=0.6)]
    legend_below(figure, lines + dashed + marks, columns=5)
    tidy_log_ticks(figure)
    return figure


def _draw(ax: Axes, rows: pd.DataFrame, measure: str, style: Arguments) -> None:
    """One measure over the epochs; the start, which a logarithm has no place for, at the left."""
    later = rows[rows.index > 0]
    if measure in _LOGARITHMIC:
        later = later[later[measure] > 0]
    ax.plot(later.index, later[measure], marker="o", markersize=3, linewidth=1.3, **style)
    if measure == "kernel_loss":
        ax.plot(later.index, later["network_loss"], linewidth=0.6, **style)
    if measure in ("alignment", "kernel_loss") and 0 in rows.index:
        ax.axhline(float(rows[measure].iloc[0]), xmax=0.12, linestyle=":", color=style["color"])
