"""Whether a job fits this machine, asked before its first tile."""

import shutil
from errno import EDQUOT, ENOSPC

import psutil

from kernel_regime.core.errors import TooLargeError, UserError
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.matrix_file import file_bytes
from kernel_regime.execution.store.matrix_store import Places
from kernel_regime.execution.store.tiles import buffer_bytes


class DiskTooSmallError(UserError, OSError):
    """The matrix does not fit the disk."""


def check_resources(job: KernelJob, edge: int, places: Places) -> None:
    """Refuse a job that cannot end well.

    Raises
    ------
    DiskTooSmallError
        If the file system has too little room for the rest of the file.
    MemoryError
        If the tile buffers exceed the memory that is free now.
    """
    needed = bytes_to_come(job, places)
    free = shutil.disk_usage(places.final.parent).free
    if needed > free:
        raise DiskTooSmallError(
            f"{places.final}: the matrix needs {_gb(needed)} more, the disk has {_gb(free)} left; "
            "free space, lower data.n_train, or move the data folder to a larger disk"
        )
    buffers = buffer_bytes(edge, job.dtype.itemsize)
    available = psutil.virtual_memory().available
    if buffers > available:
        raise TooLargeError(
            f"{places.final}: tiles of {edge} × {edge} need {_gb(buffers)} of memory, "
            f"{_gb(available)} are free; lower execution.memory"
        )


def disk_filled_up(job: KernelJob, places: Places) -> DiskTooSmallError:
    """What to raise when the disk that had room has none left."""
    return DiskTooSmallError(
        f"{places.final}: the disk filled up while {_gb(bytes_to_come(job, places))} were still to "
        "be written; free that much, then start the same command: it goes on from here"
    )


def is_disk_full(error: OSError) -> bool:
    """Whether the file system, or this user's share of it, has no room left."""
    return error.errno in (ENOSPC, EDQUOT)


def bytes_to_come(job: KernelJob, places: Places) -> int:
    """Bytes of the finished file that are not allocated yet."""
    return max(0, file_bytes(job.shape, job.dtype) - places.allocated())


def _gb(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size > 10**7 else f"{size:,} bytes"
