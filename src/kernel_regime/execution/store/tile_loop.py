"""The loop over the tiles of matrices: compute what is missing, persist it behind, report."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from time import monotonic

from kernel_regime.core.arrays import Array
from kernel_regime.core.progress import progress
from kernel_regime.execution.store.job import KernelJob, TileTask
from kernel_regime.execution.store.matrix_store import Store
from kernel_regime.execution.store.tiles import Tile
from kernel_regime.execution.store.writer import Writer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class OpenMatrix:
    """A matrix that is being filled: what messages call it, its job, and its store."""

    name: str
    job: KernelJob
    store: Store


def compute_missing(matrices: Sequence[OpenMatrix], edge: int) -> None:
    """All missing tiles of matrices that one pass computes, each for those that miss it."""
    job, name = matrices[0].job, " and ".join(matrix.name for matrix in matrices)
    grid = job.grid(edge)
    kept = {matrix.name: len(grid.tiles) - len(matrix.store.missing) for matrix in matrices}
    for own, number in kept.items():
        if number:
            logger.info("%s: resuming, %d of %d tiles are there", own, number, len(grid.tiles))
    missing = [(matrix, {tile.key for tile in matrix.store.missing}) for matrix in matrices]
    wanted = {
        tile.key: [matrix for matrix, keys in missing if tile.key in keys] for tile in grid.tiles
    }
    tiles = [tile for tile in grid.tiles if wanted[tile.key]]
    to_come = sum(grid.pairs(tile) * len(wanted[tile.key]) for tile in tiles)
    pairs, start = 0, monotonic()
    try:
        with progress(name, to_come, "pairs") as advance, ExitStack() as writing:
            writers = {
                matrix.name: writing.enter_context(closing(Writer(matrix.store)))
                for matrix in matrices
            }
            for tile, blocks in _compute(job, tiles, lambda tile: wanted[tile.key]):
                for matrix, block in zip(wanted[tile.key], blocks, strict=True):
                    writers[matrix.name].put(tile, block)
                    kept[matrix.name] += 1
                advance(grid.pairs(tile) * len(blocks))
                pairs += grid.pairs(tile) * len(blocks)
            for writer in writers.values():
                writer.finish()
    except KeyboardInterrupt:
        for own, number in kept.items():
            logger.warning(
                "%s: interrupted, %d of %d tiles are kept; the same command resumes here",
                *(own, number, len(grid.tiles)),
            )
        raise
    seconds = monotonic() - start
    logger.info("%s: %d pairs in %.1f s, %.3g pairs/s", name, pairs, seconds, pairs / seconds)


def _compute(
    job: KernelJob, tiles: Iterable[Tile], wanted: Callable[[Tile], Sequence[OpenMatrix]]
) -> Iterator[tuple[Tile, list[Array]]]:
    """Finished tiles of the matrices that want them, in the order in which they get ready."""

    def task(tile: Tile) -> TileTask:
        return job.task(tile, [matrix.job.kernel for matrix in wanted(tile)])

    if job.execution.engine == "dask":
        from kernel_regime.execution.dask_cluster import run_on_dask

        yield from run_on_dask(job.execution, tiles, lambda tile: (TileTask.compute, (task(tile),)))
        return
    for tile in tiles:  # kernels use all cores themselves
        yield tile, task(tile).compute()
