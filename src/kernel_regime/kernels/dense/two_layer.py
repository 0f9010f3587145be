"""The closed forms of a two-layer ReLU network, as published: not divided by the dimension."""

from dataclasses import dataclass

from kernel_regime.core.types import Identity
from kernel_regime.kernels.base import register
from kernel_regime.kernels.both_kernels import Get
from kernel_regime.kernels.dense import zonal
from kernel_regime.kernels.dense.angular import AngularKernel
from kernel_regime.kernels.dense.zonal import Zonal


@dataclass(frozen=True)
class TwoLayerKernel(AngularKernel):
    """What the two kernels of the network share: all but which of the two it is."""

    def of(self, get: Get) -> "TwoLayerKernel":
        """One of the two."""
        return {"ntk": TwoLayerNTK, "nngp": TwoLayerNNGP}[get]()

    def network(self) -> Identity:
        """There is one."""
        return {"kind": "two_layer"}


@register("two_layer_ntk")
@dataclass(frozen=True)
class TwoLayerNTK(TwoLayerKernel):
    r"""Tangent kernel :math:`‖x‖‖x'‖[(1 − θ/π)\cos θ + \sin θ/(2π)]`.

    This is d times `FullyConnectedNTK(2)`.

    References
    ----------
    Ghorbani et al. (2020), appendix A.

    Examples
    --------
    >>> TwoLayerNTK().diagonal([[3.0, 4.0]])
    array([25.])
    """

    @property
    def which(self) -> Get:
        """The NTK."""
        return "ntk"

    @property
    def zonal(self) -> Zonal:
        """The bracket."""
        return zonal.relu_ntk(2)


@register("two_layer_nngp")
@dataclass(frozen=True)
class TwoLayerNNGP(TwoLayerKernel):
    r"""Random-features limit :math:`½‖x‖‖x'‖[ρ\arcsin(ρ)/π + ρ/2 + \sin θ/π]`, ρ = cos θ.

    This is d times `FullyConnectedNNGP(2)`.

    References
    ----------
    Ghorbani et al. (2020), appendix A.

    Examples
    --------
    >>> TwoLayerNNGP().diagonal([[3.0, 4.0]])
    array([12.5])
    """

    @property
    def which(self) -> Get:
        """The NNGP."""
        return "nngp"

    @property
    def zonal(self) -> Zonal:
        """Half the dual activation κ₁, which is what the bracket amounts to."""
        return zonal.relu_nngp(2)
