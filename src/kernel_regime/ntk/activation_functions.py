"""Activation functions of shallow networks with their derivatives, stable for large inputs.

>>> value, slope = ACTIVATIONS["relu"](np.array([-1.0, 2.0]))
>>> value.tolist(), slope.tolist()
([0.0, 2.0], [0.0, 1.0])
"""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
from scipy import special

from kernel_regime.core.arrays import Array


def _relu(u: Array) -> tuple[Array, Array]:
    """max(u, 0); its derivative at 0 is 0."""
    return np.maximum(u, 0), (u > 0).astype(u.dtype)


def _sigmoid(u: Array) -> tuple[Array, Array]:
    """1/(1 + e^−u), from e^−|u| so that nothing overflows."""
    decay = np.exp(-np.abs(u))
    scale = 1 / (1 + decay)
    return np.where(u >= 0, scale, decay * scale), decay * scale**2


def _tanh(u: Array) -> tuple[Array, Array]:
    """tanh u; the derivative 1/cosh² u = 4 e^−2|u| / (1 + e^−2|u|)² does not cancel."""
    decay = np.exp(-2 * np.abs(u))
    return np.tanh(u), 4 * decay / (1 + decay) ** 2


def _softplus(u: Array) -> tuple[Array, Array]:
    """log(1 + e^u) = max(u, 0) + log(1 + e^−|u|); its derivative is the sigmoid."""
    decay = np.exp(-np.abs(u))
    scale = 1 / (1 + decay)
    return np.maximum(u, 0) + np.log1p(decay), np.where(u >= 0, scale, decay * scale)


def _erf(u: Array) -> tuple[Array, Array]:
    """erf u, with derivative 2/√π e^−u²."""
    return special.erf(u), (2 / sqrt(pi)) * np.exp(-(u**2))


def _gelu(u: Array) -> tuple[Array, Array]:
    """u Φ(u), with Φ the Gaussian distribution function."""
    below = special.ndtr(u)
    return u * below, below + u * np.exp(-(u**2) / 2) / sqrt(2 * pi)


ACTIVATIONS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "relu": _relu,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "erf": _erf,
    "gelu": _gelu,
}
