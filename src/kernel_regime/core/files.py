"""Atomic writes, and digests of content."""

import hashlib
import json
import os
import platform
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

import numpy as np
import psutil

from kernel_regime.core.arrays import Array

_ROWS_PER_UPDATE = 4096


@contextmanager
def replacing(path: Path, *, durable: bool = False, partition: bool = False) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` when the block ends well.

    Readers and crashes see the old file or the new one, whole. If the block raises, the old one
    stays and nothing is left behind. The draft of a process that was killed goes with the next
    replacement of the same file.

    Parameters
    ----------
    path : Path
        The file to replace; its folder is created.
    durable : bool
        Whether the new file must survive a power cut from here on.
    partition : bool
        Whether the folder is listed by suffix, so that the draft of a killed process must not end
        like a finished file. It then ends in `.part`, which writers that choose formats by name
        (`numpy.save`, Keras) do not take: give them an open file.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "numbers.txt"
    >>> with replacing(target) as draft:
    ...     _ = draft.write_text("1 2 3")
    >>> target.read_text()
    '1 2 3'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = f"{path.suffix}.part" if partition else f".part{path.suffix}"
    ours = f".{path.stem}.{platform.node()}-"
    _remove_abandoned(path.parent, ours, ending)
    draft = path.with_name(f"{ours}{os.getpid()}{ending}")
    try:
        yield draft
        if durable:
            _sync(draft)
        draft.replace(path)
        if durable:
            _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def write_json(path: Path, content: object, *, durable: bool = False) -> None:
    """Replace a file by `content` as JSON, in one step.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "manifest.json"
    >>> write_json(target, {"tiles": 3})
    >>> json.loads(target.read_text())
    {'tiles': 3}
    """
    with replacing(path, durable=durable) as draft:
        draft.write_text(json.dumps(content, indent=1), encoding="utf-8")


def is_whole_archive(path: Path) -> bool:
    """Whether a zip archive (`.npz`, `.keras`) is there, and every member is what was written.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "numbers.npz"
    >>> np.savez(target, np.arange(3))
    >>> is_whole_archive(target)
    True
    >>> _ = target.write_bytes(target.read_bytes()[:-9])
    >>> is_whole_archive(target)
    False
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error):
        return False
    except RuntimeError:  # of flipped bits by which a member is encrypted, or from a newer version
        return False


def digest(array: Array) -> str:
    """SHA-256 of dtype, shape and values, in hex, without a second copy of the array.

    Examples
    --------
    >>> digest(np.zeros((2, 2))) == digest(np.zeros((2, 2), np.float32))
    False
    """
    state = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    for start in range(0, len(array), _ROWS_PER_UPDATE):
        state.update(np.ascontiguousarray(array[start : start + _ROWS_PER_UPDATE]).data)
    return state.hexdigest()


def _remove_abandoned(folder: Path, beginning: str, ending: str) -> None:
    """Remove drafts whose processes, of this machine, are gone."""
    for draft in folder.glob(f"{escape(beginning)}*{escape(ending)}"):
        process = draft.name[len(beginning) : -len(ending)]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows neither can nor needs to
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
