"""A training kernel as the iterative solver sees it: its products, and what else it asks for."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from itertools import count

from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.symmetric import check_symmetric
from kernel_regime.linalg.symmetric_products import (
    is_rounded,
    rounded_multiply,
    symmetric_multiply,
)
from kernel_regime.regression.conditioning import scale_of
from kernel_regime.regression.krylov_space import MAX_COLUMNS
from kernel_regime.regression.nearest_points import NearestPoints

_IN_FLOAT64 = 4
"""First products, which meet the largest eigenvalues and are not rounded."""


class SymmetricKernel(ABC):
    """A symmetric kernel (n, n), wherever its entries lie."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of the kernel."""

    @property
    @abstractmethod
    def scale(self) -> float:
        """See `scale_of`."""

    @property
    @abstractmethod
    def single(self) -> bool:
        """Whether entries are stored in float32."""

    @property
    @abstractmethod
    def rounded(self) -> bool:
        """Whether products are rounded to float32 as well."""

    @abstractmethod
    def check(self, name: str) -> None:
        """Refuse what is not finite or not symmetric: see `check_symmetric`."""

    @abstractmethod
    def block(self, columns: Array) -> Matrix:
        """Columns (n, k) of the host, brought to where the kernel is."""

    @abstractmethod
    def products(self) -> Callable[[Matrix], Matrix]:
        """What multiplies such blocks by the kernel over its scale."""

    @abstractmethod
    def nearest_points(self) -> NearestPoints:
        """Of the kernel over its scale."""


class KernelOnHost(SymmetricKernel):
    """A kernel that is an array of NumPy, memory-mapped or not, or of Dask.

    Parameters
    ----------
    kernel : array (n, n)

    Examples
    --------
    >>> import numpy as np
    >>> operator = KernelOnHost(np.diag([2.0, 4.0]))
    >>> operator.scale, operator.products()(np.ones((2, 1))).tolist()
    (4.0, [[0.5], [1.0]])
    """

    def __init__(self, kernel: Matrix) -> None:
        self._kernel = kernel

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the kernel."""
        return tuple(self._kernel.shape)

    @cached_property
    def scale(self) -> float:
        """See `scale_of`."""
        return scale_of(self._kernel)

    @property
    def single(self) -> bool:
        """Whether entries are stored in float32."""
        return is_rounded(self._kernel)

    @property
    def rounded(self) -> bool:
        """As they are stored, unless a space of so few points may become complete.

        Solutions are then exact but for round-off, and that would be float32's, unsaid.
        """
        return len(self._kernel) > MAX_COLUMNS and is_rounded(self._kernel)

    def check(self, name: str) -> None:
        """Both triangles are compared."""
        check_symmetric(self._kernel, name)

    def block(self, columns: Array) -> Array:
        """The columns themselves."""
        return columns

    def products(self) -> Callable[[Array], Array]:
        """The first of them in float64, those that follow as `rounded` says."""
        products = count(1)

        def multiply(block: Array) -> Array:
            exact = not self.rounded or next(products) <= _IN_FLOAT64
            product = (symmetric_multiply if exact else rounded_multiply)(self._kernel, block)
            return product / self.scale

        return multiply

    def nearest_points(self) -> NearestPoints:
        """The kernel is read once."""
        return NearestPoints.of(self._kernel, self.scale)
