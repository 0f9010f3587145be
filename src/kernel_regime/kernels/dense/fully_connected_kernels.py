"""Infinitely wide fully-connected ReLU networks of any depth."""

from dataclasses import dataclass
from typing import Any

from pydantic import PositiveInt

from kernel_regime.kernels.base import register
from kernel_regime.kernels.both_kernels import Get
from kernel_regime.kernels.dense import zonal
from kernel_regime.kernels.dense.angular import AngularKernel
from kernel_regime.kernels.dense.zonal import Zonal


@dataclass(frozen=True)
class FullyConnectedKernel(AngularKernel):
    """What the NTK and the NNGP of a fully-connected ReLU network share."""

    layers: PositiveInt

    def network(self) -> dict[str, Any]:
        """How many layers."""
        return {"kind": "fully_connected", "layers": self.layers}

    def of(self, get: Get) -> "FullyConnectedKernel":
        """Of as many layers."""
        return {"ntk": FullyConnectedNTK, "nngp": FullyConnectedNNGP}[get](self.layers)

    def scale(self, features: int) -> float:
        """1/d, the variance of the first layer's weights."""
        return 1 / features


@register("fully_connected_ntk")
@dataclass(frozen=True)
class FullyConnectedNTK(FullyConnectedKernel):
    r"""Neural tangent kernel of `layers` dense layers with ReLUs between.

    NTK parametrisation, weights of unit variance, no biases: :math:`Σ = x·x'/d`, then per hidden
    layer :math:`Σ ← ½‖·‖‖·‖κ_1` and :math:`Θ ← ½κ_0Θ + Σ`. Every layer halves the values, which
    some 130 layers on inputs of norm √d make too small for float32: that is refused.

    Parameters
    ----------
    layers : int
        Dense layers, the output included; at least 1 (a linear model).

    References
    ----------
    Jacot et al. (2018), theorem 1; Ghorbani et al. (2020), appendix A.

    Examples
    --------
    >>> FullyConnectedNTK(layers=1)([[1.0, 2.0], [0.0, 4.0]])
    array([[2.5, 4. ],
           [4. , 8. ]])
    """

    @property
    def which(self) -> Get:
        """The NTK."""
        return "ntk"

    @property
    def zonal(self) -> Zonal:
        """κ_L of unit vectors."""
        return zonal.relu_ntk(self.layers)


@register("fully_connected_nngp")
@dataclass(frozen=True)
class FullyConnectedNNGP(FullyConnectedKernel):
    """Covariance of the outputs of the same network at initialisation.

    Parameters
    ----------
    layers : int
        Dense layers, the output included; at least 1 (a linear model).

    Examples
    --------
    >>> FullyConnectedNNGP(layers=2).diagonal([[1.0, 2.0], [0.0, 4.0]])
    array([1.25, 4.  ])
    """

    @property
    def which(self) -> Get:
        """The NNGP."""
        return "nngp"

    @property
    def zonal(self) -> Zonal:
        """κ_L of unit vectors."""
        return zonal.relu_nngp(self.layers)
