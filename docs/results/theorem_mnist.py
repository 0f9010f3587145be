"""Theorem of paper B on MNIST: `python docs/results/theorem_mnist.py`.

Reads what `kedro run --config docs/results/theorem_mnist.yml` wrote, and writes, beside this file,
theorem_mnist.csv (rates over eigenvalues, learned on held-out inputs) and three figures.
"""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from kernel_regime.figures.spectral_bias import bound_sides, width_convergence
from kernel_regime.figures.style import COLOURS, MARKERS, legend_under, new_figure

TABLES = Path("data/07_model_output/mnist")


def rates_by_width(modes: pd.DataFrame) -> Figure:
    """Fitted rates over eigenvalues, mode by mode, of networks of every width and of the kernel."""
    figure, axes = new_figure(1, 2)
    for ax, (labels, table) in zip(axes, modes.groupby("labels", sort=False), strict=True):
        for width, rates in table.groupby("width"):
            place = sorted(modes["width"].unique()).index(width)
            name = f"width {width}" if width else "kernel"
            style = {"color": COLOURS[place], "marker": MARKERS[place]}
            ax.plot(rates["mode"], rates["ratio"], label=name, **style)
        ax.axhline(1, color="black", lw=0.8)
        ax.set(xlabel="mode", ylabel=r"rate / $\sigma_i$", title=f"{labels} labels", ylim=(0, 1.5))
        legend_under(ax)
    return figure


here = Path(__file__)
modes, bounds, widths = (
    pd.read_parquet(TABLES / f"spectral_bias{part}.parquet") for part in ("", "_bounds", "_widths")
)
learned = modes[modes["measure"] == "learned"].sort_values("labels", ascending=False)
columns = ["labels", "learner", "width", "mode", "eigenvalue", "ratio", "r_squared", "runs"]
learned[columns].to_csv(here.with_suffix(".csv"), index=False, float_format="%.4g")
for name, figure in (
    ("rates", rates_by_width(learned)),
    ("bounds", bound_sides(bounds)),
    ("widths", width_convergence(widths)),
):
    figure.savefig(here.with_name(f"{here.stem}_{name}.png"))
