"""What every kernel is: a frozen object that fills tiles of a kernel matrix."""

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any, ClassVar, cast

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.linalg.symmetric import mirror_upper


class Kernel(ABC):
    """A positive semi-definite function of two inputs.

    Subclasses are frozen dataclasses that implement `_cross`, and `_gram` and `_diagonal` where
    there is a faster way than theirs by `_cross`. Inputs are array-likes (n, ...) whose first axis
    counts samples; float32 inputs give float32 results, all others float64.
    """

    # Rows of a tile beyond which a stored matrix should not be cut: memory decides for kernels
    # made of matrix products; slow ones say less, so that a kill costs seconds of work.
    largest_tile_edge: ClassVar[int] = 8192

    def __call__(self, x1: Any, x2: Any = None) -> Array:
        """`gram(x1)` where `x2` is left out, else `cross(x1, x2)`."""
        return self.gram(x1) if x2 is None else self.cross(x1, x2)

    def gram(self, x: Any) -> Array:
        """Kernel matrix of samples with themselves, shape (n, n), exactly symmetric.

        Raises
        ------
        InputError
            If the samples are not finite numbers.
        """
        return self._gram(checked_samples(x, "x1"))

    def cross(self, x1: Any, x2: Any) -> Array:
        """Kernel matrix between two sets of samples, shape (n1, n2).

        Raises
        ------
        InputError
            If samples are not finite numbers, or the two differ in sample shape or dtype.
        """
        return self._cross(*checked_pair(x1, x2, ("x1", "x2")))

    def diagonal(self, x: Any) -> Array:
        """Kernel of every sample with itself, shape (n,).

        Raises
        ------
        InputError
            If the samples are not finite numbers.
        """
        return self._diagonal(checked_samples(x, "x1"))

    @abstractmethod
    def _cross(self, x1: Array, x2: Array) -> Array:
        """`cross` of checked inputs."""

    def _gram(self, x: Array) -> Array:
        """`gram` of checked inputs."""
        matrix = self._cross(x, x)
        mirror_upper(matrix)
        return matrix

    @abstractmethod
    def _diagonal(self, x: Array) -> Array:
        """`diagonal` of checked inputs."""

    def identity(self) -> dict[str, Any]:
        """What makes two kernels the same kernel: JSON-able, recorded beside every matrix."""
        return {"kind": type(self).__name__, **asdict(cast(Any, self))}


def require_integer(kernel: Kernel, field: str, *, at_least: int) -> None:
    """Refuse a field that is not an integer ≥ `at_least`."""
    value = getattr(kernel, field)
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        raise InputError(
            f"{type(kernel).__name__}.{field}: {value!r} is not an integer ≥ {at_least}; "
            f"give one, for example {field}={at_least}"
        )


def require_real(kernel: Kernel, field: str, *, at_least: float) -> None:
    """Refuse a field that is not a finite number ≥ `at_least`."""
    value = getattr(kernel, field)
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if not real or not at_least <= value < float("inf"):
        raise InputError(
            f"{type(kernel).__name__}.{field}: {value!r} is not a finite number ≥ {at_least}; "
            f"give one, for example {field}={at_least}"
        )
