"""Persisting tiles behind the computation."""

from collections.abc import Iterator
from queue import Empty, Queue
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any

from numpy.typing import NDArray

from kernel_regime.gram.store import Store
from kernel_regime.gram.tiles import Tile

Array = NDArray[Any]

# At most this much finished work is lost to a kill; a flush costs milliseconds.
FLUSH_SECONDS = 1.0


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
        self._end()
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

    def _end(self) -> None:
        """Wait for the thread even through a second Ctrl-C: it must not outlive the open file."""
        interrupted = False
        while self._thread.is_alive():
            try:
                self._queue.put(None)
                self._thread.join()
            except KeyboardInterrupt:
                interrupted = True
        if interrupted:
            raise KeyboardInterrupt

    def _persist(self) -> None:
        last_flush = monotonic()
        for item in self._items():
            if self._error is None:
                try:
                    if item is not None:
                        self._store.write(*item)
                    if item is None or monotonic() - last_flush > FLUSH_SECONDS:
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
                item = self._queue.get(timeout=FLUSH_SECONDS)
            except Empty:
                yield None
                continue
            if item is None:
                return
            yield item
