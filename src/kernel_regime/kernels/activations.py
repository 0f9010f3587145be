r"""Dual activations of ReLU, layer by layer, as functions of the angle between two inputs.

A layer of ReLUs turns the angle θ into θ' with cos θ' = κ₁(cos θ). Keeping the angle, not the
cosine, loses no digits where inputs nearly coincide: 1 − cos θ' is computed without cancellation.
All functions also take complex angles, which is how power series are found.

References
----------
Cho & Saul (2009), *Kernel methods for deep learning*, eqs. 3-6.
Jacot, Gabriel & Hongler (2018), *Neural tangent kernel*, theorem 1.
"""

import numpy as np

from kernel_regime.core.arrays import Array


def kappa0(angle: Array) -> Array:
    """Expected product of two steps, twice over: 1 − θ/π."""
    return 1 - angle / np.pi


def kappa1(angle: Array) -> Array:
    """Expected product of two ReLUs, twice over: (sin θ + (π − θ) cos θ)/π."""
    return (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi


def next_angle(angle: Array) -> Array:
    """Angle after a layer of ReLUs, arccos κ₁, from 1 − κ₁ to keep small angles exact."""
    versine = 2 * np.sin(angle / 2) ** 2 - (np.sin(angle) - angle * np.cos(angle)) / np.pi
    return 2 * np.arcsin(np.sqrt(versine / 2))


def relu_nngp_of_angle(angle: Array, layers: int) -> Array:
    """NNGP of unit vectors after `layers` dense layers, a ReLU (not rescaled) between each two."""
    for _ in range(layers - 1):
        angle = next_angle(angle)
    return np.cos(angle) * 0.5 ** (layers - 1)


def relu_ntk_of_angle(angle: Array, layers: int) -> Array:
    """NTK of unit vectors for the same network, Θ ← Θ·κ₀/2 + Σ per layer."""
    ntk = np.cos(angle)
    for depth in range(1, layers):
        ntk = ntk * kappa0(angle) / 2 + kappa1(angle) * 0.5**depth
        angle = next_angle(angle)
    return ntk


def shallow_relu_ntk_with_biases_of_angle(angle: Array) -> Array:
    r"""NTK of f(x) = a·ReLU(Wx + b)/√m + b₀ on the unit sphere, every parameter trained.

    A bias is one more coordinate of x: with cos φ = (1 + cos θ)/2 the kernel is
    (1 + cos θ)·κ₀(φ)/2 + κ₁(φ) + 1, so that κ = 3 at θ = 0.

    References
    ----------
    Bowman & Montúfar (2022), section 5.
    """
    lifted = 2 * np.arcsin(np.sin(angle / 2) / np.sqrt(2))
    return np.cos(lifted) * kappa0(lifted) + kappa1(lifted) + 1
