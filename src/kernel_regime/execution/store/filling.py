"""Filling a matrix file by a job: resume, compute, persist behind the computation, report."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.progress import progress
from kernel_regime.execution.store.finished import is_complete
from kernel_regime.execution.store.held_inputs import CHANGED, HeldInputs
from kernel_regime.execution.store.job import Fingerprint, KernelJob, TileTask
from kernel_regime.execution.store.locking import exclusive
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.execution.store.matrix_store import Store, claim
from kernel_regime.execution.store.resources import (
    check_disk,
    check_memory,
    disk_filled_up,
    is_disk_full,
)
from kernel_regime.execution.store.tiles import Tile
from kernel_regime.execution.store.writer import Writer

logger = logging.getLogger(__name__)


def fill(job: KernelJob, path: str | os.PathLike[str]) -> None:
    """Make the file at `path` the matrix of `job`, computing only what is not there yet.

    Kill it at any moment and call it again: the finished file is bit-identical to that of an
    undisturbed run. A second process waits for the first.

    Parameters
    ----------
    job : KernelJob
        What to compute, and where.
    path : path-like
        The `.npy` file; its folder is created.

    Raises
    ------
    MatrixRefusedError
        If another, expensive matrix is stored there.
    DiskTooSmallError, TooLargeError
        Before the first tile, if the matrix or its tiles do not fit; later, if something else
        fills the disk.
    NotFiniteError
        If a kernel value is not finite.
    InputError
        If the inputs changed while they were used.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.execution.store import open_matrix
    >>> from kernel_regime.kernels import Polynomial
    >>> path = Path(tempfile.mkdtemp()) / "kernel.npy"
    >>> fill(KernelJob(Polynomial(degree=1, intercept=0.0), [[1.0], [2.0]]), path)
    >>> open_matrix(path).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    if job.execution.engine == "dask":
        from kernel_regime.execution.dask_cluster import end_if_starting_up

        end_if_starting_up()  # before the lock, which the computation that it is for holds
    places, fingerprint = Places(Path(path)), job.fingerprint()
    if _is_stored(places, fingerprint):
        logger.info("%s: complete, nothing to compute", places.label)
        return
    with _folder(places.final.parent), exclusive(places.lock):
        if _is_stored(places, fingerprint):
            logger.info("%s: complete by now, nothing to compute", places.label)
            return
        _fill(job, fingerprint, places)


def _is_stored(places: Places, fingerprint: Fingerprint) -> bool:
    """Whether the matrix of a job is there: where it is, nothing need be written or locked."""
    manifest = read_manifest(places.manifest)
    return (
        manifest is not None and manifest.fingerprint == fingerprint and is_complete(places.final)
    )


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """Create a folder; if the block fails and leaves it empty, remove what was created."""
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # something lies in it
            for path in created:
                path.rmdir()
        raise


def _fill(job: KernelJob, fingerprint: Fingerprint, places: Places) -> None:
    manifest = claim(job, fingerprint, places)
    check_disk(job, places.final)
    check_memory(job, manifest.edge, places.final)
    try:
        inputs = HeldInputs(job, job.grid(manifest.edge).tiles)
        with closing(Store(places, manifest, inputs)) as store:
            with _held_inputs(job, fingerprint, store):
                _compute_missing(job, store, manifest.edge, places.label)
            store.finish()
    except OSError as error:
        if is_disk_full(error):
            raise disk_filled_up(job, places) from error
        raise


@contextmanager
def _held_inputs(job: KernelJob, fingerprint: Fingerprint, store: Store) -> Iterator[None]:
    """Keep no tile of inputs that somebody changed in place while tiles were computed of them."""
    try:
        yield
    except BaseException:
        if job.inputs_may_change and job.fingerprint() != fingerprint:
            store.discard()
        raise
    if job.inputs_may_change and job.fingerprint() != fingerprint:
        store.discard()
        raise InputError(CHANGED)


def _compute_missing(job: KernelJob, store: Store, edge: int, name: str) -> None:
    grid = job.grid(edge)
    total, kept = len(grid.tiles), len(grid.tiles) - len(store.missing)
    if kept:
        logger.info("%s: resuming, %d of %d tiles are there", name, kept, total)
    done, pairs, start = kept, 0, monotonic()
    to_come = sum(grid.pairs(tile) for tile in store.missing)
    try:
        with (
            progress(name, to_come, "pairs") as advance,
            closing(Writer(store)) as writer,
        ):
            for tile, block in _compute(job, store.missing):
                writer.put(tile, block)
                advance(grid.pairs(tile))
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


def _compute(job: KernelJob, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, Array]]:
    """Finished tiles, in the order in which they get ready."""
    if job.execution.engine == "dask":
        from kernel_regime.execution.dask_cluster import run_on_dask

        yield from run_on_dask(
            job.execution, tiles, lambda tile: (TileTask.compute, (job.task(tile),))
        )
        return
    for tile in tiles:  # kernels use all cores themselves
        yield tile, job.task(tile).compute()
