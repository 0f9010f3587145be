"""The catalog's gate for kernel matrices."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError

_BLOCK = 1024


class KernelValidator:
    """Refuses non-finite or asymmetric kernels, each when it is loaded.

    Parameters
    ----------
    symmetric : bool
        Whether the matrices are kernels of samples with themselves.
    """

    def __init__(self, *, symmetric: bool) -> None:
        self._symmetric = symmetric

    def validate(self, data: Mapping[str, Callable[[], Array]]) -> dict[str, Callable[[], Array]]:
        """The same partitions, with checks in their loaders: none is read before it is needed."""
        return {name: partial(self._load, name, load) for name, load in data.items()}

    def _load(self, name: str, load: Callable[[], Array]) -> Array:
        matrix = load()
        check_matrix(name, matrix, symmetric=self._symmetric)
        return matrix


def check_matrix(name: str, matrix: Array, *, symmetric: bool) -> None:
    """Read a matrix once, block by block.

    Raises
    ------
    ValueError
        If a value is not finite, or differs from its mirror image.
    """
    if symmetric and matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name}: shape {matrix.shape} is not that of a symmetric kernel")
    for start in range(0, len(matrix), _BLOCK):
        rows = slice(start, start + _BLOCK)
        band = matrix[rows, start:] if symmetric else matrix[rows]
        if not np.isfinite(band).all():
            i, j = np.argwhere(~np.isfinite(band))[0]
            j += start if symmetric else 0
            raise InputError(
                f"{name}: value {matrix[start + i, j]} at row {start + i}, column {j}; delete the "
                "file and run kernel_generation again"
            )
        if symmetric and not np.array_equal(band, matrix[start:, rows].T):
            raise InputError(
                f"{name}: not symmetric in rows {start} to {start + len(band) - 1}; delete the "
                "file and run kernel_generation again"
            )
