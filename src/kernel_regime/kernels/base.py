"""What every kernel is: a frozen object that fills tiles of a kernel matrix."""

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Kernel(ABC):
    """A positive semi-definite function of two inputs.

    Subclasses are frozen dataclasses; they implement `tile` and `diagonal`. Inputs are arrays
    (n, ...) whose first axis counts samples; float64 inputs give float64 results, float32
    inputs float32.
    """

    # Rows of a tile beyond which a stored matrix should not be cut: memory decides for kernels
    # made of matrix products; slow ones say less, so that a kill costs seconds of work.
    largest_tile_edge: ClassVar[int] = 8192

    @abstractmethod
    def tile(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (len(x1), len(x2)) between checked inputs."""

    @abstractmethod
    def diagonal(self, x: Array) -> Array:
        """Kernel of every sample with itself, shape (len(x),)."""

    def __call__(self, x1: Array, x2: Array | None = None) -> Array:
        """Kernel matrix of shape (n1, n2); exactly symmetric when `x2` is left out.

        Raises
        ------
        ValueError
            If an input is not a finite float array, or the two differ in sample shape or dtype.
        """
        check_inputs(x1, x2)
        if x2 is not None:
            return self.tile(x1, x2)
        return self.square(x1)

    def square(self, x: Array) -> Array:
        """Exactly symmetric matrix of checked inputs with themselves, shape (n, n)."""
        matrix = self.tile(x, x)
        mirror_upper(matrix)
        return matrix

    def identity(self) -> dict[str, Any]:
        """What makes two kernels the same kernel: JSON-able, recorded beside every matrix."""
        return {"kind": type(self).__name__, **asdict(cast(Any, self))}


def require_integer(kernel: Kernel, field: str, *, at_least: int) -> None:
    """Refuse a field that is not an integer ≥ `at_least`."""
    value = getattr(kernel, field)
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise ValueError(
            f"{type(kernel).__name__}.{field}: {value!r} is not an integer ≥ {at_least}; "
            f"give one, for example {field}={at_least}"
        )


def require_real(kernel: Kernel, field: str, *, at_least: float) -> None:
    """Refuse a field that is not a finite number ≥ `at_least`."""
    value = getattr(kernel, field)
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if not real or not at_least <= value < float("inf"):
        raise ValueError(
            f"{type(kernel).__name__}.{field}: {value!r} is not a finite number ≥ {at_least}; "
            f"give one, for example {field}={at_least}"
        )


def check_inputs(x1: Array, x2: Array | None = None) -> None:
    """Refuse what would give a wrong number later: see `Kernel.__call__`."""
    for name, x in (("x1", x1), ("x2", x2)):
        if x is None:
            continue
        if not isinstance(x, np.ndarray) or x.ndim < 2 or x.dtype not in (np.float32, np.float64):
            found = f"{x.dtype} array of shape {x.shape}" if isinstance(x, np.ndarray) else type(x)
            raise ValueError(
                f"{name}: a kernel needs a float32 or float64 array (n, ...), got {found}"
            )
        finite = np.isfinite(x).reshape(len(x), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"{name}: sample {int(np.argmin(finite))} is not finite; clean the inputs first"
            )
    if x2 is not None and (x1.shape[1:] != x2.shape[1:] or x1.dtype != x2.dtype):
        raise ValueError(
            f"x2: samples are {x2.dtype} {x2.shape[1:]}, those of x1 {x1.dtype} {x1.shape[1:]}; "
            "bring both to one shape and dtype"
        )


def mirror_upper(matrix: Array) -> None:
    """Copy the upper triangle onto the lower, in place, block by block."""
    n, block = len(matrix), 512
    for start in range(0, n, block):
        stop = min(start + block, n)
        corner = matrix[start:stop, start:stop]
        lower = np.tril_indices(stop - start, -1)
        corner[lower] = corner.T[lower]
        matrix[stop:, start:stop] = matrix[start:stop, stop:].T
