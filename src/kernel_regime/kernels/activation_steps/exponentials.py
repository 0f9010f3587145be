r"""Steps of activations whose dual activations are exponentials: sines, RBF, exp, Gabor.

See `dual_activations.exponentials` and `smooth` for the formulas. Exponents are differences of
what the two pixels and Σ contribute, so that they are known to a rounding of the largest of them.
"""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.activation_steps.codes import (
    EXPONENTIAL,
    GABOR,
    NORMALISED_EXPONENTIAL,
    SINE,
    ActivationStep,
)
from kernel_regime.kernels.dual_activations.exponentials import (
    ExpActivation,
    ExpNormalizedActivation,
    RbfActivation,
    Sine,
)
from kernel_regime.linalg.simd import Vector, absolute, load, root, with_sign_of
from kernel_regime.linalg.simd_exponential import exponential, exponential_minus_one


def sine(activation: Sine) -> ActivationStep:
    r"""Step of a·sin(bx + c).

    With :math:`s = b^2(σ^2 + σ'^2)/2` and :math:`k = b^2Σ` it is
    :math:`E[φφ'] = a^2 e^{-s}(\sin^2 c\,\cosh k + \cos^2 c\,\sinh k)`, and :math:`\dot k` is b²
    times the same with sinh and cosh exchanged. Factor: b²σ²/2.
    """
    a, b, c = activation.constants

    def factors(variances: Array) -> Array:
        return (b**2 / 2 * variances)[..., None].astype(variances.dtype)

    even, odd = a**2 * np.sin(c) ** 2, a**2 * np.cos(c) ** 2
    return ActivationStep(SINE, (b**2, even, odd), factors)


@compiled(_nrt=False)
def sine_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind a sine."""
    product = nngp * c[0]
    size = absolute(product)
    larger_half = 0.5 * exponential(size - (load(factors1, (at1,)) + load(factors2, (at2,))))
    decay = exponential_minus_one(-2.0 * size)
    cosine = larger_half * (2.0 + decay)
    sine = with_sign_of(larger_half * (0.0 - decay), product)
    return c[1] * cosine + c[2] * sine, tangent * (c[0] * (c[1] * sine + c[2] * cosine))


def exponential_of_sum(activation: ExpActivation) -> ActivationStep:
    r"""Step of a·exp(bx): :math:`a^2 e^{s + s' + b^2Σ}`, times b². Factor: s = b²σ²/2."""
    a, b = activation.a, activation.b

    def factors(variances: Array) -> Array:
        return (b**2 / 2 * variances)[..., None].astype(variances.dtype)

    return ActivationStep(EXPONENTIAL, (a**2, b**2), factors)


def exponential_of_distance(activation: RbfActivation) -> ActivationStep:
    r"""Step of an RBF kernel: :math:`e^{s + s' + 2γΣ}`, times 2γ. Factor: s = −γσ²."""
    gamma = activation.gamma

    def factors(variances: Array) -> Array:
        return (-gamma * variances)[..., None].astype(variances.dtype)

    return ActivationStep(EXPONENTIAL, (1.0, 2 * gamma), factors)


@compiled(_nrt=False)
def exponential_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind an exponential function."""
    value = c[0] * exponential(load(factors1, (at1,)) + load(factors2, (at2,)) + c[1] * nngp)
    return value, tangent * (c[1] * value)


def normalised_exponential(activation: ExpNormalizedActivation) -> ActivationStep:
    r"""Step of :math:`σσ'e^{γ(t + s)}`, t = Σ/σσ', times γ/σσ'. Factors: σ, and 1/σ or 0."""
    gamma = activation.gamma

    def factors(variances: Array) -> Array:
        std = np.sqrt(variances, dtype=np.float64)
        inverse = np.divide(1, std, out=np.zeros_like(std), where=std > 0)
        return np.stack([std, inverse], axis=-1).astype(variances.dtype)

    return ActivationStep(NORMALISED_EXPONENTIAL, (gamma, gamma * activation.shift), factors)


@compiled(_nrt=False)
def normalised_exponential_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind a normalised exponential function."""
    t = nngp * (load(factors1, (at1 + 1,)) * load(factors2, (at2 + 1,)))
    value = exponential(c[0] * t + c[1])
    return load(factors1, (at1,)) * load(factors2, (at2,)) * value, tangent * (c[0] * value)


def gabor() -> ActivationStep:
    r"""Step of exp(−x²)·sin(x). Factor: σ².

    With :math:`D = (1 + 2σ^2)(1 + 2σ'^2) - 4Σ^2`, both exponentials of
    `dual_activations.smooth.GaborActivation` by the larger of them and the ratio, for |Σ|.
    """

    def factors(variances: Array) -> Array:
        return variances[..., None]

    return ActivationStep(GABOR, (), factors)


@compiled(_nrt=False)
def gabor_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, _: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind a Gabor function."""
    variance1, variance2, size = load(factors1, (at1,)), load(factors2, (at2,)), absolute(nngp)
    sums, product, square = variance1 + variance2, variance1 * variance2, nngp * nngp
    fourth = 4.0 * (product - square)
    determinant = 1.0 + 2.0 * sums + fourth
    over = 1.0 / determinant
    part = 0.5 * root(over)
    near = part * exponential(-0.5 * over * (sums + fourth - 2.0 * size))
    decay = exponential_minus_one(-2.0 * size * over)
    shared = 1.0 + 2.0 * sums + 4.0 * (product + square)
    odd = 4.0 * size * (fourth + 3.0 * sums + 2.0)
    slope = near * over * over * (2.0 * shared + decay * (shared - odd))
    return with_sign_of(near * (0.0 - decay), nngp), tangent * slope
