r"""Steps of activations made of the normal law: erf, sigmoid-like, GELU, Gaussian.

See `dual_activations.smooth` for the formulas. A determinant such as
:math:`(1 + 2E[u^2])(1 + 2E[v^2]) - 4Σ^2` is :math:`y^2/(ff')^2`, with f a factor of each pixel and
:math:`y^2 = 1 - t^2`. Large variances take |t| near 1, and of the digits of Σ then as many are lost
as 1 − t² is smaller than 1: half the share of a variance of 1000 is 3 digits, in any implementation
that is given Σ.
"""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.activation_steps.arcsine import half_turns, sine_of_angle
from kernel_regime.kernels.activation_steps.codes import (
    ERROR_FUNCTION,
    GAUSSIAN,
    GELU,
    ActivationStep,
)
from kernel_regime.kernels.dual_activations.smooth import ErrorFunction, GaussianActivation
from kernel_regime.linalg.simd import Vector, load


def error_function(activation: ErrorFunction) -> ActivationStep:
    r"""Step of a·erf(bx) + c.

    With :math:`f = b\sqrt2/\sqrt{1 + 2b^2σ^2}` and t = ff'Σ it is
    :math:`E[φφ'] = 2a^2\arcsin(t)/π + c^2`, :math:`\dot k = 2a^2ff'/πy`. Factor: f.
    """
    a, b, c = activation.constants

    def factors(variances: Array) -> Array:
        found = np.sqrt(2) * b / np.sqrt(1 + 2 * b**2 * variances.astype(np.float64))
        return found[..., None].astype(variances.dtype)

    return ActivationStep(ERROR_FUNCTION, (2 * a**2, c**2, 2 * a**2 / np.pi), factors)


@compiled(_nrt=False)
def error_function_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind an error function."""
    scale = load(factors1, (at1,)) * load(factors2, (at2,))
    t = nngp * scale
    y = sine_of_angle(t)
    return c[0] * half_turns(t, y) + c[1], tangent * (c[2] * scale / y)


def gelu() -> ActivationStep:
    r"""Step of the Gaussian error linear unit.

    With :math:`f = 1/\sqrt{1 + σ^2}` and t = ff'Σ it is
    :math:`E[φφ'] = Σ(1/4 + \arcsin(t)/2π) + ff'(t^2/y + σ^2σ'^2y)/2π` and
    :math:`\dot k = 1/4 + \arcsin(t)/2π + (ff')^2(1/y^2 + 2 + σ^2 + σ'^2)t/2πy`. Factors: f, σ².
    """

    def factors(variances: Array) -> Array:
        exact = variances.astype(np.float64)
        return np.stack([1 / np.sqrt(1 + exact), exact], axis=-1).astype(variances.dtype)

    return ActivationStep(GELU, (1 / (2 * np.pi),), factors)


@compiled(_nrt=False)
def gelu_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind a GELU."""
    scale = load(factors1, (at1,)) * load(factors2, (at2,))
    variance1, variance2 = load(factors1, (at1 + 1,)), load(factors2, (at2 + 1,))
    t = nngp * scale
    y = sine_of_angle(t)
    turns, over = 0.25 + 0.5 * half_turns(t, y), 1.0 / y
    part = scale * c[0]
    value = nngp * turns + part * (t * t * over + variance1 * variance2 * y)
    bend = over * over + (variance1 + variance2 + 2.0)
    return value, tangent * (turns + part * scale * bend * t * over)


def gaussian(activation: GaussianActivation) -> ActivationStep:
    r"""Step of a·exp(bx²).

    With :math:`f = 1/\sqrt{1 - 2bσ^2}` and t = 2bff'Σ it is :math:`E[φφ'] = a^2ff'/y` and
    :math:`\dot k = 2btff'E[φφ']/y^2`. Factor: f.
    """
    a, b = activation.a, activation.b

    def factors(variances: Array) -> Array:
        with np.errstate(all="ignore"):  # no kernel where it is not finite
            found = 1 / np.sqrt(1 - 2 * b * variances.astype(np.float64))
        return found[..., None].astype(variances.dtype)

    return ActivationStep(GAUSSIAN, (a**2, 2 * b), factors)


@compiled(_nrt=False)
def gaussian_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind a Gaussian."""
    scale = load(factors1, (at1,)) * load(factors2, (at2,))
    t = nngp * scale * c[1]
    over = 1.0 / sine_of_angle(t)
    value = c[0] * scale * over
    return value, tangent * (c[1] * t * scale * value * over * over)
