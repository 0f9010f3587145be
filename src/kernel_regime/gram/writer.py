"""Persisting tiles behind the computation."""

from collections.abc import Callable
from queue import Queue
from threading import Event, Thread
from typing import Any

from numpy.typing import NDArray

from kernel_regime.gram.store import Store
from kernel_regime.gram.tiles import Tile

Array = NDArray[Any]

# At most this much finished work is lost to a kill; a flush costs milliseconds of computation.
FLUSH_SECONDS = 0.5


class Writer:
    """Two threads that persist tiles while the next one is computed.

    One writes: it holds one tile at a time, `put` waits until the previous one is written. One
    flushes now and then: the disk works while the other thread copies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: Queue[tuple[Tile, Array] | None] = Queue(maxsize=1)
        self._error: BaseException | None = None
        self._closing = Event()
        self._writing = Thread(target=self._write, name="tile-writer", daemon=True)
        self._flushing = Thread(target=self._flush, name="tile-flusher", daemon=True)
        self._writing.start()
        self._flushing.start()

    def put(self, tile: Tile, block: Array) -> None:
        """Take over a tile, once the one before is written.

        Raises
        ------
        OSError
            Whatever went wrong with an earlier tile.
        """
        self.finish()
        self._queue.put((tile, block))

    def finish(self) -> None:
        """Wait until all tiles are written; raises what `put` raises."""
        self._queue.join()
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        while (item := self._queue.get()) is not None:
            self._attempt(self._store.write, *item)
            self._queue.task_done()

    def _flush(self) -> None:
        while not self._closing.wait(FLUSH_SECONDS):
            self._attempt(self._store.flush)

    def _attempt(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do it unless something failed before; failures are handed to the computing thread."""
        if self._error is None:
            try:
                action(*arguments)
            except BaseException as error:
                self._error = error

    def close(self) -> None:
        """Wait for the threads even through a second Ctrl-C: the file closes after them."""
        interrupted = False
        while self._writing.is_alive() or self._flushing.is_alive():
            try:
                self._closing.set()
                if self._writing.is_alive():
                    self._queue.put(None)
                self._writing.join()
                self._flushing.join()
            except KeyboardInterrupt:
                interrupted = True
        if interrupted:
            raise KeyboardInterrupt
