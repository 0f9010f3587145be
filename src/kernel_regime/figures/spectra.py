"""Eigenvalues against rank, on logarithmic axes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, levels_of, new_figure, noise_titles

INITIAL = ".initial"
"""Ends the source of a network's spectrum before training."""


def eigenvalue_decay(
    spectra: pd.DataFrame, summary: pd.DataFrame, noise_levels: pd.DataFrame
) -> Figure:
    """λ_k/λ₁ of kernels and fresh networks: a panel per level, runs as bands, power laws dotted.

    Spectra of kernels too large for more than an estimate of their density are dashed.

    Parameters
    ----------
    spectra : DataFrame
        `level`, `source`, `run`, `index`, `eigenvalue`; trained networks are left out.
    summary : DataFrame
        `level`, `source`, `run`, `method`, `round_off`, and the `power_law_` columns.
    noise_levels : DataFrame
        `level`, `value`.
    """
    return _decays(spectra[~_trained(spectra)], summary, noise_levels)


def training_spectra(
    spectra: pd.DataFrame, summary: pd.DataFrame, noise_levels: pd.DataFrame
) -> Figure:
    """The same of trained networks, before training (dashed) and after it (solid)."""
    return _decays(spectra[_trained(spectra)], summary, noise_levels)


def _trained(spectra: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows belong to networks that were trained, before or after."""
    initial = spectra["source"].str.endswith(INITIAL)
    names = set(spectra.loc[initial, "source"].str.removesuffix(INITIAL))
    return initial | spectra["source"].isin(names)


def _decays(spectra: pd.DataFrame, summary: pd.DataFrame, noise_levels: pd.DataFrame) -> Figure:
    titles = noise_titles(noise_levels)
    levels = levels_of(spectra, noise_levels)
    figure, axes = new_figure(1, max(len(levels), 1), sharey=True, height=4.0)
    if not levels:
        figure.suptitle("nothing to show: every training diverged")
        return figure
    colours = _colours(spectra)
    for ax, level in zip(axes, levels, strict=True):
        for source, table in spectra[spectra["level"] == level].groupby("source"):
            fits = summary[(summary["level"] == level) & (summary["source"] == source)]
            _draw_source(ax, str(source), table, fits, colours[str(source)])
        ax.set(xscale="log", yscale="log", xlabel="rank k", title=titles[level])
        ax.legend(frameon=False, fontsize=7, loc="lower left")
    axes[0].set_ylabel(r"eigenvalue $\lambda_k/\lambda_1$")
    return figure


def _colours(table: pd.DataFrame) -> dict[str, str]:
    """A colour for every source; a network has the same before and after training."""
    sources = sorted(table["source"].unique())
    names = sorted({source.removesuffix(INITIAL) for source in sources})
    return {s: COLOURS[names.index(s.removesuffix(INITIAL)) % len(COLOURS)] for s in sources}


def _draw_source(
    ax: Axes, source: str, table: pd.DataFrame, fits: pd.DataFrame, colour: str
) -> None:
    """Median over runs, their range, and the fit with its exponent."""
    wide = table.pivot(index="index", columns="run", values="eigenvalue").dropna()
    relative = wide / wide.iloc[0]
    floor = float(fits["round_off"].max() / fits["largest"].min())
    relative = relative[relative.min(axis=1) > max(floor, 0)]
    middle = relative.median(axis=1)
    exponent = fits["power_law_exponent"].mean()
    name = source if np.isnan(exponent) else rf"{source}  $k^{{-{exponent:.2f}}}$"
    estimated = (fits["method"] == "density").any()
    name += " (estimated density)" if estimated else ""
    dashed = estimated or source.endswith(INITIAL)
    ax.plot(
        relative.index, middle, "--" if dashed else "-", color=colour, linewidth=1.3, label=name
    )
    if relative.shape[1] > 1:
        low, high = relative.min(axis=1), relative.max(axis=1)
        ax.fill_between(relative.index, low, high, color=colour, alpha=0.2, linewidth=0)
    if not np.isnan(exponent):
        ranks = np.array([fits["power_law_first"].max(), fits["power_law_last"].min()])
        inside = middle[(middle.index >= ranks[0]) & (middle.index <= ranks[1])]
        if len(inside):
            centre = np.exp(np.log(inside.index.to_numpy()).mean())
            level = np.exp(np.log(inside).mean())
            line = level * (ranks / centre) ** -exponent
            ax.plot(ranks, line, color=colour, linewidth=0.9, linestyle=":")


def target_power(power: pd.DataFrame, noise_levels: pd.DataFrame) -> Figure:
    """How much of the labels lies outside the top k eigenvectors; networks at start dashed."""
    titles = noise_titles(noise_levels)
    levels = levels_of(power, noise_levels)
    figure, axes = new_figure(1, len(levels), sharey=True, height=4.0)
    colours = _colours(power)
    for ax, level in zip(axes, levels, strict=True):
        for source, table in power[power["level"] == level].groupby("source"):
            left = 1 - table.groupby("index")["power"].mean()
            left = left[left > 1e-4]
            dashes = "--" if str(source).endswith(INITIAL) else "-"
            ax.plot(left.index, left, dashes, color=colours[str(source)], lw=1.3, label=str(source))
        ax.set(xscale="log", yscale="log", xlabel="rank k", title=titles[level])
        ax.legend(frameon=False, fontsize=7, loc="lower left")
    axes[0].set_ylabel("share of the labels beyond the top k")
    return figure
