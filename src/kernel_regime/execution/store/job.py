"""Job of a kernel matrix before it exists: which kernel, between which samples."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, Dtype
from kernel_regime.core.errors import InputError, NotFiniteError
from kernel_regime.core.files import digest
from kernel_regime.core.memory import limited_memory
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.core.types import Identity
from kernel_regime.execution.devices import (
    TileKernel,
    gpu_class,
    in_one_pass,
    largest_tile_edge,
    network_on,
)
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.manifest import stable_kind
from kernel_regime.execution.store.tiles import Tile, TileGrid, tile_edge

Fingerprint = Identity


@dataclass(frozen=True, eq=False)
class KernelJob:
    """The kernel matrix between `rows` and `columns`, or of `rows` with themselves.

    A job is a description: it is cheap to make, holds its inputs by reference (memory-mapped
    ones stay on disk) and computes one tile at a time when asked.

    Parameters
    ----------
    kernel : TileKernel
        What to evaluate: an object of `kernels.Kernel`, for example.
    rows : array-like (n, ...)
        Samples of the rows; the matrix has their dtype if it is float32, and float64 otherwise.
    columns : array-like (m, ...), optional
        Samples of the columns; left out, the matrix is symmetric.
    execution : Execution
        Where to compute, and within which memory; of it, only the device belongs to the
        fingerprint.

    Raises
    ------
    InputError
        If the inputs are not finite numbers of one sample shape and dtype, or empty.
    MissingDeviceError
        If the kernel cannot be computed on the device.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> job = KernelJob(Polynomial(degree=2, intercept=1.0), [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> job.shape, job.symmetric, job.pairs
    ((3, 3), True, 6)
    """

    kernel: TileKernel
    rows: Array
    columns: Array | None = None
    execution: Execution = field(default_factory=Execution)

    def __post_init__(self) -> None:
        if self.columns is None:
            given = {"rows": checked_samples(self.rows, "rows")}
        else:
            both = checked_pair(self.rows, self.columns, ("rows", "columns"))
            given = dict(zip(("rows", "columns"), both, strict=True))
        for name, samples in given.items():
            if not len(samples):
                raise InputError(f"{name}: a kernel matrix needs at least one sample, got none")
            object.__setattr__(self, name, samples)
        if self.execution.device == "gpu":
            gpu_class(self.kernel)

    @property
    def symmetric(self) -> bool:
        """Whether the matrix is that of samples with themselves: its upper half is computed."""
        return self.columns is None

    @property
    def column_samples(self) -> Array:
        """Samples of the columns; of a symmetric matrix, those of the rows."""
        return self.rows if self.columns is None else self.columns

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the matrix."""
        return len(self.rows), len(self.column_samples)

    @property
    def dtype(self) -> Dtype:
        """Type of the matrix: that of the inputs."""
        return np.dtype(self.rows.dtype)

    @property
    def pairs(self) -> int:
        """Kernel values to compute."""
        n, m = self.shape
        return n * (n + 1) // 2 if self.symmetric else n * m

    def fingerprint(self) -> Fingerprint:
        """What decides every bit of the matrix: kernel, dtype, shape, SHA-256 of the inputs.

        Taken from the inputs as they are now: whoever holds them may change them in place.
        """
        return {
            "kernel": recorded_identity(self.kernel, self.execution),
            "dtype": self.dtype.name,
            "shape": list(self.shape),
            "rows": digest(self.rows),
            "columns": None if self.columns is None else digest(self.columns),
        }

    def network(self) -> str | None:
        """What jobs have in common whose kernels one pass computes; None where there is no such."""
        found = network_on(self.kernel, self.execution.device)
        return None if found is None else json.dumps(found, default=_plain)

    @property
    def inputs_may_change(self) -> bool:
        """Whether somebody could write to the inputs: files mapped read-only are safe."""
        return _is_writeable(self.rows) or _is_writeable(self.column_samples)

    def tile_edge(self) -> int:
        """Edge of the tiles of a matrix begun now."""
        memory, largest = (
            self.execution.memory,
            largest_tile_edge(self.kernel, self.execution.device),
        )
        return tile_edge(self.shape, self.dtype.itemsize, memory, largest)

    def grid(self, edge: int) -> TileGrid:
        """The tiles of this matrix."""
        return TileGrid(self.shape, edge, self.symmetric)

    def task(self, tile: Tile, kernels: Sequence[TileKernel] = ()) -> "TileTask":
        """All that it takes to compute a tile, here or elsewhere: of these kernels, if given."""
        rows = np.ascontiguousarray(self.rows[tile.rows])
        diagonal = self.symmetric and tile.row == tile.column
        columns = rows if diagonal else np.ascontiguousarray(self.column_samples[tile.columns])
        return TileTask(tuple(kernels) or (self.kernel,), self.execution, rows, columns, diagonal)


@dataclass(frozen=True, eq=False)
class TileTask:
    """The computation of one tile, complete: it may travel to another process.

    Parameters
    ----------
    kernels : tuple of TileKernel
        That of the job, or both of one network.
    execution : Execution
        Of the job.
    rows, columns : array (n, ...), array (m, ...)
        Samples of the tile.
    symmetric : bool
        Whether both are the same samples, and the tile is a symmetric matrix itself.
    """

    kernels: tuple[TileKernel, ...]
    execution: Execution
    rows: Array
    columns: Array
    symmetric: bool

    def compute(self) -> list[Array]:
        """Kernel values (n, m) of each kernel.

        Raises
        ------
        NotFiniteError
            If a value is not finite.
        """
        columns = None if self.symmetric else self.columns
        with limited_memory(self.execution.memory):
            tiles = in_one_pass(self.kernels, self.execution.device, self.rows, columns)
        for kernel, tile in zip(self.kernels, tiles, strict=True):
            if not _is_finite(tile):
                i, j = np.argwhere(~np.isfinite(tile))[0]
                raise NotFiniteError(
                    f"{kernel} is {tile[i, j]} between samples {i} and {j} of a tile; "
                    "scale the inputs to norms of order sqrt(features)"
                )
        return tiles


def recorded_identity(kernel: TileKernel, execution: Execution) -> Identity:
    """What a manifest says of the kernel, as JSON gives it back.

    A GPU rounds differently: tiles of both devices are not mixed.

    Raises
    ------
    InputError
        If the kernel's identity does not consist of numbers, strings, lists and mappings.
    """
    device = {} if execution.device == "cpu" else {"device": execution.device}
    try:
        text = json.dumps(kernel.identity() | device, default=_plain)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{type(kernel).__name__}.identity: {error}; return numbers, strings, lists and "
            "mappings of these"
        ) from error
    recorded: Identity = json.loads(text)
    return recorded | {"kind": stable_kind(str(recorded.get("kind")))}


def _plain(value: object) -> object:
    """Number or list of a NumPy scalar or array."""
    if not isinstance(value, np.generic | np.ndarray):
        raise TypeError(f"{type(value).__name__} is not JSON serializable")
    return value.tolist()


def _is_writeable(samples: ArrayLike) -> bool:
    """Whether an array, or any that it is a view of, may be written to."""
    while isinstance(samples, np.ndarray):
        if samples.flags.writeable:
            return True
        samples = samples.base
    return False


def _is_finite(tile: Array) -> bool:
    """Whether all values are finite; by their sum of squares, a tenth of the time of a mask."""
    return bool(np.isfinite(np.vdot(tile, tile)) or np.isfinite(tile).all())
