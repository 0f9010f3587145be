"""Run a job into a file: resume, compute, persist behind the computation, report."""

import logging
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from kernel_regime.gram.executors import compute
from kernel_regime.gram.job import KernelJob
from kernel_regime.gram.locking import exclusive
from kernel_regime.gram.progress import tile_progress
from kernel_regime.gram.resources import check_resources
from kernel_regime.gram.store import Places, Store, claim, is_complete
from kernel_regime.gram.tiles import Tile

Array = NDArray[Any]

# At most this much finished work is lost to a kill; a flush costs milliseconds.
_FLUSH_SECONDS = 1.0

_LOG = logging.getLogger(__name__)


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
        Before the first tile, if the matrix or its tiles do not fit.
    FloatingPointError
        If a kernel value is not finite.
    """
    places = Places(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(places.lock):
        manifest = claim(job, places)
        if manifest.sealed is not None and is_complete(path):
            _LOG.info("%s: complete, nothing to compute", _name(path))
            return
        check_resources(job, manifest.edge, places)
        with Store(places, manifest) as store:
            _compute_missing(job, store, manifest.edge, _name(path))
            store.finish()


def _compute_missing(job: KernelJob, store: Store, edge: int, name: str) -> None:
    grid = job.grid(edge)
    total, kept = len(grid.tiles), len(grid.tiles) - len(store.missing)
    if kept:
        _LOG.info("%s: resuming, %d of %d tiles are there", name, kept, total)
    done, pairs, start = kept, 0, monotonic()
    try:
        with tile_progress(name, grid, store.missing) as advance, Writer(store) as writer:
            for tile, block in compute(job, store.missing):
                writer.put(tile, block)
                advance(tile)
                done, pairs = done + 1, pairs + grid.pairs(tile)
    except KeyboardInterrupt:
        _LOG.warning(
            "%s: interrupted, %d of %d tiles are kept; the same command resumes here",
            name,
            done,
            total,
        )
        raise
    seconds = monotonic() - start
    _LOG.info("%s: %d pairs in %.1f s, %.3g pairs/s", name, pairs, seconds, pairs / seconds)


class Writer:
    """A thread that persists tiles while the next one is computed.

    It holds one tile at a time: `put` waits until the previous one is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: Queue[tuple[Tile, Array] | None] = Queue(maxsize=1)
        self._error: BaseException | None = None
        self._thread = Thread(target=self._persist, name="tile-writer", daemon=True)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def put(self, tile: Tile, block: Array) -> None:
        """Take over a tile.

        Raises
        ------
        OSError
            Whatever went wrong with an earlier tile.
        """
        self._queue.join()
        if self._error is not None:
            raise self._error
        self._queue.put((tile, block))

    def _persist(self) -> None:
        last_flush = monotonic()
        for item in self._items():
            if self._error is None:
                try:
                    if item is not None:
                        self._store.write(*item)
                    if item is None or monotonic() - last_flush > _FLUSH_SECONDS:
                        self._store.flush()
                        last_flush = monotonic()
                except BaseException as error:  # handed over to the computing thread
                    self._error = error
            if item is not None:
                self._queue.task_done()

    def _items(self) -> Iterator[tuple[Tile, Array] | None]:
        """Tiles as they come; None whenever none came for a while, until the end."""
        while True:
            try:
                item = self._queue.get(timeout=_FLUSH_SECONDS)
            except Empty:
                yield None
                continue
            if item is None:
                return
            yield item


def _name(path: Path) -> str:
    """How messages call a matrix: its partition, `train_kernels/level_00/ntk`."""
    return "/".join((*path.parent.parts[-2:], path.stem))
