"""Eigenvalues and target power against rank, on logarithmic axes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kernel_regime.figures.kinds import register_figure
from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import (
    empty_figure,
    legend_under,
    levels_of,
    new_figure,
    noise_titles,
    set_title,
    tidy_log_ticks,
)

INITIAL = ".initial"
"""Ends the source of a network's spectrum before training."""


@register_figure("spectra")
def eigenvalue_decay(
    spectra: pd.DataFrame, spectral_summary: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Eigenvalues of kernels and of networks at initialisation, relative to the largest: shaded
    areas are the range over runs, dotted lines fitted power laws, dashed lines estimated densities.

    Parameters
    ----------
    spectra : DataFrame
        `level`, `source`, `run`, `index`, `eigenvalue`; trained networks are left out.
    spectral_summary : DataFrame
        `level`, `source`, `run`, `method`, `largest` (eigenvalue), `round_off`, and the
        `power_law_` columns.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    return _decays(spectra[~_trained(spectra)], spectral_summary, noise_levels, noise)


@register_figure("training_spectra")
def training_spectra(
    spectra: pd.DataFrame, spectral_summary: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Eigenvalues of the trained networks' tangent kernels, relative to the largest: dashed before
    training, solid after it, shaded areas the range over seeds, dotted lines fitted power laws."""
    return _decays(spectra[_trained(spectra)], spectral_summary, noise_levels, noise)


def _trained(spectra: pd.DataFrame) -> "pd.Series[bool]":
    """Which rows belong to networks that were trained, before or after."""
    initial = spectra["source"].str.endswith(INITIAL)
    names = set(spectra.loc[initial, "source"].str.removesuffix(INITIAL))
    return initial | spectra["source"].isin(names)


def _decays(
    spectra: pd.DataFrame, summary: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """A plot per level: every source with its runs and its power law."""
    titles, levels = noise_titles(noise_levels, noise), levels_of(spectra, noise_levels)
    if not levels:
        return empty_figure("nothing to show: every training diverged")
    figure, axes = new_figure(1, len(levels), sharey=True, height=4.4)
    colours = _colours(spectra)
    for ax, level in zip(axes, levels, strict=True):
        for source, table in spectra[spectra["level"] == level].groupby("source"):
            fits = summary[(summary["level"] == level) & (summary["source"] == source)]
            _draw_source(ax, str(source), table, fits, colours[str(source)])
        _finish(ax, titles[level])
    axes[0].set_ylabel(r"eigenvalue $\lambda_k/\lambda_1$")
    tidy_log_ticks(figure)
    return figure


def _finish(ax: Axes, title: str) -> None:
    ax.set(xscale="log", yscale="log", xlabel="rank $k$")
    set_title(ax, title)
    legend_under(ax)


def _colours(table: pd.DataFrame) -> dict[str, str]:
    """A colour for every source; a network has the same before and after training."""
    networks = {str(source): source.removesuffix(INITIAL) for source in table["source"].unique()}
    styles = line_styles(networks.values())
    return {source: styles[name]["color"] for source, name in networks.items()}


def _draw_source(
    ax: Axes, source: str, table: pd.DataFrame, fits: pd.DataFrame, colour: str
) -> None:
    """Median over runs, their range, and the fit with its exponent."""
    wide = table.pivot(index="index", columns="run", values="eigenvalue").dropna()
    relative = wide / wide.iloc[0]
    round_off = float(fits["round_off"].max() / fits["largest"].min())
    relative = relative[relative.min(axis=1) > max(round_off, 0)]
    middle = relative.median(axis=1)
    exponent = fits["power_law_exponent"].mean()
    estimated = (fits["method"] == "density").any()
    name = _name(source) + ("" if np.isnan(exponent) else rf"  $k^{{-{exponent:.2f}}}$")
    name += " (estimated density)" if estimated else ""
    dashes = "--" if estimated or source.endswith(INITIAL) else "-"
    ax.plot(relative.index, middle, dashes, color=colour, linewidth=1.3, label=name)
    if relative.shape[1] > 1:
        low, high = relative.min(axis=1), relative.max(axis=1)
        ax.fill_between(relative.index, low, high, color=colour, alpha=0.2, linewidth=0)
    if not np.isnan(exponent):
        _draw_power_law(ax, middle, fits, exponent, colour)


def _draw_power_law(
    ax: Axes, middle: "pd.Series[float]", fits: pd.DataFrame, exponent: float, colour: str
) -> None:
    """The fitted law through the middle of its ranks."""
    ranks = np.array([fits["power_law_first"].max(), fits["power_law_last"].min()])
    inside = middle[(middle.index >= ranks[0]) & (middle.index <= ranks[1])]
    if len(inside):
        centre = np.exp(np.log(inside.index.to_numpy()).mean())
        level = np.exp(np.log(inside).mean())
        line = level * (ranks / centre) ** -exponent
        ax.plot(ranks, line, color=colour, linewidth=0.9, linestyle=":")


def _name(source: str) -> str:
    """A source in words."""
    trained = source.removesuffix(INITIAL)
    name = method_name(trained)
    return name if trained == source else f"{name} at initialisation"


@register_figure("target_power")
def target_power_decay(
    target_power: pd.DataFrame, noise_levels: pd.DataFrame, noise: str
) -> Figure:
    """Share of the targets' power that lies outside the top k eigenvectors of every kernel and
    tangent kernel; networks at initialisation dashed.

    Parameters
    ----------
    target_power : DataFrame
        `level`, `source`, `run`, `index`, `power`.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures.
    """
    titles, levels = noise_titles(noise_levels, noise), levels_of(target_power, noise_levels)
    if not levels:
        return empty_figure("nothing to show: no spectrum has eigenvectors")
    figure, axes = new_figure(1, len(levels), sharey=True, height=4.4)
    colours = _colours(target_power)
    for ax, level in zip(axes, levels, strict=True):
        for source, table in target_power[target_power["level"] == level].groupby("source"):
            left = 1 - table.groupby("index")["power"].mean()
            left = left[left > 1e-4]
            dashes = "--" if str(source).endswith(INITIAL) else "-"
            name = _name(str(source))
            ax.plot(left.index, left, dashes, color=colours[str(source)], lw=1.3, label=name)
        _finish(ax, titles[level])
    axes[0].set_ylabel("share of the targets' power beyond the top $k$")
    tidy_log_ticks(figure)
    return figure
