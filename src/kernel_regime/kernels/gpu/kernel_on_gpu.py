"""What every kernel on a GPU is: checked inputs in, representable values out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, cast

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.kernels.base import Kernel, require_representable
from kernel_regime.kernels.both_kernels import BOTH, BothKernels, Get, InfiniteNetworkKernel

K = TypeVar("K", bound=Kernel)
N = TypeVar("N", bound=InfiniteNetworkKernel)


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


@dataclass(frozen=True)
class NetworkKernelOnGpu(KernelOnGpu[N]):
    """Base of what computes the kernels of one network on a GPU: both in one pass.

    Parameters
    ----------
    kernel : InfiniteNetworkKernel
        Either of the two.
    """

    def both(self, x1: ArrayLike, x2: ArrayLike = None) -> BothKernels:
        """NTK and NNGP between two sets of samples, or of one with itself."""
        if x2 is None:
            x1 = checked_samples(x1, "x1")
        else:
            x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
        columns = x1 if x2 is None else x2
        matrices = self.matrices(x1, x2, BOTH)
        for get, values in zip(BOTH, matrices, strict=True):
            own = replace(self, kernel=cast(N, self.kernel.of(get)))
            require_representable(own.kernel, values, x1, columns, own._bound(x1, columns))
        return BothKernels(*matrices)

    def _gram(self, x: Array) -> Array:
        return self.matrices(x, None, (self.kernel.which,))[0]

    def _cross(self, x1: Array, x2: Array) -> Array:
        return self.matrices(x1, x2, (self.kernel.which,))[0]

    @abstractmethod
    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, of checked inputs; of `x1` with itself without `x2`."""
