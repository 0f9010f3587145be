"""Activations of the shallow networks with their derivatives, stable for large inputs."""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
from scipy.special import erf as _erf
from scipy.special import ndtr

from kernel_regime.core.arrays import Array


def relu(u: Array) -> tuple[Array, Array]:
    """max(u, 0); its derivative at 0 is 0."""
    return np.maximum(u, 0), (u > 0).astype(u.dtype)


def sigmoid(u: Array) -> tuple[Array, Array]:
    """1/(1 + e^−u), from e^−|u| so that nothing overflows."""
    decay = np.exp(-np.abs(u))
    scale = 1 / (1 + decay)
    return np.where(u >= 0, scale, decay * scale), decay * scale**2


def tanh(u: Array) -> tuple[Array, Array]:
    """tanh u; the derivative 1/cosh² u = 4 e^−2|u| / (1 + e^−2|u|)² does not cancel."""
    decay = np.exp(-2 * np.abs(u))
    return np.tanh(u), 4 * decay / (1 + decay) ** 2


def softplus(u: Array) -> tuple[Array, Array]:
    """log(1 + e^u) = max(u, 0) + log(1 + e^−|u|); its derivative is the sigmoid."""
    decay = np.exp(-np.abs(u))
    scale = 1 / (1 + decay)
    return np.maximum(u, 0) + np.log1p(decay), np.where(u >= 0, scale, decay * scale)


def erf(u: Array) -> tuple[Array, Array]:
    """erf u, with derivative 2/√π e^−u²."""
    return _erf(u), (2 / sqrt(pi)) * np.exp(-(u**2))


def gelu(u: Array) -> tuple[Array, Array]:
    """u Φ(u), with Φ the Gaussian distribution function."""
    below = ndtr(u)
    return u * below, below + u * np.exp(-(u**2) / 2) / sqrt(2 * pi)


ACTIVATIONS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softplus": softplus,
    "erf": erf,
    "gelu": gelu,
}
