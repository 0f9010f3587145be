"""Who computes the tiles: this process, or Dask workers."""

from collections.abc import Iterable, Iterator

from kernel_regime.core.arrays import Array
from kernel_regime.execution.store.job import KernelJob, compute_tile
from kernel_regime.execution.store.tiles import Tile


def compute(job: KernelJob, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, Array]]:
    """Finished tiles, in the order in which they get ready."""
    if job.execution.engine == "dask":
        from kernel_regime.execution.dask_cluster import compute_on_dask

        return compute_on_dask(job, tiles)
    return compute_here(job, tiles)


def compute_here(job: KernelJob, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, Array]]:
    """One tile after the other; kernels use all cores themselves."""
    for tile in tiles:
        yield tile, compute_tile(job.kernel, *job.samples(tile))
