"""Run a job into a file: resume, compute, persist behind the computation, report."""

import logging
from contextlib import closing
from pathlib import Path
from time import monotonic

from kernel_regime.execution.store.executors import compute
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.locking import exclusive
from kernel_regime.execution.store.matrix_store import Places, Store, claim, is_complete
from kernel_regime.execution.store.resources import check_resources, disk_filled_up, is_disk_full
from kernel_regime.execution.store.tile_progress import tile_progress
from kernel_regime.execution.store.writer import Writer

logger = logging.getLogger(__name__)


def fill(job: KernelJob, path: Path) -> None:
    """Make the file at `path` the matrix of `job`, computing only what is not there yet.

    Kill it at any moment and call it again: the finished file is bit-identical to that of an
    undisturbed run. A second process waits for the first.

    Parameters
    ----------
    job : KernelJob
        What to compute, and where.
    path : Path
        The `.npy` file; its folder is created.

    Raises
    ------
    MatrixRefusedError
        If another, expensive matrix is stored there.
    DiskTooSmallError, MemoryError
        Before the first tile, if the matrix or its tiles do not fit; later, if something else
        fills the disk.
    FloatingPointError
        If a kernel value is not finite.
    """
    places = Places(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(places.lock):
        manifest = claim(job, places)
        if manifest.sealed is not None and is_complete(path):
            logger.info("%s: complete, nothing to compute", _name(path))
            return
        check_resources(job, manifest.edge, places)
        try:
            with closing(Store(places, manifest)) as store:
                _compute_missing(job, store, manifest.edge, _name(path))
                store.finish()
        except OSError as error:
            if is_disk_full(error):
                raise disk_filled_up(job, places) from error
            raise


def _compute_missing(job: KernelJob, store: Store, edge: int, name: str) -> None:
    grid = job.grid(edge)
    total, kept = len(grid.tiles), len(grid.tiles) - len(store.missing)
    if kept:
        logger.info("%s: resuming, %d of %d tiles are there", name, kept, total)
    done, pairs, start = kept, 0, monotonic()
    try:
        with (
            tile_progress(name, grid, store.missing) as advance,
            closing(Writer(store)) as writer,
        ):
            for tile, block in compute(job, store.missing):
                writer.put(tile, block)
                advance(tile)
                done, pairs = done + 1, pairs + grid.pairs(tile)
            writer.finish()
    except KeyboardInterrupt:
        logger.warning(
            "%s: interrupted, %d of %d tiles are kept; the same command resumes here",
            name,
            done,
            total,
        )
        raise
    seconds = monotonic() - start
    logger.info("%s: %d pairs in %.1f s, %.3g pairs/s", name, pairs, seconds, pairs / seconds)


def _name(path: Path) -> str:
    """How messages call a matrix: its partition, `train_kernels/level_0/ntk`."""
    return "/".join((*path.parent.parts[-2:], path.stem))
