"""Networks of ReLUs and their kin without biases: one polynomial in the angle, whatever depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.both_kernels import BOTH, Get
from kernel_regime.kernels.dense.angular import AngularKernel, angular_matrices
from kernel_regime.kernels.dense.network_layers import is_homogeneous, kernel_at_angles
from kernel_regime.kernels.dense.zonal import Zonal
from kernel_regime.kernels.layer import SerialLayers

_SHORT = 96  # terms of 128 of a series that has converged


@dataclass(frozen=True)
class HomogeneousNetwork(AngularKernel):
    """Kernel ‖x‖‖x'‖κ(θ)/d of a network that takes c·x to c times what it takes x to, c > 0.

    Parameters
    ----------
    layers : SerialLayers
        What `is_homogeneous` holds of.
    get : {"ntk", "nngp"}
        Which kernel.
    """

    layers: Any
    get: Get

    def __str__(self) -> str:
        return f"network ({self.get})"  # messages, as of the kernel that it computes

    @property
    def which(self) -> Get:
        """`get`."""
        return self.get

    def of(self, get: Get) -> "HomogeneousNetwork":
        """Of the same layers."""
        return HomogeneousNetwork(self.layers, get)

    @property
    def zonal(self) -> Zonal:
        """κ of unit vectors."""
        return Zonal(partial(kernel_at_angles, self.layers, self.get, 1.0))

    def scale(self, features: int) -> float:
        """1/d, the variance of the first layer's weights."""
        return 1 / features


@dataclass(frozen=True)
class HomogeneousEngine:
    """Kernel matrices of one such network.

    Parameters
    ----------
    network : SerialLayers
        Layers that `is_homogeneous` holds of.
    """

    network: SerialLayers

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`; symmetric without `x2`."""
        return angular_matrices([self.kernel(get) for get in gets], x1, x2)

    def diagonal(self, x: Any, get: Get) -> Array:
        """Kernel of every sample with itself, shape (n,)."""
        return self.kernel(get).diagonal(x)

    def kernel(self, get: Get) -> HomogeneousNetwork:
        """One of its kernels."""
        return HomogeneousNetwork(self.network, get)


def homogeneous_engine(network: SerialLayers) -> HomogeneousEngine | None:
    """The network by its polynomials in the angle, or None where they are not short.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> dense = {"Dense": {"out_dim": 1}}
    >>> engine = homogeneous_engine(read_architecture([dense, "Abs", dense]))
    >>> engine.diagonal([[1.0, -1.0]], "nngp")
    array([1.])
    >>> homogeneous_engine(read_architecture([dense, "Erf", dense]))
    """
    if not is_homogeneous(network):
        return None
    series = (HomogeneousNetwork(network, get).zonal.chebyshev(1e-15) for get in BOTH)
    return HomogeneousEngine(network) if all(len(one) <= _SHORT for one in series) else None
