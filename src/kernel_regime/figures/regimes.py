"""Where each network stands between the kernel regime and feature learning."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.style import line_styles, new_figure

_LABELS = {
    "drift": "NTK drift  ‖K_T − K_0‖ / ‖K_0‖",
    "gap": "distance from the linearisation",
}


def regimes(regime: pd.DataFrame, noise_levels: pd.DataFrame, noise: str) -> Figure:
    """NTK drift and distance from the linearisation over the noise levels, with thresholds.

    Parameters
    ----------
    regime : DataFrame
        `level`, `network`, `drift`, `gap` and their intervals, and the thresholds
        `kernel_below` and `features_above` of the verdict.
    noise_levels : DataFrame
        `level`, `value`.
    noise : str
        What the noise level measures, for the horizontal axes.
    """
    figure, axes = new_figure(1, 2)
    if regime.empty:
        figure.suptitle("no verdict: every training diverged, or none was on the square loss")
        return figure
    styles = line_styles(regime["network"])
    for ax, measure in zip(axes, _LABELS, strict=True):
        for network, rows in regime.merge(noise_levels).sort_values("value").groupby("network"):
            spread = (rows[f"{measure}_high"] - rows[measure]).replace(np.inf, 0)
            low = spread.clip(upper=0.999 * rows[measure])
            ax.errorbar(
                rows["value"], rows[measure], [low, spread], label=network, **styles[str(network)]
            )
        kernel_below, features_above = (
            regime[column].max() for column in ("kernel_below", "features_above")
        )
        ax.axhspan(features_above, 1e3, color="#D55E00", alpha=0.07, lw=0)
        ax.axhspan(1e-6, kernel_below, color="#0072B2", alpha=0.07, lw=0)
        ax.set_yscale("log")
        values = np.append(regime[measure].to_numpy(float), [kernel_below, features_above])
        ax.set_ylim(max(values.min(), 1e-5) / 2, values.max() * 3)
        ax.set_xlabel(noise)
        ax.set_ylabel(_LABELS[measure])
    axes[0].legend(frameon=False, fontsize=8, title="blue: kernel regime, red: feature learning")
    return figure
