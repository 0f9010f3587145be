"""One thread for BLAS, while threads of our own share the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits

_lock = Lock()
_users = 0
_limit: threadpool_limits | None = None


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Let BLAS use one thread within the block; safe in several threads at once.

    The limit belongs to the process. If every block kept and restored it by itself, one that ends
    after a neighbour began would leave it at one for good, so the blocks are counted: the first
    sets the limit, the last lifts it.

    Examples
    --------
    >>> with single_blas_thread():
    ...     pass
    """
    global _users, _limit
    with _lock:
        if not _users:
            _limit = threadpool_limits(1, user_api="blas")
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users and _limit is not None:
                _limit.restore_original_limits()
                _limit = None
