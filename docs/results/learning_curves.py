"""Forecasts from 500 and 2,000 labels against regressions on up to 30,000 images.

`python docs/results/learning_curves.py` writes learning_curves.csv and learning_curves.png beside
this file. Kernels and losses are kept under data/06_models/learning_curves, so that a run that was
killed goes on. It reads MNIST and CIFAR-10 as `kedro download` leaves them.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.analysis.hermite_eigenstructure import HermiteEigenstructure
from kernel_regime.analysis.hermite_forecast import HermiteForecast
from kernel_regime.core.arrays import Array
from kernel_regime.datasets import CifarDataset, IdxDataset
from kernel_regime.evaluation import encode_targets
from kernel_regime.evaluation.scores import squared_errors
from kernel_regime.execution.results import Results
from kernel_regime.execution.store import KernelJob, fill, open_matrix
from kernel_regime.figures.style import (
    COLOURS,
    key,
    legend_below,
    mark_values,
    new_figure,
    tidy_log_ticks,
)
from kernel_regime.kernels import FullyConnectedNTK, Kernel, Laplace
from kernel_regime.noise.transforms import centre_and_scale
from kernel_regime.regression import fit_ridge_path

LABELS, TEST, MODES = (500, 2000), 2000, 200_000
SIZES = (100, 300, 1000, 3000, 8000, 16000, 30000)
RIDGES = (1e-3, 1e-1, 10.0)  # in units of the kernel's diagonal
DIRECT = 8000  # samples up to which the kernel is reduced, exactly, in memory
RAW, KEPT = Path("data/01_raw"), Path("data/06_models/learning_curves")
CIFAR = {"path": str(RAW / "cifar-10-batches-py"), "classes": ["cat", "airplane"], "grey": True}
DATA = {
    "MNIST": (partial(IdxDataset, path=str(RAW / "mnist")), 10),
    "CIFAR-2": (partial(CifarDataset, **CIFAR), 2),
}
keep = Results(KEPT).get
STUDIES = [
    ("MNIST", "three-layer NTK", FullyConnectedNTK(3), 30000),
    ("MNIST", "Laplace", Laplace(1.0), 8000),
    ("CIFAR-2", "three-layer NTK", FullyConnectedNTK(3), 8000),
    ("CIFAR-2", "Laplace", Laplace(1.0), 8000),
]


def load(data: str, split: str, most: int) -> tuple[Array, Array]:
    """Images of norm √d in random order, float32, and targets."""
    dataset, classes = DATA[data]
    samples = dataset(split=split).load()
    chosen = np.random.default_rng(0).permutation(len(samples.labels))[:most]
    images = centre_and_scale(np.asarray(samples.inputs[chosen], np.float32))
    return images.reshape(len(chosen), -1), encode_targets(samples.labels[chosen], classes)


def measure(samples: list[Array], kernel: Kernel, path: Path, n: int) -> dict[str, Array]:
    """Test losses (ridges,) of regression on the first n samples that have no part in forecasts."""
    x, y, x_test, y_test = samples
    fill(KernelJob(kernel, x), path)
    ridges = kernel.diagonal(x[:1])[0] * np.array(RIDGES)
    solver = "direct" if n <= DIRECT else "iterative"
    fitted = fit_ridge_path(open_matrix(path)[:n, :n], y[:n], ridges, solver=solver)
    predictions = fitted.predict(kernel.cross(x_test, x[:n]))
    return {"losses": squared_errors(predictions, y_test).mean(axis=1)}


def study(data: str, kernel: Kernel, most: int) -> Iterator[pd.DataFrame]:
    """Forecasts from several numbers of labels, and measured losses, a table per n."""
    x, y = load(data, "train", max(LABELS) + most)
    samples = [x[max(LABELS) :], y[max(LABELS) :], *load(data, "test", TEST)]
    structure = HermiteEigenstructure.of(kernel, x, MODES)
    forecasts = {p: HermiteForecast.of(structure, x[:p], y[:p]) for p in LABELS}
    path = KEPT / f"{data}_{kernel.kind}.npy"
    for n in (size for size in SIZES if size <= most):
        what = {"what": "measured", "data": data, "kernel": kernel.identity(), "most": most}
        found = keep({**what, "n": n}, partial(measure, samples, kernel, path, n))
        ridges = kernel.diagonal(x[:1])[0] * np.array(RIDGES)
        losses = {f"from_{p}": [f.loss(n, ridge) for ridge in ridges] for p, f in forecasts.items()}
        yield pd.DataFrame({"n": n, "ridge": RIDGES, "measured": found["losses"], **losses})


tables = {
    (data, name): pd.concat(study(data, kernel, most), ignore_index=True)
    for data, name, kernel, most in STUDIES
}
table = pd.concat(tables, names=["data", "kernel"]).droplevel(2).reset_index()
here = Path(__file__)
table.round(5).to_csv(here.with_suffix(".csv"), index=False)

figure, axes = new_figure(1, len(STUDIES), width=3.1, height=3.4)
for ax, ((data, name), part) in zip(axes, tables.items(), strict=True):
    for colour, (_, curve) in zip(COLOURS, part.groupby("ridge"), strict=False):
        ax.plot(curve["n"], curve["measured"], "o", color=colour, markersize=4)
        for p, dashes in zip(LABELS, (":", "-"), strict=True):
            ax.plot(curve["n"], curve[f"from_{p}"], dashes, color=colour)
    ax.set(xscale="log", yscale="log", xlabel="training samples $n$")
    ax.set_title(f"{data}, {name}", fontsize=9)
    mark_values(ax, part["n"])
axes[0].set_ylabel("test squared loss")
labels = [key(f"ridge {ridge:g}", color=c) for ridge, c in zip(RIDGES, COLOURS, strict=False)]
labels += [key(f"from {p} labels", linestyle=d) for p, d in zip(LABELS, (":", "-"), strict=True)]
legend_below(figure, [*labels, key("measured", marker="o", lw=0, markersize=4)], columns=6)
tidy_log_ticks(figure)
figure.savefig(here.with_suffix(".png"))
