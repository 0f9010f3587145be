"""Spectra and kernels against what is known exactly."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, new_figure


def shallow_convergence(distances: pd.DataFrame) -> Figure:
    """Distance of shallow ReLU kernels from their arc-cosine limit over width.

    Parameters
    ----------
    distances : DataFrame
        `width`, `run` and `distance`, the relative distance in Frobenius norm.
    """
    figure, (ax,) = new_figure()
    means = distances.groupby("width")["distance"].mean()
    slope, offset = np.polyfit(np.log(means.index), np.log(means), 1)
    ax.plot(distances["width"], distances["distance"], ".", color=COLOURS[0], alpha=0.5)
    ax.plot(means.index, means.iloc[0] * (means.index / means.index[0]) ** -0.5, "k--", lw=0.9,
            label=r"$m^{-1/2}$")  # fmt: skip
    ax.plot(means.index, np.exp(offset) * means.index**slope, color=COLOURS[1],
            label=f"fitted slope {slope:.2f}")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="width m", ylabel=r"$\|K_m-K^\infty\|/\|K^\infty\|$")
    ax.legend(frameon=False, fontsize=8)
    return figure


def sphere_spectrum(table: pd.DataFrame) -> Figure:
    """Empirical eigenvalues of every degree, as a range, against the exact one.

    Parameters
    ----------
    table : DataFrame
        What `kernel_regime.analysis.spectrum.compare_on_sphere` returns.
    """
    figure, (ax,) = new_figure()
    errors = [table["mean"] - table["smallest"], table["largest"] - table["mean"]]
    ax.errorbar(table["degree"], table["mean"], errors, fmt="o", color=COLOURS[0], markersize=4,
                label="sample: mean and range")  # fmt: skip
    ax.plot(table["degree"], table["exact"], "_", color=COLOURS[1], markersize=14, label="exact")
    for row in table.itertuples():
        ax.annotate(f"×{row.multiplicity}", (row.degree, row.exact), xytext=(8, 2),
                    textcoords="offset points", fontsize=7)  # fmt: skip
    ax.set(yscale="log", xlabel="degree l", ylabel="eigenvalue")
    ax.legend(frameon=False, fontsize=8)
    return figure
