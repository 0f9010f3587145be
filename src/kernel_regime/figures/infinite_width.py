"""Distance of finite networks from their infinite-width limit, with its slope over width."""

import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import (
    fitted_slope,
    legend_below,
    mark_values,
    new_figure,
    tidy_log_ticks,
)


def infinite_width(distances: pd.DataFrame) -> Figure:
    """Relative distance from the limit over width: one line per model through its root mean
    squares over seeds; every seed is a dot.

    Parameters
    ----------
    distances : DataFrame
        `model`, `width`, `seed`, `distance`.
    """
    figure, (ax,) = new_figure()
    styles = line_styles(distances["model"])
    for model, rows in distances.groupby("model"):
        mean = rows.groupby("width")["distance"].apply(lambda d: float((d**2).mean() ** 0.5))
        style = styles[str(model)]
        slope, _ = fitted_slope(mean)
        ax.plot(mean.index, mean, label=f"{method_name(str(model))}: slope {slope:.2f}", **style)
        ax.plot(rows["width"], rows["distance"], ".", color=style["color"], alpha=0.3)
    ax.set(xscale="log", yscale="log", xlabel="width $N$")
    ax.set_ylabel("relative distance from the limit")
    legend_below(figure, ax, columns=2)
    tidy_log_ticks(figure)
    mark_values(ax, distances["width"])
    return figure
