"""Finished matrices: whether one is whole, opening it, and what it took."""

import os
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from kernel_regime.core.arrays import MappedArray
from kernel_regime.core.errors import UserError
from kernel_regime.execution.store.locking import held_if_free
from kernel_regime.execution.store.manifest import Manifest, Places, boot_id, read_manifest
from kernel_regime.execution.store.matrix_file import NpyFile
from kernel_regime.execution.store.tiles import Tile

_SECOND = 10**9

# Found whole by a full read that could not be recorded: state of file and manifest then.
_whole: dict[Path, tuple[int, ...]] = {}


class MissingMatrixError(UserError, FileNotFoundError):
    """A matrix that is not there, or not finished, or no longer what was written.

    Examples
    --------
    >>> open_matrix("no/such/kernel.npy")
    Traceback (most recent call last):
    ...
    kernel_regime.execution.store.finished.MissingMatrixError: no/such/kernel.npy...
    """


def is_complete(path: str | os.PathLike[str]) -> bool:
    """Whether a finished, undamaged matrix lies at `path`.

    A file that nobody wrote to since it was sealed is believed, as long as the machine runs on;
    any other is read once in full and compared with its checksums.

    Examples
    --------
    >>> is_complete("no/such/kernel.npy")
    False
    """
    places = Places(Path(path))
    manifest = read_manifest(places.manifest)
    if manifest is None or manifest.sealed is None or not places.final.is_file():
        return False
    untouched = places.final.stat().st_mtime_ns == manifest.sealed and manifest.boot == boot_id()
    if untouched or _whole.get(places.final) == _state(places):
        return True
    with held_if_free(places.lock) as held:
        return _is_whole(places, seal=held)


def open_matrix(path: str | os.PathLike[str]) -> MappedArray:
    """The finished matrix at `path`, memory-mapped read-only.

    Raises
    ------
    MissingMatrixError
        If it is missing, unfinished or damaged.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.execution.store import KernelJob, fill
    >>> from kernel_regime.kernels import Polynomial
    >>> path = Path(tempfile.mkdtemp()) / "kernel.npy"
    >>> fill(KernelJob(Polynomial(degree=2, intercept=0.0), [[1.0], [2.0]]), path)
    >>> open_matrix(path).flags.writeable
    False
    """
    if not is_complete(path):
        raise MissingMatrixError(
            f"{path}: the kernel matrix is missing, unfinished or damaged; run the "
            "kernel_generation pipeline, which computes what is missing"
        )
    matrix: MappedArray = np.load(path, mmap_mode="r")
    return matrix


def seconds_spent(matrix: MappedArray) -> float:
    """Wall-clock seconds that computing a matrix from `open_matrix` took.

    Raises
    ------
    MissingMatrixError
        If its manifest is gone.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.execution.store import KernelJob, fill
    >>> from kernel_regime.kernels import Polynomial
    >>> path = Path(tempfile.mkdtemp()) / "kernel.npy"
    >>> fill(KernelJob(Polynomial(degree=2, intercept=0.0), [[1.0], [2.0]]), path)
    >>> 0 < seconds_spent(open_matrix(path)) < 60
    True
    """
    path = Path(str(matrix.filename))
    manifest = read_manifest(Places(path).manifest)
    if manifest is None:
        raise MissingMatrixError(f"{path}: no manifest beside it; run kernel_generation again")
    return manifest.seconds


def missing_tiles(file: NpyFile, manifest: Manifest) -> list[Tile]:
    """The tiles that were never done, or whose bytes no longer are what was written."""
    grid, done = manifest.grid, manifest.checksums
    return [
        tile
        for tile in grid.tiles
        if tile.key not in done
        or not file.matches(tile, done[tile.key], mirrored=grid.is_mirrored(tile))
    ]


def seal_file(path: Path, before: int | None = None) -> int:
    """Give a file a modification time by which a later write shows, other than `before`."""
    # A whole second: no later write leaves exactly this time behind.
    sealed = time.time_ns() // _SECOND * _SECOND
    sealed -= _SECOND * (sealed == before)
    os.utime(path, ns=(sealed, sealed))
    return sealed


def _is_whole(places: Places, *, seal: bool) -> bool:
    """Read a matrix in full; with `seal`, record in its manifest that it is whole.

    Only who holds the lock may record: the manifest might be another's by now. Where nothing can
    be recorded, in a folder that may only be read for example, this process remembers.
    """
    manifest = read_manifest(places.manifest)
    if manifest is None or not places.final.is_file():
        return False
    sealed = None
    if seal:
        try:  # before reading, so that a write in the meantime shows
            sealed = seal_file(places.final, manifest.sealed)
        except OSError:
            seal = False
    state = _state(places)
    with closing(NpyFile(places.final, manifest.shape, manifest.dtype, writable=False)) as file:
        whole = file.is_framed() and not missing_tiles(file, manifest)
    if whole:
        _whole[places.final] = state
        if seal and places.final.stat().st_mtime_ns == sealed:
            manifest.sealed, manifest.boot = sealed, boot_id()
            manifest.write(places.manifest)
    return whole


def _state(places: Places) -> tuple[int, ...]:
    """What changes with every write to matrix or manifest."""
    found = [path.stat() for path in (places.final, places.manifest)]
    return tuple(n for s in found for n in (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns))
