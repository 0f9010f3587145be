"""Test loss against the number of training samples: forecast and measured."""

import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.style import COLOURS, MARKERS, new_figure


def learning_curves(curves: pd.DataFrame) -> Figure:
    """Forecast (line), regressions (points with intervals), GCV and KARE (small crosses).

    Parameters
    ----------
    curves : DataFrame
        The table `learning_curves`; the first level is drawn, a panel per kernel.
    """
    chosen = curves[curves["level"] == curves["level"].iloc[0]]
    kernels = list(dict.fromkeys(chosen["kernel"]))
    figure, axes = new_figure(1, len(kernels), width=4.4, height=3.8, sharey=True)
    for ax, kernel in zip(axes, kernels, strict=True):
        for place, (ridge, table) in enumerate(chosen[chosen["kernel"] == kernel].groupby("ridge")):
            colour = COLOURS[place % len(COLOURS)]
            ax.plot(table["n"], table["forecast"], color=colour, label=f"forecast, ridge {ridge:g}")
            errors = table["test_loss"] - table["test_low"]
            ax.errorbar(
                table["n"], table["test_loss"], errors, fmt=MARKERS[place], color=colour,
                markersize=4, linewidth=0.8, label="measured",
            )  # fmt: skip
            ax.plot(table["n"], table["gcv_loss"], "+", color=colour, label="GCV")
            ax.plot(table["n"], table["kare_loss"], "x", color=colour, markersize=4, label="KARE")
        ax.set(xscale="log", yscale="log", xlabel="training samples n", title=kernel)
    axes[0].set_ylabel("test squared loss")
    axes[0].legend(frameon=False, fontsize=7)
    source = int(chosen["forecast_from"].iloc[0])
    figure.suptitle(f"forecast from {source} other samples", fontsize=10)
    return figure
