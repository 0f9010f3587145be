"""Infinitely wide fully-connected ReLU networks of any depth."""

from dataclasses import dataclass

from kernel_regime.kernels.base import require_integer
from kernel_regime.kernels.dense import zonal
from kernel_regime.kernels.dense.angular import AngularKernel
from kernel_regime.kernels.dense.zonal import Zonal
from kernel_regime.kernels.device import Device


@dataclass(frozen=True)
class FullyConnectedNTK(AngularKernel):
    r"""Neural tangent kernel of `layers` dense layers with ReLUs between.

    NTK parametrisation, weights of unit variance, no biases: :math:`Σ = x·x'/d`, then per hidden
    layer :math:`Σ ← ½‖·‖‖·‖κ_1` and :math:`Θ ← ½κ_0Θ + Σ`.

    Parameters
    ----------
    layers : int
        Dense layers, the output included; at least 1 (a linear model).
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.

    References
    ----------
    Jacot et al. (2018), theorem 1; Ghorbani et al. (2020), appendix A.
    """

    layers: int
    device: Device = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "layers", at_least=1)

    @property
    def zonal(self) -> Zonal:
        """κ_L of unit vectors."""
        return zonal.relu_ntk(self.layers)

    def scale(self, features: int) -> float:
        """1/d, the variance of the first layer's weights."""
        return 1 / features


@dataclass(frozen=True)
class FullyConnectedNNGP(AngularKernel):
    """Covariance of the outputs of the same network at initialisation.

    Parameters
    ----------
    layers : int
        Dense layers, the output included; at least 1 (a linear model).
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.
    """

    layers: int
    device: Device = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "layers", at_least=1)

    @property
    def zonal(self) -> Zonal:
        """κ_L of unit vectors."""
        return zonal.relu_nngp(self.layers)

    def scale(self, features: int) -> float:
        """1/d, the variance of the first layer's weights."""
        return 1 / features
