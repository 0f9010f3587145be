"""A 20,000² matrix through the tile store, against the same kernel held in memory; and Dask."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.harness import Row, compare, emit
from kernel_regime.gram import Execution, KernelJob, fill
from kernel_regime.kernels import FullyConnectedNTK, MyrtleNTK
from kernel_regime.kernels.base import Array, Kernel

SAMPLES, FEATURES = 20_000, 784
IMAGES, SIDE = 96, 32


def through_the_store(job: KernelJob) -> Callable[[], None]:
    """An action that computes a job into a fresh file and removes it."""

    def action() -> None:
        with TemporaryDirectory(dir=Path.cwd()) as folder:
            fill(job, Path(folder) / "kernel.npy")

    return action


def store() -> Row:
    """Time of the whole matrix, on disk and safe, over that in memory."""
    samples = np.random.default_rng(0).standard_normal((SAMPLES, FEATURES)).astype(np.float32)
    kernel = FullyConnectedNTK(layers=4)
    return compare(
        f"fully-connected NTK, {SAMPLES}² stored durably",
        through_the_store(KernelJob(kernel, samples)),
        "the same kernel held in memory",
        lambda: kernel(samples),
        required=1 / 1.3,
        repeats=3,
    )


def dask() -> Row:
    """Two single-thread workers over one."""
    images = np.random.default_rng(0).standard_normal((IMAGES, SIDE, SIDE, 3)).astype(np.float32)
    actions = [through_the_store(small_tiles(MyrtleNTK(), images, workers)) for workers in (2, 1)]
    return compare(
        f"Myrtle-5 NTK, {IMAGES} images, 2 Dask workers",
        actions[0],
        "1 worker",
        actions[1],
        repeats=3,
    )


def small_tiles(kernel: Kernel, images: Array, workers: int) -> KernelJob:
    """A job of tiles of 16 × 16, so that two workers find equal shares."""
    execution = Execution(engine="dask", workers=workers, memory=6 * 4 * 16**2)
    return KernelJob(kernel, images, execution=execution)


if __name__ == "__main__":
    emit([store(), dask()])
