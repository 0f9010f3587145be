"""Lock of one matrix: one writer at a time."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`; wait, and say so, while another process holds it.

    The lock is the kernel's own (`flock`): it dies with its process, so that a killed run leaves
    a file but no lock, and a restart never has to guess whether the owner still lives.
    """
    with _released(_acquire(path, wait=True), path):
        yield


@contextmanager
def held_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock file at `path` if nobody else does and its folder may be written to."""
    try:
        descriptor = _acquire(path, wait=False)
    except OSError:
        yield False
        return
    with _released(descriptor, path):
        yield True


@contextmanager
def _released(descriptor: int, path: Path) -> Iterator[None]:
    try:
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(path: Path, *, wait: bool) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor, path, wait)
            if _is_current(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            raise
        owner = os.pread(descriptor, 20, 0).decode() or "unknown"
        logger.warning("%s: process %s is at work on this matrix; waiting for it", path.stem, owner)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the locked file still has its name: the last owner removed it on leaving."""
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
