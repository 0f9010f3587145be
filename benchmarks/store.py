"""20,000² matrices through the tile store, against the same in memory; and Dask."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.harness import Row, emit, seconds
from kernel_regime.core.arrays import Array
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels.base import Kernel
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNTK
from kernel_regime.kernels.dense.fully_connected_kernels import FullyConnectedNTK
from kernel_regime.kernels.random_features_kernel import RandomFeatures

SAMPLES = 20_000
IMAGES, SIDE = 256, 32


def through_the_store(job: KernelJob) -> None:
    """Compute a job into a fresh file here and remove it."""
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        fill(job, Path(folder) / "kernel.npy")


def saved(kernel: Kernel, samples: Array) -> None:
    """What one does without a store: nothing can be resumed, and the matrix must fit memory."""
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        np.save(Path(folder) / "kernel.npy", kernel(samples))


def stored(name: str, kernel: Kernel, features: int) -> list[Row]:
    """Time of the whole matrix in a file, over that in memory, and over that and `numpy.save`.

    Not in turn, as other rows: writing 1.6 GB leaves the system at work on memory and disk, which
    would slow the kernel in memory down that came next.
    """
    samples = np.random.default_rng(0).standard_normal((SAMPLES, features)).astype(np.float32)
    work = f"{name}, {SAMPLES}², d={features}, through the store"
    actions = (
        lambda: kernel(samples),
        lambda: saved(kernel, samples),
        lambda: through_the_store(KernelJob(kernel, samples)),
    )
    held, plain, ours = (median([seconds(action) for _ in range(4)][1:]) for action in actions)
    return [
        Row(work, ours, "the same kernel held in memory", held, required=1 / 1.3),
        Row(work, ours, "held in memory, then numpy.save", plain),
    ]


def dask() -> Row:
    """Two single-thread workers over one, once each: tiles of 32 × 32 images."""
    images = np.random.default_rng(0).standard_normal((IMAGES, SIDE, SIDE, 3)).astype(np.float32)
    memory = 6 * 4 * 32**2

    def action(count: int, workers: int) -> Callable[[], None]:
        execution = Execution(engine="dask", workers=workers, memory=memory)
        job = KernelJob(MyrtleNTK(), images[:count], execution=execution)
        return partial(through_the_store, job)

    for workers in (2, 1):
        action(64, workers)()  # starts the cluster, loads the compiled code
    two, one = (seconds(action(IMAGES, workers)) for workers in (2, 1))
    return Row(
        work=f"Myrtle-5 NTK, {IMAGES} images, 2 Dask workers",
        ours=two,
        against="1 worker",
        other=one,
        note="one run each",
    )


def main() -> None:
    ntk, features = FullyConnectedNTK(layers=4), RandomFeatures(width=8192)
    rows = [
        *stored("fully-connected NTK", ntk, 784),
        *stored("fully-connected NTK", ntk, 3072),
        *stored("random features, N=8192", features, 784),
    ]
    emit([*rows, dask()])


if __name__ == "__main__":
    main()
