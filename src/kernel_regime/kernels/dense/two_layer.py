"""The closed forms of a two-layer ReLU network, as published: not divided by the dimension."""

from dataclasses import dataclass

from kernel_regime.kernels.dense import zonal
from kernel_regime.kernels.dense.angular import AngularKernel
from kernel_regime.kernels.dense.zonal import Zonal
from kernel_regime.kernels.device import Device


@dataclass(frozen=True)
class TwoLayerNTK(AngularKernel):
    r"""Tangent kernel :math:`‖x‖‖x'‖[(1 − θ/π)\cos θ + \sin θ/(2π)]`.

    This is d times `FullyConnectedNTK(2)`.

    Parameters
    ----------
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.

    References
    ----------
    Ghorbani et al. (2020), appendix A.
    """

    device: Device = "cpu"

    @property
    def zonal(self) -> Zonal:
        """The bracket."""
        return zonal.relu_ntk(2)


@dataclass(frozen=True)
class TwoLayerNNGP(AngularKernel):
    r"""Random-features limit :math:`½‖x‖‖x'‖[ρ\arcsin(ρ)/π + ρ/2 + \sin θ/π]`, ρ = cos θ.

    This is d times `FullyConnectedNNGP(2)`.

    Parameters
    ----------
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.

    References
    ----------
    Ghorbani et al. (2020), appendix A.
    """

    device: Device = "cpu"

    @property
    def zonal(self) -> Zonal:
        """Half the dual activation κ₁, which is what the bracket amounts to."""
        return zonal.relu_nngp(2)
