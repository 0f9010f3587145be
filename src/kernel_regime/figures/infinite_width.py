"""Distance from the infinite-width limit over width, with its slope."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.style import line_styles, new_figure


def infinite_width(distances: pd.DataFrame) -> Figure:
    """One line per model through its root mean squares over seeds; every seed is a dot.

    Parameters
    ----------
    distances : DataFrame
        `model`, `width`, `seed`, `distance`.
    """
    figure, (ax,) = new_figure()
    styles = line_styles(distances["model"])
    for model, rows in distances.groupby("model"):
        mean = rows.groupby("width")["distance"].apply(lambda d: float((d**2).mean() ** 0.5))
        widths = mean.index.to_numpy(float)
        slope = np.polyfit(np.log(widths), np.log(mean.to_numpy()), 1)[0]
        style = styles[str(model)]
        ax.plot(widths, mean, label=f"{model}: slope {slope:.2f}", **style)
        ax.plot(rows["width"], rows["distance"], ".", color=style["color"], alpha=0.3)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("width N")
    ax.set_ylabel("relative distance from the limit")
    ax.legend(frameon=False, fontsize=8)
    return figure
