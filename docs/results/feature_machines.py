"""Feature machines on spiked covariates over d, n and κ: `python docs/results/feature_machines.py`.

Writes feature_machines.csv and feature_machines.png beside this file. Iterations are kept under
data/06_models/feature_machines, so that a run that was killed goes on.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.datasets import SpikedCovariatesDataset
from kernel_regime.execution.results import Results
from kernel_regime.figures.style import legend_below, new_figure
from kernel_regime.noise import spiked_covariates
from kernel_regime.noise.spiked_covariates import signal_dimension
from kernel_regime.regression import (
    FeatureMachine,
    run_feature_machine,
    subspace_overlap,
    top_directions,
)

SIZES = (64, 2000), (1024, 1024), (1024, 4096)  # features, training samples
KAPPAS, TEST = (0.1, 0.3, 0.5, 0.7, 0.9), 2000
KERNELS = {"two-layer NTK": {"kind": "two_layer_ntk"}, "Laplace": {"kind": "laplace"}}
keep = Results("data/06_models/feature_machines").get
rows = []
for (dimension, n), kappa, (name, kernel) in product(SIZES, KAPPAS, KERNELS.items()):
    train, test = (
        SpikedCovariatesDataset(split=split, n_train=n, n_test=TEST, dimension=dimension).load()
        for split in ("train", "test")
    )
    x, new = (spiked_covariates(part.inputs, kappa) for part in (train, test))
    targets, scale = train.labels[:, None], np.mean(test.labels**2)
    machine = FeatureMachine(kernel=kernel, iterations=3)
    for step in run_feature_machine(machine, x, targets, new, keep=keep):
        signal = np.eye(dimension)[:, : signal_dimension(dimension)]
        top = top_directions(step.next_metric, signal.shape[1])
        rows.append({
            "dimension": dimension, "n": n, "kappa": kappa, "kernel": name,
            "iteration": step.iteration,
            "test_loss": np.mean((step.predictions[:, 0] - test.labels) ** 2) / scale,
            "loo_loss": step.scores["loo_loss"].iloc[0] / np.mean(train.labels**2),
            "overlap": subspace_overlap(top, signal),
        })  # fmt: skip
table = pd.DataFrame(rows)
here = Path(__file__)
table.round(4).to_csv(here.with_suffix(".csv"), index=False)

figure, axes = new_figure(2, len(SIZES), width=3.4, height=2.8, sharex=True, sharey="row")
styles = {0: ("kernel regression", ":"), 1: ("iteration 1", "--"), 3: ("iteration 3", "-")}
for column, (dimension, n) in enumerate(SIZES):
    for (name, part), colour in zip(
        table[table["dimension"].eq(dimension) & table["n"].eq(n)].groupby("kernel", sort=False),
        ("C0", "C1"),
        strict=True,
    ):
        for iteration, (label, dashes) in styles.items():
            curve = part[part["iteration"] == iteration]
            for row, measure in enumerate(("test_loss", "overlap")):
                axes[row * len(SIZES) + column].plot(
                    curve["kappa"], curve[measure], dashes, marker="o", markersize=3,
                    color=colour, label=f"{name}, {label}",
                )  # fmt: skip
    axes[column].axhline(1, color="0.5", linewidth=0.8)
    axes[column].set_title(f"d = {dimension}, n = {n}", fontsize=9)
    axes[len(SIZES) + column].set_xlabel("κ")
axes[0].set_ylabel("normalised test loss")
axes[len(SIZES)].set_ylabel("overlap of the metric learned\nthere with the signal")
legend_below(figure, axes[0], columns=3)
figure.savefig(here.with_suffix(".png"))
