"""Exact kernels of infinite and finite networks."""

from kernel_regime.kernels.base import Array, Kernel
from kernel_regime.kernels.fully_connected import FullyConnectedNNGP, FullyConnectedNTK
from kernel_regime.kernels.myrtle import MyrtleNNGP, MyrtleNTK
from kernel_regime.kernels.polynomial import Polynomial
from kernel_regime.kernels.random_features import RandomFeatures
from kernel_regime.kernels.stax import StaxKernel
from kernel_regime.kernels.two_layer import TwoLayerNNGP, TwoLayerNTK
from kernel_regime.kernels.zonal import SphereSpectrum, Zonal

__all__ = [
    "Array",
    "FullyConnectedNNGP",
    "FullyConnectedNTK",
    "Kernel",
    "MyrtleNNGP",
    "MyrtleNTK",
    "Polynomial",
    "RandomFeatures",
    "SphereSpectrum",
    "StaxKernel",
    "TwoLayerNNGP",
    "TwoLayerNTK",
    "Zonal",
]
