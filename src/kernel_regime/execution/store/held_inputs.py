"""Inputs of a matrix in the making: whether they are still what its tiles should be made of."""

from collections.abc import Iterable

import numpy as np
from zlib_ng.zlib_ng import adler32

from kernel_regime.core.errors import InputError
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.tiles import Tile

CHANGED = (
    "the inputs of the kernel matrix changed while it was computed, so that no tile of this run "
    "is kept; give KernelJob a copy of the array that is written to"
)


class HeldInputs:
    """Checksums of the row blocks of a job's inputs, taken before its tiles are computed.

    A tile counts only once the row blocks that it came from are found unchanged after it: nobody
    could tell later, when a killed run goes on. Inputs that nobody can write to are not looked at.

    Parameters
    ----------
    job : KernelJob
    tiles : iterable of Tile
        All that may be computed.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> rows = np.ones((3, 2))
    >>> job = KernelJob(Polynomial(degree=1, intercept=0.0), rows)
    >>> tiles = job.grid(edge=2).tiles
    >>> held = HeldInputs(job, tiles)
    >>> rows[2] = 5
    >>> held.require_unchanged(tiles[:1])  # it is of the first two rows
    >>> held.require_unchanged(tiles[1:])
    Traceback (most recent call last):
        ...
    kernel_regime.core.errors.InputError: the inputs of the kernel matrix changed while it was ...
    """

    def __init__(self, job: KernelJob, tiles: Iterable[Tile]) -> None:
        self._job = job
        self._begun = self._checksums(tiles) if job.inputs_may_change else {}

    def require_unchanged(self, tiles: Iterable[Tile]) -> None:
        """Refuse tiles that may have come from other inputs.

        Raises
        ------
        InputError
            If a row block of theirs has changed.
        """
        if not self._begun:
            return
        if any(self._begun[block] != now for block, now in self._checksums(tiles).items()):
            raise InputError(CHANGED)

    def _checksums(self, tiles: Iterable[Tile]) -> dict[tuple[bool, int, int], int]:
        """Of every row block once: whether it is of the columns, its first row and its last."""
        blocks = {
            (of_columns and not self._job.symmetric, rows.start, rows.stop)
            for tile in tiles
            for of_columns, rows in ((False, tile.rows), (True, tile.columns))
        }
        return {block: self._checksum(*block) for block in blocks}

    def _checksum(self, of_columns: bool, start: int, stop: int) -> int:
        samples = self._job.column_samples if of_columns else self._job.rows
        # A twentieth of the time of SHA-256, which matters beside kernels that are one product.
        return adler32(np.ascontiguousarray(samples[start:stop]).data)
