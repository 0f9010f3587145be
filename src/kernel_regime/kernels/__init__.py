"""Exact kernels of infinite and finite networks."""

from kernel_regime.kernels.base import Kernel, register
from kernel_regime.kernels.checks import check_kernel
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNNGP, MyrtleNTK
from kernel_regime.kernels.dense.fully_connected_kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
)
from kernel_regime.kernels.dense.two_layer import TwoLayerNNGP, TwoLayerNTK
from kernel_regime.kernels.dense.zonal import SphereSpectrum, Zonal
from kernel_regime.kernels.infinite_network import NetworkKernel
from kernel_regime.kernels.polynomial import Polynomial
from kernel_regime.kernels.random_features_kernel import RandomFeatures
from kernel_regime.kernels.stationary import Gaussian, Laplace
from kernel_regime.kernels.stax import StaxKernel

__all__ = [
    "FullyConnectedNNGP",
    "FullyConnectedNTK",
    "Gaussian",
    "Kernel",
    "Laplace",
    "MyrtleNNGP",
    "MyrtleNTK",
    "NetworkKernel",
    "Polynomial",
    "RandomFeatures",
    "SphereSpectrum",
    "StaxKernel",
    "TwoLayerNNGP",
    "TwoLayerNTK",
    "Zonal",
    "check_kernel",
    "register",
]
