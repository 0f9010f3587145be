"""Lock of one matrix: one writer at a time."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; wait, and say so, while another process holds it.

    The lock is the operating system's own: it dies with its process, so that a killed run leaves
    a file but no lock, and a restart never has to guess whether the owner still lives.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "kernel.lock"
    >>> with exclusive(path):
    ...     path.read_text() == str(os.getpid())
    True
    """
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = _owner(path)
        logger.warning(
            "%s: process %s is at work on this matrix; going on after it", path.stem, owner
        )
        lock.acquire()
    with _released(lock, path):
        yield


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock file at `path` if nobody else does and its folder may be written to."""
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    with _released(lock, path):
        yield True


def _lock(path: Path) -> FileLock:
    return FileLock(path, on_acquired=_sign)


def _sign(descriptor: int) -> None:
    """Say in the lock file whose it is."""
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())


@contextmanager
def _released(lock: FileLock, path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        # Still held: who opened the file before finds that it has no name any more, and starts
        # over. Where open files cannot be removed, it stays.
        with suppress(OSError):
            path.unlink()
        lock.release()


def _owner(path: Path) -> str:
    with suppress(OSError):  # gone by now, or, on Windows, not to be read
        return path.read_text() or "unknown"
    return "unknown"
