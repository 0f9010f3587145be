"""Validator of kernel matrices in the catalog: finite values, exact symmetry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.execution.results import partition_content
from kernel_regime.execution.store.job import Fingerprint
from kernel_regime.linalg.products import check_finite
from kernel_regime.linalg.symmetric import asymmetry


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
        return {name: _Checked(name, load, self._symmetric) for name, load in data.items()}


@dataclass(frozen=True)
class _Checked:
    """A partition that is checked when it is loaded."""

    name: str
    load: Callable[[], Array]
    symmetric: bool

    def __call__(self) -> Array:
        matrix = self.load()
        check_matrix(self.name, matrix, symmetric=self.symmetric)
        return matrix

    def content(self) -> Fingerprint | str:
        """What it is, unread."""
        return partition_content(self.load)


def check_matrix(name: str, matrix: Array, *, symmetric: bool) -> None:
    """Read a matrix once, block by block.

    Raises
    ------
    InputError
        If a value is not finite, or differs from its mirror image: a stored kernel is its own
        transpose bit for bit.

    Examples
    --------
    >>> import numpy as np
    >>> check_matrix("ntk", np.eye(2), symmetric=True)
    >>> check_matrix("ntk", np.array([[1.0, 0.5], [0.0, 1.0]]), symmetric=True)
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: ntk: not symmetric, entries differ from their mirror ...
    """
    if not symmetric:
        check_finite(matrix, name)
        return
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"{name}: shape {matrix.shape} is not that of a symmetric kernel")
    largest = asymmetry(matrix)
    if not isfinite(largest):
        check_finite(matrix, name)
    if largest > 0:
        raise InputError(
            f"{name}: not symmetric, entries differ from their mirror images by up to "
            f"{largest:.3g}; delete the file and run kernel_generation again"
        )
