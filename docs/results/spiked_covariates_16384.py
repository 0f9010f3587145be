"""Spiked covariates of paper A, n = 16,384: `python docs/results/spiked_covariates_16384.py SEED`.

Reads what `kedro run --config` wrote with spiked_covariates_16384.yml (SEED 0, or left out) or
spiked_covariates_16384_again.yml (SEED 1), brings spiked_covariates_16384.csv up to date with it,
in losses over E y², and draws spiked_covariates_16384.png from all draws there.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import legend_below, new_figure

DATA, EXPERIMENT = Path("data"), "spiked_covariates"
PLATEAUS = {1: "nothing", 2 / 3: "degree 2", 1 / 3: "degree 3"}
"""Normalised loss where a method has learned the target up to some degree."""

seed = int(sys.argv[1]) if sys.argv[1:] else 0
labels = np.load(DATA / "03_primary" / EXPERIMENT / "test_labels.npy")
curves = pd.read_parquet(DATA / "07_model_output" / EXPERIMENT / "phase_curves.parquet")
scores = ["score", "score_low", "score_high"]
curves[scores] /= (labels**2).mean()
curves["d_eff"] = np.maximum(16, 1024 ** (1 - curves["value"])).round()
rows = Path(__file__).with_suffix(".csv")
columns = ["value", "d_eff", "method", "seed", *scores]
newest_first = pd.concat([curves.assign(seed=seed)[columns], pd.read_csv(rows)])
table = newest_first.drop_duplicates(["value", "method", "seed"])
table = table.sort_values(["value", "method", "seed"])
table.to_csv(rows, index=False, float_format="%.4g")

figure, (axes,) = new_figure(1)
methods = table["method"].unique()
styles = line_styles(methods)
for (method, draw), curve in table.groupby(["method", "seed"]):
    errors = [curve["score"] - curve["score_low"], curve["score_high"] - curve["score"]]
    place = 0.006 * (list(methods).index(method) - 1)  # side by side
    axes.errorbar(
        *(curve["value"] + place, curve["score"], errors),
        **{"color": styles[method]["color"], "marker": "so"[draw], "lw": 1.5},
        **{"ls": ("-", "--")[draw]},
        label=f"{method_name(str(method))}, draw {draw + 1}",
    )
for loss, learned in PLATEAUS.items():
    axes.axhline(loss, color="black", lw=0.7, ls=":")
    axes.annotate(f"{learned} learned", (0.1, loss), ha="left", va="bottom")
axes.set(xlabel="κ", ylabel="test loss / E y²")
legend_below(figure, axes, columns=2)
figure.savefig(rows.with_suffix(".png"))
