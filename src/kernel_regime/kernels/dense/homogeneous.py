"""Networks of ReLUs and their kin without biases: one polynomial in the angle, whatever depth."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from kernel_regime.kernels.dense.angular import AngularKernel
from kernel_regime.kernels.dense.network_layers import is_homogeneous, kernel_at_angles
from kernel_regime.kernels.dense.zonal import Zonal
from kernel_regime.kernels.layer import SerialLayers

_SHORT = 96  # terms of 128 of a series that has converged


@dataclass(frozen=True)
class HomogeneousNetwork(AngularKernel):
    """Kernel ‖x‖‖x'‖κ(θ)/d of a network that takes c·x to c times what it takes x to, c > 0.

    Parameters
    ----------
    network : SerialLayers
        Layers that `is_homogeneous` holds of.
    get : {"ntk", "nngp"}
        Which kernel.
    """

    network: Any
    get: str

    @property
    def zonal(self) -> Zonal:
        """κ of unit vectors."""
        return Zonal(partial(kernel_at_angles, self.network, self.get, 1.0))

    def scale(self, features: int) -> float:
        """1/d, the variance of the first layer's weights."""
        return 1 / features


def homogeneous_network(network: SerialLayers, get: str) -> HomogeneousNetwork | None:
    """The network by its polynomial in the angle, or None where it has none that is short.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> dense = {"Dense": {"out_dim": 1}}
    >>> homogeneous_network(read_architecture([dense, "Abs", dense]), "ntk").scale(4)
    0.25
    >>> homogeneous_network(read_architecture([dense, "Erf", dense]), "ntk")
    """
    if not is_homogeneous(network):
        return None
    kernel = HomogeneousNetwork(network, get)
    return kernel if len(kernel.zonal.chebyshev(1e-15)) <= _SHORT else None
