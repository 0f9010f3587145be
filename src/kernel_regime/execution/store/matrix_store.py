"""A kernel matrix on disk: one plain `.npy`, a manifest beside it, and who may replace what.

While it is being filled the file is called `….npy.partial`; the finished name appears in one
step. Whoever finds the `.npy` therefore never reads a half-filled matrix by mistake.
"""

import logging
import os
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Manifest, boot_id, differences, read_manifest
from kernel_regime.execution.store.matrix_file import NpyFile
from kernel_regime.execution.store.tiles import Tile, tile_edge

# A matrix that took longer is not thrown away without being asked.
CHEAP_SECONDS = 60.0
_SECOND = 10**9

logger = logging.getLogger(__name__)


class MatrixRefusedError(InputError):
    """Another matrix is stored under this name, and it is not ours to replace."""


@dataclass(frozen=True)
class Places:
    """Where the parts of one stored matrix lie."""

    final: Path

    @property
    def partial(self) -> Path:
        """The file while it is being filled."""
        return self._beside(".partial")

    @property
    def manifest(self) -> Path:
        """What is known about it."""
        return self._beside(".json")

    @property
    def lock(self) -> Path:
        """Held by the process that fills it."""
        return self._beside(".lock")

    def allocated(self) -> int:
        """Bytes that the matrix, finished or not, already occupies on the disk."""
        blocks = (p.stat().st_blocks for p in (self.final, self.partial) if p.exists())
        return 512 * sum(blocks)

    def _beside(self, suffix: str) -> Path:
        return self.final.with_name(self.final.name + suffix)


def is_complete(path: Path) -> bool:
    """Whether a finished, undamaged matrix lies at `path`.

    A file that nobody wrote to since it was sealed is believed, as long as the machine runs on;
    any other is read once in full and compared with its checksums.
    """
    places = Places(path)
    manifest = read_manifest(places.manifest)
    if manifest is None or manifest.sealed is None or not path.is_file():
        return False
    untouched = path.stat().st_mtime_ns == manifest.sealed
    if untouched and manifest.boot == boot_id():
        return True
    with closing(NpyFile(path, manifest.shape, manifest.dtype, writable=False)) as file:
        whole = file.is_framed() and not missing_tiles(file, manifest)
    if whole and untouched:
        manifest.boot = boot_id()
        manifest.write(places.manifest)
    return whole


def open_matrix(path: Path) -> np.memmap[Any, Any]:
    """The finished matrix at `path`, memory-mapped read-only.

    Raises
    ------
    FileNotFoundError
        If it is missing, unfinished or damaged.
    """
    if not is_complete(path):
        raise FileNotFoundError(
            f"{path}: this kernel matrix is missing, unfinished or damaged; run the "
            "kernel_generation pipeline, which computes only the tiles that are not there"
        )
    return np.load(path, mmap_mode="r")


def seconds_spent(matrix: np.memmap[Any, Any]) -> float:
    """Wall-clock seconds that computing a matrix from `open_matrix` took.

    Raises
    ------
    FileNotFoundError
        If its manifest is gone.
    """
    path = Path(str(matrix.filename))
    manifest = read_manifest(Places(path).manifest)
    if manifest is None:
        raise FileNotFoundError(f"{path}: no manifest beside it; run kernel_generation again")
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


def claim(job: KernelJob, places: Places) -> Manifest:
    """The manifest under which a job may fill `places`: the recorded one, or a new one.

    Raises
    ------
    MatrixRefusedError
        If a matrix of other inputs is stored there that took more than `CHEAP_SECONDS`, or one
        without manifest, unless the job says overwrite.
    """
    recorded = read_manifest(places.manifest)
    if recorded is not None and recorded.fingerprint == job.fingerprint:
        return recorded
    if recorded is None:
        unknown = places.final.exists()
        reason = "there is no readable manifest that says what it holds"
    else:
        unknown = recorded.seconds > CHEAP_SECONDS
        reason = differences(recorded.fingerprint, job.fingerprint)
        reason += f" (computing it took {recorded.seconds:.0f} s)"
    if unknown and not job.execution.overwrite:
        raise MatrixRefusedError(
            f"{places.final} holds another matrix: {reason}; set `execution: {{overwrite: true}}` "
            "to replace it, or give the run its own `experiment` in conf/<env>/globals.yml"
        )
    if recorded is not None or unknown:
        logger.info("%s: replacing the stored matrix: %s", places.final.name, reason)
    return Manifest(job.fingerprint, edge_for(job))


def edge_for(job: KernelJob) -> int:
    """Tile edge of a matrix begun now."""
    memory, largest = job.execution.memory, job.kernel.largest_tile_edge
    return tile_edge(job.shape, job.dtype.itemsize, memory, largest)


class Store:
    """One matrix being filled, under the lock of its `Places`; `close` it in any case.

    Parameters
    ----------
    places : Places
        Where.
    manifest : Manifest
        From `claim`.
    """

    def __init__(self, places: Places, manifest: Manifest) -> None:
        self._places, self._manifest = places, manifest
        self._pending: dict[str, int] = {}
        self._start = time.monotonic() - manifest.seconds
        if read_manifest(places.manifest) != manifest:
            # The old matrix goes before its description does: no file under a wrong one.
            places.final.unlink(missing_ok=True)
            places.partial.unlink(missing_ok=True)
            manifest.write(places.manifest)
        elif places.final.exists():
            places.final.replace(places.partial)
        self._file = NpyFile(places.partial, manifest.shape, manifest.dtype, writable=True)
        self.missing = missing_tiles(self._file, manifest)
        for tile in self.missing:
            manifest.checksums.pop(tile.key, None)

    def close(self) -> None:
        """Mark what is written as done, and let go of the file."""
        with closing(self._file):
            self.flush()

    def write(self, tile: Tile, block: Array) -> None:
        """Hand a tile to the file system; `flush` makes it count."""
        mirrored = self._manifest.grid.is_mirrored(tile)
        self._pending[tile.key] = self._file.write(tile, block, mirrored)

    def flush(self) -> None:
        """Mark the tiles written so far as done.

        The file system may still hold their bytes in memory: they outlive this process, and what
        a power cut takes of them is found by the checksums. Waiting for the disk would triple the
        time of a kernel that is little more than a matrix product.
        """
        if not self._pending:
            return
        self._manifest.checksums |= self._pending
        self._pending.clear()
        self._manifest.seconds = time.monotonic() - self._start
        self._manifest.write(self._places.manifest)

    def finish(self) -> None:
        """Give the complete file its final name and remember when it was last written to."""
        self.flush()
        self._file.close()
        # A whole second: no later write leaves exactly this time behind.
        sealed = time.time_ns() // _SECOND * _SECOND
        os.utime(self._places.partial, ns=(sealed, sealed))
        self._places.partial.replace(self._places.final)
        self._manifest.sealed, self._manifest.boot = sealed, boot_id()
        self._manifest.write(self._places.manifest)
