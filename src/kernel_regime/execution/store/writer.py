"""Persisting tiles behind the computation."""

from queue import Queue
from threading import Thread
from time import monotonic

from kernel_regime.core.arrays import Array
from kernel_regime.execution.store.matrix_store import Store
from kernel_regime.execution.store.tiles import Tile

# Tiles that end sooner after a flush wait for the next: a kill loses no more than this of them.
FLUSH_SECONDS = 0.5


class Writer:
    """A thread that persists tiles while the next one is computed.

    It holds one tile at a time: `put` waits until the previous one is written.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: Queue[tuple[Tile, Array] | None] = Queue(maxsize=1)
        self._error: BaseException | None = None
        self._flushed = monotonic()
        self._thread = Thread(target=self._run, name="tile-writer", daemon=True)
        self._thread.start()

    def put(self, tile: Tile, values: Array) -> None:
        """Take over a tile, once the one before is written.

        Raises
        ------
        OSError
            Whatever went wrong with an earlier tile.
        """
        self.finish()
        self._queue.put((tile, values))

    def finish(self) -> None:
        """Wait until all tiles are written; raises what `put` raises."""
        self._queue.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._write(*item)
                except BaseException as error:
                    self._error = error  # for the computing thread
            self._queue.task_done()

    def _write(self, tile: Tile, values: Array) -> None:
        self._store.write(tile, values)
        if monotonic() - self._flushed > FLUSH_SECONDS:
            self._store.flush()
            self._flushed = monotonic()

    def close(self) -> None:
        """Wait for the thread even through a second Ctrl-C: the file closes after it."""
        interrupted = False
        while self._thread.is_alive():
            try:
                self._queue.put(None)
                self._thread.join()
            except KeyboardInterrupt:
                interrupted = True
        if interrupted:
            raise KeyboardInterrupt
