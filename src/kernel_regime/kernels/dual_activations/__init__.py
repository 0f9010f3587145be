"""Dual activations: what an activation does to the kernel of an infinite network."""

from kernel_regime.kernels.dual_activations import (
    exponentials,
    numerical,
    polynomial_powers,
    rectified,
    rectified_powers,
    smooth,
)
from kernel_regime.kernels.dual_activations.dual_activation import Activated, DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs

__all__ = [
    "Activated",
    "DualActivation",
    "GaussianPairs",
    "exponentials",
    "numerical",
    "polynomial_powers",
    "rectified",
    "rectified_powers",
    "smooth",
]
