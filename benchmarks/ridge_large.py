"""Ridge regression on 60,000 points: a 14.4 GB kernel on disk, 10 outputs, 20 ridges.

Where `kedro download fashion-mnist` has left its files, or a Debian package has, that is the
papers' own task: the two-layer NNGP (`--kernel rf`) or NTK of Fashion-MNIST's 60,000 training
images, whose exact leave-one-out losses are known. Else the 60,000 images of CIFAR-10, grey and
cropped to 28 × 28, and their three-layer NTK, stand in. Images are centred and scaled; the engine
fills the kernel file, and the path is fitted from it. `--points 8000` tries the same on less. The
file is deleted afterwards.
"""

import argparse
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from rich.console import Console
from rich.logging import RichHandler

from kernel_regime.datasets.cifar import CifarDataset
from kernel_regime.datasets.idx import IdxDataset
from kernel_regime.evaluation.targets import encode_targets
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels import FullyConnectedNTK, TwoLayerNNGP, TwoLayerNTK
from kernel_regime.regression.fit import fit_ridge_path, score_path

Array = NDArray[Any]

DATA = Path(__file__).parents[1] / "data"
CIFAR = DATA / "01_raw" / "cifar-10-batches-py"
FASHION = [DATA / "01_raw" / "fashion-mnist", Path("/usr/share/datasets/fashion-mnist")]
KERNELS = {"rf": TwoLayerNNGP(), "ntk": TwoLayerNTK(), "deep": FullyConnectedNTK(3)}
RIDGES = 10 ** np.linspace(-1, 5, 20)
CHECKED, HELD_OUT = 8000, 2000


def images_and_targets(points: int) -> tuple[str, Array, Array]:
    """Name, float32 images (points, 784) of norm 28, and centred one-hot targets."""
    found = [folder for folder in FASHION if folder.is_dir()]
    name = "Fashion-MNIST" if found else "CIFAR-10"
    if found:
        splits = [IdxDataset(str(found[0]), "train").load()]
        images = splits[0].inputs[:points]
    else:
        splits = [CifarDataset(str(CIFAR), split, grey=True).load() for split in ("train", "test")]
        images = np.concatenate([split.inputs[:, 2:30, 2:30] for split in splits])[:points]
    labels = np.concatenate([split.labels for split in splits])[:points]
    images = images.reshape(len(images), -1).astype(np.float32)
    images -= images.mean(axis=1, keepdims=True)
    images *= 28 / np.linalg.norm(images, axis=1, keepdims=True)
    return name, images, encode_targets(labels, 10)


@contextmanager
def measured(console: Console, work: str) -> Iterator[None]:
    """Report the minutes of a block, and its peak resident memory.

    Pages of the mapped kernel file count apart: the system takes them back when it needs them.
    """
    process, peaks, done = psutil.Process(), {"own": 0, "total": 0}, threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            info = process.memory_info()
            peaks["own"] = max(peaks["own"], info.rss - info.shared)
            peaks["total"] = max(peaks["total"], info.rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        yield
    finally:
        minutes = (time.perf_counter() - start) / 60
        done.set()
        watcher.join()
    own, total = (peaks[key] / 1e9 for key in ("own", "total"))
    console.print(
        f"{work}: {minutes:.2f} min, peak resident {own:.2f} GB, with mapped pages {total:.2f} GB"
    )


def agreement(kernel: Array, targets: Array, console: Console) -> None:
    """Compare both solvers on the leading block of the kernel, which is a kernel itself."""
    block = np.ascontiguousarray(kernel[:CHECKED, :CHECKED])
    unseen = np.ascontiguousarray(kernel[CHECKED : CHECKED + HELD_OUT, :CHECKED])
    truth = targets[CHECKED : CHECKED + HELD_OUT]
    tables = []
    for solver in ("direct", "iterative"):
        with measured(console, f"{solver} solver at n = {CHECKED}"):
            path = fit_ridge_path(block, targets[:CHECKED], RIDGES, solver=solver)
        tables.append(score_path(path, path.predict(unseen), truth).drop(columns="solver"))
    direct, iterative = tables
    errors = ["loo_error", "gcv_error"]
    differences = (iterative / direct - 1).drop(columns=errors).abs().max()
    console.print("largest relative difference of the two over the path:")
    console.print(differences.map("{:.1e}".format).to_string())


def main(points: int, kernel_name: str | None) -> None:
    """Build, fit, compare."""
    console = Console(width=110)
    logging.basicConfig(level=logging.INFO, handlers=[RichHandler(console=console)])
    name, images, targets = images_and_targets(points)
    kernel_name = kernel_name or ("rf" if name == "Fashion-MNIST" else "deep")
    with TemporaryDirectory(dir=DATA, prefix="ridge-large-") as folder:
        path = Path(folder) / "kernel.npy"
        work = f"{KERNELS[kernel_name]} of {len(images):,} images of {name}"
        with measured(console, work):
            fill(KernelJob(KERNELS[kernel_name], images), path)
        kernel = open_matrix(path)
        with measured(console, f"{len(RIDGES)} ridges, {targets.shape[1]} outputs"):
            fitted = fit_ridge_path(kernel, targets, RIDGES, solver="iterative")
        table = score_path(fitted, fitted.train_predictions, targets)
        columns = [
            "ridge",
            "train_loss",
            "loo_loss",
            "loo_error",
            "gcv_loss",
            "gcv_error",
            "solver",
        ]
        console.print(table[columns].to_string(index=False))
        if points >= CHECKED + HELD_OUT:
            agreement(kernel, targets, console)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=60_000)
    parser.add_argument("--kernel", choices=KERNELS)
    given = parser.parse_args()
    main(given.points, given.kernel)
