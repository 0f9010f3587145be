"""20,000² matrices through the tile store, against memory and the bare disk; and Dask."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.harness import Row, compare, emit, seconds
from kernel_regime.gram import Execution, KernelJob, fill
from kernel_regime.kernels import FullyConnectedNTK, MyrtleNTK
from kernel_regime.kernels.base import Array

SAMPLES, FEATURES = 20_000, 784
IMAGES, SIDE = 256, 32
KERNEL = FullyConnectedNTK(layers=4)
WORK = f"fully-connected NTK, {SAMPLES}², d={FEATURES}"
MEMORY_DISK = Path("/dev/shm")


def through_the_store(job: KernelJob, where: Path) -> None:
    """Compute a job into a fresh file and remove it."""
    with TemporaryDirectory(dir=where) as folder:
        fill(job, Path(folder) / "kernel.npy")


def written(matrix: Array) -> None:
    """The values alone, in one piece, written and on the disk."""
    with (
        TemporaryDirectory(dir=Path.cwd()) as folder,
        (Path(folder) / "values").open("wb", buffering=0) as file,
    ):
        for rows in np.array_split(matrix, 100):
            file.write(rows.data)
        os.fsync(file.fileno())


def stored(samples: Array, where: Path, required: float | None = None) -> Row:
    """Time of the whole matrix in a file, over that in memory."""
    place = "in a file in memory" if where == MEMORY_DISK else "durably on disk"
    return compare(
        f"{WORK}, stored {place}",
        lambda: through_the_store(KernelJob(KERNEL, samples), where),
        "the same kernel held in memory",
        lambda: KERNEL(samples),
        required=required,
        repeats=3,
    )


def against_the_disk(samples: Array) -> Row:
    """The store with all that it computes, over the bare disk."""
    matrix = KERNEL(samples)
    return compare(
        f"{WORK}, stored durably on disk",
        lambda: through_the_store(KernelJob(KERNEL, samples), Path.cwd()),
        "the disk alone: the finished values written and synced",
        lambda: written(matrix),
        repeats=3,
    )


def dask() -> Row:
    """Two single-thread workers over one, once each: tiles of 32 × 32 images."""
    images = np.random.default_rng(0).standard_normal((IMAGES, SIDE, SIDE, 3)).astype(np.float32)
    memory = 6 * 4 * 32**2

    def action(count: int, workers: int) -> Callable[[], None]:
        execution = Execution(engine="dask", workers=workers, memory=memory)
        job = KernelJob(MyrtleNTK(), images[:count], execution=execution)
        return partial(through_the_store, job, Path.cwd())

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
    samples = np.random.default_rng(0).standard_normal((SAMPLES, FEATURES)).astype(np.float32)
    rows = [stored(samples, Path.cwd(), 1 / 1.3), against_the_disk(samples)]
    if MEMORY_DISK.is_dir():
        # What the store itself adds shows where no disk is in the way.
        rows.append(stored(samples, MEMORY_DISK))
    emit([*rows, dask()])


if __name__ == "__main__":
    main()
