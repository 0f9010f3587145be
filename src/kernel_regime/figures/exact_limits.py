"""Spectra and kernels against what is known exactly: the sphere, and infinite width."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.style import (
    COLOURS,
    fitted_slope,
    legend_below,
    mark_values,
    new_figure,
    tidy_log_ticks,
)


@register_figure("convergence")
def width_convergence_of_kernels(shallow_convergence: pd.DataFrame) -> Figure:
    """Distance of shallow ReLU kernels from their arc-cosine limit over width m; points are single
    networks, the dashed line is the rate of theory.

    Parameters
    ----------
    shallow_convergence : DataFrame
        `width`, `run` and `distance`, the relative distance in Frobenius norm.
    """
    figure, (ax,) = new_figure()
    distances = shallow_convergence
    means = distances.groupby("width")["distance"].mean()
    slope, offset = fitted_slope(means)
    ax.plot(distances["width"], distances["distance"], ".", color=COLOURS[0], alpha=0.5,
            label="networks")  # fmt: skip
    ax.plot(means.index, means.iloc[0] * (means.index / means.index[0]) ** -0.5, "k--", lw=0.9,
            label=r"$m^{-1/2}$")  # fmt: skip
    ax.plot(means.index, np.exp(offset) * means.index**slope, color=COLOURS[1],
            label=f"fitted slope {slope:.2f}")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="width $m$")
    ax.set_ylabel(r"$\|K_m-K^\infty\|/\|K^\infty\|$")
    legend_below(figure, ax)
    tidy_log_ticks(figure)
    mark_values(ax, distances["width"])
    return figure


@register_figure("sphere")
def sphere_eigenvalues(sphere_spectrum: pd.DataFrame) -> Figure:
    """Eigenvalues of a kernel on points uniform on a sphere, by degree: mean and range of the
    sample's, beside the exact one; numbers are multiplicities.

    Parameters
    ----------
    sphere_spectrum : DataFrame
        What `kernel_regime.analysis.spectrum.compare_on_sphere` returns.
    """
    table = sphere_spectrum
    figure, (ax,) = new_figure()
    errors = [table["mean"] - table["smallest"], table["largest"] - table["mean"]]
    ax.errorbar(table["degree"], table["mean"], errors, fmt="o", color=COLOURS[0], markersize=4,
                label="sample: mean and range")  # fmt: skip
    ax.plot(table["degree"], table["exact"], "_", color=COLOURS[1], markersize=14, label="exact")
    for row in table.itertuples():
        ax.annotate(f"×{row.multiplicity}", (row.degree, row.exact), xytext=(8, 2),
                    textcoords="offset points", fontsize=8)  # fmt: skip
    ax.set(yscale="log", xlabel="degree $l$", ylabel="eigenvalue", xticks=table["degree"])
    ax.margins(x=0.12)
    legend_below(figure, ax)
    tidy_log_ticks(figure)
    return figure
