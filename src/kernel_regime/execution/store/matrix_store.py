"""Store of one kernel matrix on disk while it is filled, and who may replace what.

While it is being filled the file is called `….npy.partial`; the finished name appears in one
step. Whoever finds the `.npy` therefore never reads a half-filled matrix by mistake.
"""

import logging
import time
from contextlib import closing

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.execution.store.finished import missing_tiles, seal_file
from kernel_regime.execution.store.held_inputs import HeldInputs
from kernel_regime.execution.store.job import Fingerprint, KernelJob
from kernel_regime.execution.store.locking import exclusive
from kernel_regime.execution.store.manifest import (
    Manifest,
    Places,
    boot_id,
    differences,
    read_manifest,
)
from kernel_regime.execution.store.matrix_file import NpyFile
from kernel_regime.execution.store.tiles import Tile

# A matrix that took longer is not thrown away without being asked.
CHEAP_SECONDS = 60.0

logger = logging.getLogger(__name__)


class MatrixRefusedError(InputError):
    """Another matrix is stored under this name, and it is not ours to replace.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from kernel_regime.execution.store import fill
    >>> from kernel_regime.kernels import Polynomial
    >>> path = Path(tempfile.mkdtemp()) / "kernel.npy"
    >>> np.save(path, np.eye(2))  # nobody knows how long that took
    >>> fill(KernelJob(Polynomial(degree=2, intercept=0.0), [[1.0], [2.0]]), path)
    Traceback (most recent call last):
    ...
    kernel_regime.execution.store.matrix_store.MatrixRefusedError: ...holds another matrix...
    """


def claim(job: KernelJob, fingerprint: Fingerprint, places: Places) -> Manifest:
    """The manifest under which a job may fill `places`: the recorded one, or a new one.

    Raises
    ------
    MatrixRefusedError
        If a matrix of other inputs is stored there that took more than `CHEAP_SECONDS`, or one
        without manifest, unless the job says overwrite.
    """
    recorded = read_manifest(places.manifest)
    if recorded is not None and recorded.fingerprint == fingerprint:
        return recorded
    if recorded is None:
        unknown = places.final.exists()
        reason = "there is no readable manifest that says what it holds"
    else:
        unknown = recorded.seconds > CHEAP_SECONDS
        reason = differences(recorded.fingerprint, fingerprint)
        reason += f" (computing it took {recorded.seconds:.0f} s)"
    if unknown and not job.execution.overwrite:
        raise MatrixRefusedError(
            f"{places.final} holds another matrix: {reason}; set `execution: {{overwrite: true}}` "
            "to replace it, or give the run its own `experiment` in conf/<env>/globals.yml"
        )
    if recorded is not None or unknown:
        logger.info("%s: replacing the stored matrix: %s", places.final.name, reason)
    return Manifest(fingerprint, job.tile_edge())


def remove_matrix(places: Places) -> None:
    """Remove a finished matrix; its manifest still says what it was, and is found by it."""
    with exclusive(places.lock):
        places.final.unlink(missing_ok=True)
        manifest = read_manifest(places.manifest)
        if manifest is not None:
            Manifest(manifest.fingerprint, manifest.edge).write(places.manifest)


class Store:
    """One matrix being filled, under the lock of its `Places`; `close` it in any case.

    Parameters
    ----------
    places : Places
        Where.
    manifest : Manifest
        From `claim`.
    inputs : HeldInputs
        Asked before tiles are marked as done.
    """

    def __init__(self, places: Places, manifest: Manifest, inputs: HeldInputs) -> None:
        self._places, self._manifest, self._inputs = places, manifest, inputs
        self._pending: list[tuple[Tile, int]] = []
        self._written: set[str] = set()
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
        """Mark what is written as done, and let go of the file; without any tile, remove it."""
        with closing(self._file):
            self.flush()
        if not self._manifest.checksums:
            self._places.partial.unlink(missing_ok=True)
            self._places.manifest.unlink(missing_ok=True)

    def write(self, tile: Tile, values: Array) -> None:
        """Hand a tile to the file system; `flush` makes it count."""
        mirrored = self._manifest.grid.is_mirrored(tile)
        self._pending.append((tile, self._file.write(tile, values, mirrored)))
        self._written.add(tile.key)

    def flush(self) -> None:
        """Mark the tiles written so far as done.

        The file system may still hold their bytes in memory: they outlive this process, and what
        a power cut takes of them is found by the checksums. To wait for the disk would triple the
        time of a kernel that is little more than a matrix product.

        Raises
        ------
        InputError
            If the inputs of a tile have changed: none of these tiles is marked.
        """
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        self._inputs.require_unchanged(tile for tile, _ in pending)
        self._manifest.checksums |= {tile.key: checksum for tile, checksum in pending}
        self._manifest.seconds = time.monotonic() - self._start
        self._manifest.write(self._places.manifest)

    def discard(self) -> None:
        """Forget the tiles that were written since this store was opened."""
        self._pending.clear()
        for key in self._written:
            self._manifest.checksums.pop(key, None)
        self._manifest.write(self._places.manifest)

    def finish(self) -> None:
        """Give the complete file its final name and remember when it was last written to."""
        self.flush()
        self._file.close()
        sealed = seal_file(self._places.partial)
        self._places.partial.replace(self._places.final)
        self._manifest.sealed, self._manifest.boot = sealed, boot_id()
        self._manifest.write(self._places.manifest)
