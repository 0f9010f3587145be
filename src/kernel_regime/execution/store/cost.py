"""Cost of a matrix before it is computed: pairs, hours, gigabytes, memory."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernel_regime.core.timing import shortest_seconds
from kernel_regime.execution.store.job import KernelJob, TileTask
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.execution.store.matrix_file import file_bytes
from kernel_regime.execution.store.resources import bytes_to_come
from kernel_regime.execution.store.tiles import buffer_bytes

# Probes grow until one takes this long: shorter ones measure start-up, not work.
_PROBE_SECONDS = 0.2
_FIRST_PROBE = 16


@dataclass(frozen=True)
class CostForecast:
    """Cost of one kernel matrix.

    Parameters
    ----------
    pairs : int
        Kernel values to compute in all, by symmetry half of a train matrix.
    pairs_per_second : float
        Measured on a small tile, in this process.
    hours : float
        For the tiles that are not done yet, by this process alone.
    gigabytes, gigabytes_to_come : float
        Size of the file, and how much of it is not on the disk yet.
    peak_memory : float
        Gigabytes of tile buffers, besides the inputs and some 0.2 GB of libraries.
    tiles, done : int
        Number of tiles, and how many an earlier run has left.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> job = KernelJob(Polynomial(degree=1, intercept=0.0), np.ones((30_000, 2)))
    >>> forecast = forecast_cost(job, "no/such/kernel.npy", pairs_per_second=1e6)
    >>> round(forecast.gigabytes, 1), round(forecast.hours, 3)
    (7.2, 0.125)
    """

    pairs: int
    pairs_per_second: float
    hours: float
    gigabytes: float
    gigabytes_to_come: float
    peak_memory: float
    tiles: int
    done: int


def forecast_cost(
    job: KernelJob, path: str | os.PathLike[str], pairs_per_second: float
) -> CostForecast:
    """What filling `path` with `job` will take at a rate from `measure_rate`.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> job = KernelJob(Polynomial(degree=1, intercept=0.0), np.ones((100, 2)))
    >>> forecast_cost(job, "no/such/kernel.npy", pairs_per_second=1e6).pairs
    5050
    """
    places = Places(Path(path))
    manifest = read_manifest(places.manifest)
    edge = job.tile_edge()
    done: set[str] = set()
    if manifest is not None and manifest.fingerprint == job.fingerprint():
        edge = manifest.edge
        if places.final.exists() or places.partial.exists():
            done = set(manifest.checksums)
    grid = job.grid(edge)
    left = sum(grid.pairs(tile) for tile in grid.tiles if tile.key not in done)
    return CostForecast(
        pairs=job.pairs,
        pairs_per_second=pairs_per_second,
        hours=left / pairs_per_second / 3600,
        gigabytes=file_bytes(job.shape, job.dtype) / 1e9,
        gigabytes_to_come=bytes_to_come(job, places) / 1e9,
        peak_memory=buffer_bytes(edge, job.dtype.itemsize) / 1e9,
        tiles=len(grid.tiles),
        done=len(done),
    )


def measure_rate(job: KernelJob, *same_pass: KernelJob) -> float:
    """Pairs per second on a tile off the diagonal, grown until it takes a fifth of a second.

    Of jobs that are filled in the same pass, pairs count for each. No tile is timed when it is
    filled for the first time: JAX compiles anew for every shape.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> job = KernelJob(Polynomial(degree=1, intercept=0.0), np.ones((100, 2)))
    >>> measure_rate(job) > 0
    True
    """
    jobs, limit, edge = (job, *same_pass), job.tile_edge(), _FIRST_PROBE
    while True:
        task = _probe(jobs, edge)
        task.compute()  # compiles
        seconds = shortest_seconds(task.compute)
        if seconds > _PROBE_SECONDS or edge >= min(limit, max(job.shape)):
            rows, columns = job.shape
            return len(jobs) * min(edge, rows) * min(edge, columns) / seconds
        edge = min(2 * edge, limit)


def _probe(jobs: Sequence[KernelJob], edge: int) -> TileTask:
    """A small tile."""
    job, kernels = jobs[0], tuple(one.kernel for one in jobs)
    rows, columns = (np.array(x[:edge]) for x in (job.rows, job.column_samples))
    return TileTask(kernels, job.execution, rows, columns, symmetric=False)
