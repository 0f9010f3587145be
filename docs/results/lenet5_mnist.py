"""Spectra of LeNet-5 beside the published ones: `python docs/results/lenet5_mnist.py`.

Reads what `kedro run --config docs/results/lenet5_mnist.yml` wrote, draws lenet5_mnist.png and
writes lenet5_mnist.csv. The published ranges are those of ten runs. So the ranges of ten runs drawn
from ours say how far such a range moves by chance.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.figures.style import new_figure

PUBLISHED = {
    5: (3.6e-3, 1.4e-2),
    10: (1.9e-3, 6.7e-3),
    20: (0.95e-3, 2.8e-3),
    50: (3.2e-4, 8.1e-4),
    100: (1.2e-4, 2.9e-4),
    200: (4.2e-5, 1.0e-4),
    500: (1.0e-5, 2.4e-5),
    1000: (3.1e-6, 6.7e-6),
}
"""Smallest and largest λ_k/λ_1 of ten runs, read off the figure of Bowman and Montúfar."""
SUBSETS = 10_000

spectra = pd.read_parquet("data/07_model_output/mnist/spectra.parquet")
fresh = spectra[spectra["source"] == "lenet5_fresh"]
ratios = fresh.pivot(index="run", columns="index", values="eigenvalue")
ratios = ratios.div(ratios[1], axis=0)

rng = np.random.default_rng(0)
tens = np.array([rng.permutation(len(ratios))[:10] for _ in range(SUBSETS)])
rows = []
for k, (low, high) in PUBLISHED.items():
    drawn = ratios[k].to_numpy()[tens]
    row = {"k": k, "smallest": ratios[k].min(), "largest": ratios[k].max()}
    for name, ends, published in (
        ("smallest", drawn.min(axis=1), low),
        ("largest", drawn.max(axis=1), high),
    ):
        first, last = np.quantile(ends, [0.025, 0.975])
        row |= {f"{name}_of_ten_from": first, f"{name}_of_ten_to": last}
        row |= {f"published_{name}": published}
    rows.append(row)
here = Path(__file__)
pd.DataFrame(rows).map(lambda value: float(f"{value:.3g}")).to_csv(
    here.with_suffix(".csv"), index=False
)

figure, (axes,) = new_figure(1)
ranks = ratios.columns[:1000]
axes.fill_between(ranks, ratios[ranks].min(), ratios[ranks].max(), alpha=0.25, lw=0)
axes.plot(ranks, ratios[ranks].median(), label=f"{len(ratios)} runs, median and range")
low, high = np.transpose(list(PUBLISHED.values()))
axes.vlines(list(PUBLISHED), low, high, color="black", lw=3, label="published, range of ten runs")
axes.set(xscale="log", yscale="log", xlabel="k", ylabel="λ$_k$ / λ$_1$")
axes.legend()
figure.savefig(here.with_suffix(".png"))
