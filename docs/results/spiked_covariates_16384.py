"""Spiked covariates of paper A at n = 16,384: `python docs/results/spiked_covariates_16384.py`.

Reads what `kedro run --config docs/results/spiked_covariates_16384.yml` wrote; draws
spiked_covariates_16384.png and writes spiked_covariates_16384.csv, both in normalised losses.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import legend_below, new_figure

DATA, EXPERIMENT = Path("data"), "spiked_covariates"
PLATEAUS = {1: "nothing", 2 / 3: "degree 2", 1 / 3: "degree 3"}
"""Normalised loss where a method has learned the target up to some degree."""

labels = np.load(DATA / "03_primary" / EXPERIMENT / "test_labels.npy")
curves = pd.read_parquet(DATA / "07_model_output" / EXPERIMENT / "phase_curves.parquet")
scores = ["score", "score_low", "score_high"]
curves[scores] /= (labels**2).mean()
curves = curves.sort_values(["value", "method"])
curves["d_eff"] = np.maximum(16, 1024 ** (1 - curves["value"])).round()
here = Path(__file__)
columns = ["value", "d_eff", "method", *scores]
curves[columns].to_csv(here.with_suffix(".csv"), index=False, float_format="%.4g")

figure, (axes,) = new_figure(1)
styles = line_styles(curves["method"].unique())
for method, curve in curves.groupby("method"):
    errors = [curve["score"] - curve["score_low"], curve["score_high"] - curve["score"]]
    axes.errorbar(
        *(curve["value"], curve["score"], errors),
        **{"color": styles[method]["color"], "marker": "s", "lw": 1.5},
        label=method_name(str(method)),
    )
for loss, learned in PLATEAUS.items():
    axes.axhline(loss, color="black", lw=0.7, ls=":")
    axes.annotate(f"{learned} learned", (0.1, loss), ha="left", va="bottom")
axes.set(xlabel="κ", ylabel="test loss / E y²")
legend_below(figure, axes)
figure.savefig(here.with_suffix(".png"))
