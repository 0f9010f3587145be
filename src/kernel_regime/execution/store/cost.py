"""What a matrix will cost, before it is computed."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.execution.store.job import KernelJob, compute_tile
from kernel_regime.execution.store.manifest import read_manifest
from kernel_regime.execution.store.matrix_file import file_bytes
from kernel_regime.execution.store.matrix_store import Places, edge_for
from kernel_regime.execution.store.tiles import buffer_bytes
from kernel_regime.kernels.base import Kernel

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
    gigabytes : float
        Size of the file.
    peak_memory : float
        Gigabytes of tile buffers, besides the inputs and some 0.2 GB of libraries.
    tiles, done : int
        Number of tiles, and how many an earlier run has left.
    """

    pairs: int
    pairs_per_second: float
    hours: float
    gigabytes: float
    peak_memory: float
    tiles: int
    done: int


def forecast_cost(job: KernelJob, path: Path, pairs_per_second: float) -> CostForecast:
    """What filling `path` with `job` will take at a rate from `measure_rate`."""
    places = Places(path)
    manifest = read_manifest(places.manifest)
    edge = edge_for(job)
    done: set[str] = set()
    if manifest is not None and manifest.fingerprint == job.fingerprint:
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
        peak_memory=buffer_bytes(edge, job.dtype.itemsize) / 1e9,
        tiles=len(grid.tiles),
        done=len(done),
    )


def measure_rate(job: KernelJob) -> float:
    """Pairs per second on a tile off the diagonal, grown until it takes a fifth of a second."""
    rows, columns = job.rows, job.rows if job.columns is None else job.columns
    limit, edge = edge_for(job), _FIRST_PROBE
    _probe(job.kernel, _first(rows, edge), _first(columns, edge))  # compiles
    while True:
        x1, x2 = _first(rows, edge), _first(columns, edge)
        seconds = _probe(job.kernel, x1, x2)
        if seconds < 10 * _PROBE_SECONDS:  # a hiccup of the machine, or threads that start
            seconds = min(seconds, _probe(job.kernel, x1, x2))
        if seconds > _PROBE_SECONDS or edge >= min(limit, max(len(rows), len(columns))):
            return len(x1) * len(x2) / seconds
        edge = min(2 * edge, limit)


def _probe(kernel: Kernel, x1: Array, x2: Array) -> float:
    """Seconds for one tile."""
    start = perf_counter()
    compute_tile(kernel, x1, x2)
    return perf_counter() - start


def _first(samples: Array, count: int) -> Array:
    return np.array(samples[:count])
