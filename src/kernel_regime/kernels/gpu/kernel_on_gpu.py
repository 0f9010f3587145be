"""What every kernel on a GPU is: checked inputs in, representable values out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.kernels.base import Kernel, require_representable

K = TypeVar("K", bound=Kernel)


@dataclass(frozen=True)
class KernelOnGpu(ABC, Generic[K]):
    """Base of what computes the tiles of one kernel on a GPU.

    Parameters
    ----------
    kernel : Kernel
        The kernel.

    Examples
    --------
    >>> class OnHost(KernelOnGpu):
    ...     def _gram(self, x):
    ...         return self._cross(x, x)
    ...
    ...     def _cross(self, x1, x2):
    ...         return self.kernel.cross(x1, x2)
    >>> from kernel_regime.kernels import TwoLayerNTK
    >>> OnHost(TwoLayerNTK()).gram([[3.0, 4.0]]).tolist()
    [[25.0]]
    """

    kernel: K

    def gram(self, x: ArrayLike) -> Array:
        """What the kernel's `gram` returns."""
        x = checked_samples(x, "x1")
        values = self._gram(x)
        require_representable(self.kernel, values, x, x, self._bound(x, x))
        return values

    def cross(self, x1: ArrayLike, x2: ArrayLike) -> Array:
        """What the kernel's `cross` returns."""
        x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
        values = self._cross(x1, x2)
        require_representable(self.kernel, values, x1, x2, self._bound(x1, x2))
        return values

    def _bound(self, x1: Array, x2: Array) -> float | None:
        """What no value exceeds, where that is cheaper to know than to look for."""
        return None

    @abstractmethod
    def _gram(self, x: Array) -> Array:
        """`gram` of checked inputs, mirrored."""

    @abstractmethod
    def _cross(self, x1: Array, x2: Array) -> Array:
        """`cross` of checked inputs."""
