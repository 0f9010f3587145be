"""A kernel matrix before it exists: which kernel, between which samples."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.tiles import Tile, TileGrid
from kernel_regime.kernels.base import Kernel

_HASH_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class KernelJob:
    """The kernel matrix between `rows` and `columns`, or of `rows` with themselves.

    A job is a description: it is cheap to make, holds its inputs by reference (memory-mapped
    ones stay on disk) and computes one tile at a time when asked. It is deliberately not
    callable: Kedro calls callables while saving partitions.

    Parameters
    ----------
    kernel : Kernel
        What to evaluate.
    rows : array (n, ...)
        Samples of the rows, float32 or float64; the matrix has the same dtype.
    columns : array (m, ...), optional
        Samples of the columns; left out, the matrix is symmetric.
    execution : Execution
        Where to compute, and within which memory; no part of the job's fingerprint.

    Raises
    ------
    ValueError
        If the inputs are not finite float arrays of one sample shape and dtype, or empty.
    """

    kernel: Kernel
    rows: Array
    columns: Array | None = None
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self) -> None:
        for name, samples in (("rows", self.rows), ("columns", self.columns)):
            if samples is not None and not len(samples):
                raise InputError(f"{name}: a kernel matrix needs at least one sample, got none")
        if self.columns is None:
            object.__setattr__(self, "rows", checked_samples(self.rows, "rows"))
        else:
            rows, columns = checked_pair(self.rows, self.columns, ("rows", "columns"))
            object.__setattr__(self, "rows", rows)
            object.__setattr__(self, "columns", columns)

    @property
    def symmetric(self) -> bool:
        """Whether only the upper half needs computing."""
        return self.columns is None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        columns = self.rows if self.columns is None else self.columns
        return len(self.rows), len(columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the matrix: that of the inputs."""
        return np.dtype(self.rows.dtype)

    @property
    def pairs(self) -> int:
        """Kernel values to compute."""
        n, m = self.shape
        return n * (n + 1) // 2 if self.symmetric else n * m

    @cached_property
    def fingerprint(self) -> dict[str, Any]:
        """What decides every bit of the matrix: kernel, dtype, shape, SHA-256 of the inputs."""
        return {
            "kernel": self.kernel.identity(),
            "dtype": self.dtype.name,
            "shape": list(self.shape),
            "rows": _digest(self.rows),
            "columns": None if self.columns is None else _digest(self.columns),
        }

    def grid(self, edge: int) -> TileGrid:
        """The tiles of this matrix."""
        return TileGrid(self.shape, edge, self.symmetric)

    def samples(self, tile: Tile) -> tuple[Array, Array | None]:
        """Row and column samples of a tile; no columns where the tile lies on the diagonal."""
        rows = np.ascontiguousarray(self.rows[tile.rows])
        if self.columns is not None:
            return rows, np.ascontiguousarray(self.columns[tile.columns])
        if tile.row == tile.column:
            return rows, None
        return rows, np.ascontiguousarray(self.rows[tile.columns])


def compute_tile(kernel: Kernel, rows: Array, columns: Array | None) -> Array:
    """Kernel values between samples, exactly symmetric where `columns` is left out.

    Raises
    ------
    FloatingPointError
        If a value is not finite: no such tile is ever stored.
    """
    block = kernel.gram(rows) if columns is None else kernel.cross(rows, columns)
    if not _is_finite(block):
        i, j = np.argwhere(~np.isfinite(block))[0]
        raise FloatingPointError(
            f"{kernel} is {block[i, j]} between samples {i} and {j} of a tile; "
            "scale the inputs to norms of order sqrt(features)"
        )
    return block


def _is_finite(block: Array) -> bool:
    """Whether all values are finite; by their sum of squares, a tenth of the time of a mask."""
    return bool(np.isfinite(np.vdot(block, block)) or np.isfinite(block).all())


def _digest(samples: Array) -> str:
    """SHA-256 of dtype, shape and values, without a second copy of the array."""
    state = hashlib.sha256(f"{samples.dtype.str}{samples.shape}".encode())
    for start in range(0, len(samples), _HASH_BLOCK):
        state.update(np.ascontiguousarray(samples[start : start + _HASH_BLOCK]).data)
    return state.hexdigest()
