"""Disk space and memory: whether jobs fit this machine, asked before the first tile."""

import shutil
from errno import EDQUOT, ENOSPC
from pathlib import Path

import psutil

from kernel_regime.core.errors import TooLargeError, UserError
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places
from kernel_regime.execution.store.matrix_file import file_bytes
from kernel_regime.execution.store.tiles import buffer_bytes

_MARGIN = 2 * 10**9
"""Bytes of a large disk that kernels leave to everything else; of a small one, a twentieth."""


class DiskTooSmallError(UserError, OSError):
    """The matrix does not fit the disk.

    Examples
    --------
    >>> issubclass(DiskTooSmallError, OSError)  # caught together with a disk that filled up
    True
    """


def check_disk(job: KernelJob, path: Path) -> None:
    """Refuse a matrix that does not fit the disk.

    Raises
    ------
    DiskTooSmallError
        If the file system has too little space left for what is still to be written.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.kernels import Polynomial
    >>> samples = np.broadcast_to(np.ones((1, 1), np.float32), (10**8, 1))  # 40 petabytes
    >>> check_disk(KernelJob(Polynomial(degree=1), samples), Path("kernel.npy"))
    Traceback (most recent call last):
    ...
    kernel_regime.execution.store.resources.DiskTooSmallError: kernel.npy: the matrix needs ...
    """
    needed, free = bytes_to_come(job, Places(path)), free_bytes(path.parent)
    if needed > free:
        raise DiskTooSmallError(
            f"{path}: the matrix needs {readable_bytes(needed)} more, the disk has "
            f"{readable_bytes(free)} left; free space, lower data.n_train, or move the data folder "
            "to a larger disk"
        )


def check_memory(job: KernelJob, edge: int, path: Path) -> None:
    """Refuse tiles that do not fit the memory that is free now.

    Raises
    ------
    TooLargeError
    """
    buffers = buffer_bytes(edge, job.dtype.itemsize)
    available = psutil.virtual_memory().available
    if buffers > available:
        raise TooLargeError(
            f"{path}: tiles of {edge} × {edge} need {readable_bytes(buffers)} of memory, "
            f"{readable_bytes(available)} are free; lower execution.memory"
        )


def disk_filled_up(job: KernelJob, places: Places) -> DiskTooSmallError:
    """What to raise when the disk that had space has none left."""
    missing = readable_bytes(bytes_to_come(job, places))
    return DiskTooSmallError(
        f"{places.final}: the disk filled up while {missing} were still to be written; free "
        "that much, then start the same command: it goes on from here"
    )


def is_disk_full(error: OSError) -> bool:
    """Whether the file system, or this user's share of it, has nothing left."""
    return error.errno in (ENOSPC, EDQUOT)


def bytes_to_come(job: KernelJob, places: Places) -> int:
    """Bytes of the finished file that are not allocated yet."""
    return max(0, file_bytes(job.shape, job.dtype) - places.allocated())


def free_bytes(folder: Path) -> int:
    """Bytes left on the file system on which a folder lies, or will lie."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


def bytes_allowed(folder: Path, limit: int | None, allocated: int) -> int:
    """Bytes that kernels may still write into a folder, where they have already so many.

    Examples
    --------
    >>> bytes_allowed(Path(), limit=10, allocated=4)
    6
    """
    free = free_bytes(folder)
    allowed = free - min(_MARGIN, free // 20)
    return allowed if limit is None else min(allowed, limit - allocated)


def readable_bytes(size: int) -> str:
    """A size for messages: 1.50 GB, or all digits of a small one."""
    return f"{size / 1e9:.2f} GB" if size > 10**7 else f"{size:,} bytes"
