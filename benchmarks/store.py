"""20,000² matrices through the tile store, against the same in memory; and Dask."""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.harness import Row, emit, seconds
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.kernels.base import Kernel
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNTK
from kernel_regime.kernels.dense.fully_connected_kernels import FullyConnectedNTK
from kernel_regime.kernels.random_features_kernel import RandomFeatures

SAMPLES = 20_000
IMAGES, SIDE = 1024, 16


def into_a_file(write: Callable[[Path], None]) -> float:
    """Seconds of writing a fresh file here; to remove it afterwards is no part."""
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        return seconds(lambda: write(Path(folder) / "kernel.npy"))


def stored(name: str, kernel: Kernel, features: int) -> list[Row]:
    """Time of the whole matrix in a file, over that in memory, and over that and `numpy.save`.

    Not in turn, as other rows: writing 1.6 GB leaves the system at work on memory and disk, which
    would slow the kernel in memory down that came next.
    """
    samples = np.random.default_rng(0).standard_normal((SAMPLES, features)).astype(np.float32)
    work = f"{name}, {SAMPLES}², d={features}, through the store"
    job = KernelJob(kernel, samples)
    times = (
        lambda: seconds(lambda: kernel(samples)),
        # What one does without a store: nothing can be resumed, and the matrix must fit memory.
        lambda: into_a_file(lambda path: np.save(path, kernel(samples))),
        lambda: into_a_file(lambda path: fill(job, path)),
    )
    held, plain, ours = (median([time() for _ in range(4)][1:]) for time in times)
    return [
        Row(work, ours, "the same kernel held in memory", held, required=1 / 1.3),
        Row(work, ours, "held in memory, then numpy.save", plain),
    ]


def dask() -> Row:
    """Two single-thread workers over one, once each: tiles of 128 × 128 images."""
    images = np.random.default_rng(0).standard_normal((IMAGES, SIDE, SIDE, 3)).astype(np.float32)

    def time(count: int, workers: int) -> float:
        execution = Execution(engine="dask", workers=workers)
        job = KernelJob(MyrtleNTK(), images[:count], execution=execution)
        return into_a_file(lambda path: fill(job, path))

    for workers in (2, 1):
        time(64, workers)  # starts the cluster, loads the compiled code
    two, one = (time(IMAGES, workers) for workers in (2, 1))
    return Row(
        work=f"Myrtle-5 NTK, {IMAGES} images of {SIDE}x{SIDE}, 2 Dask workers",
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
