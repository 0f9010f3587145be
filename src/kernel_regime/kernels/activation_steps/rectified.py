r"""Steps of rectified activations: ReLU and its kin, sign and step, rectified powers.

See `dual_activations.rectified` and `rectified_powers` for the formulas; here with
:math:`π - θ = π/2 + \arcsin t`, so that nothing depends on a sign.
"""

from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.activation_steps.arcsine import (
    EVEN_DOUBLE,
    EVEN_SINGLE,
    ODD_DOUBLE,
    ODD_SINGLE,
    half_turns,
    inverse,
    sine_of_angle,
    squared_sine,
)
from kernel_regime.kernels.activation_steps.codes import (
    KINK,
    PIECEWISE_LINEAR,
    RECTIFIED_POWER,
    RELU,
    ActivationStep,
)
from kernel_regime.kernels.dual_activations.rectified import PiecewiseLinear
from kernel_regime.kernels.dual_activations.rectified_powers import arc_cosine_polynomials
from kernel_regime.linalg.simd import (
    Vector,
    broadcast,
    by_precision,
    horner,
    load,
    multiples,
    root,
    store,
)


def piecewise_linear(activation: PiecewiseLinear) -> ActivationStep:
    r"""Step of a·min(x, 0) + b·max(x, 0).

    With :math:`c = (a - b)^2/2` and :math:`\dot k = (a + b)^2/4 + c\,\arcsin(t)/π` it is
    :math:`E[φφ'] = Σ\dot k + cσσ'y/π`. Factors: σ√(c/π) and 1/σ.
    """
    a, b = activation.slopes
    kink = (a - b) ** 2 / 2

    def factors(variances: Array) -> Array:
        std = np.sqrt(variances, dtype=np.float64)
        found = np.stack([std * np.sqrt(kink / np.pi), inverse(std, variances.dtype)], axis=-1)
        return found.astype(variances.dtype)

    code = RELU if (a, b) == (0, 1) else PIECEWISE_LINEAR
    return ActivationStep(code, ((a + b) ** 2 / 4, kink), factors)


@compiled(nogil=True, error_model="numpy", _nrt=False)
def piecewise_linear_columns(
    c: Array, rows: Array, places: Any, first: Any, second: Any, span: Any
) -> None:
    """Activations with two slopes on the columns of `activate_columns`.

    Fifteen operations and a square root. The two polynomials, of the square of y, do not wait for
    the root: what waits keeps later columns from being begun.
    """
    (factors1, start1), (factors2, start2) = first, second
    nngp, tangent_in, tangent_out = places
    mean, kink = broadcast(rows, c[0]), broadcast(rows, c[1])
    even = multiples(kink, by_precision(kink, EVEN_SINGLE, EVEN_DOUBLE))
    odd = multiples(kink, by_precision(kink, ODD_SINGLE, ODD_DOUBLE))
    for x in range(span[0], span[1]):
        at1, at2 = start1 + 2 * x, start2 + 2 * x
        covariance = load(rows, (nngp + x,))
        t = covariance * (load(factors1, (at1 + 1,)) * load(factors2, (at2 + 1,)))
        square = squared_sine(t)
        y = root(square)
        slope = mean + t * (horner(square, even) + y * horner(square, odd))
        bend = load(factors1, (at1,)) * load(factors2, (at2,)) * y
        value = covariance * slope + bend
        store(rows, (tangent_out + x,), load(rows, (tangent_in + x,)) * slope + value)
        store(rows, (nngp + x,), value)


def kink(level: float, height: float) -> ActivationStep:
    """Step of what is constant but for a jump: E[φφ'] = level + height·arcsin(t)/π. Factor: 1/σ."""

    def factors(variances: Array) -> Array:
        std = np.sqrt(variances, dtype=np.float64)
        return inverse(std, variances.dtype)[..., None].astype(variances.dtype)

    return ActivationStep(KINK, (level, height), factors)


@compiled(_nrt=False)
def kink_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ = 0 behind a jump."""
    t = nngp * (load(factors1, (at1,)) * load(factors2, (at2,)))
    return c[0] + c[1] * half_turns(t, sine_of_angle(t)), tangent * 0.0


def rectified_power(degree: int) -> ActivationStep:
    r"""Step of :math:`x^n` for x ≥ 0, else 0, n ≥ 2.

    With :math:`J_n = P_n(t)\,y + (π/2 + \arcsin t)\,Q_n(t)` it is
    :math:`E[φφ'] = (σσ')^n J_n/2π` and :math:`\dot k = n^2(σσ')^{n-1} J_{n-1}/2π`. Factors:
    σⁿ/√2π, nσⁿ⁻¹/√2π and 1/σ. Constants: n, and P, Q of n and n − 1, each of n + 1 coefficients,
    highest power first, Q times π.
    """
    constants = [float(degree)]
    for n in (degree, degree - 1):
        p, q = arc_cosine_polynomials(n)
        for coefficients in (p, np.pi * q):
            padded = np.zeros(degree + 1)
            padded[: len(coefficients)] = coefficients
            constants += [float(c) for c in padded[::-1]]

    def factors(variances: Array) -> Array:
        std = np.sqrt(variances, dtype=np.float64)
        scale = np.sqrt(2 * np.pi)
        value, slope = std**degree / scale, degree * std ** (degree - 1) / scale
        found = np.stack([value, slope, inverse(std, variances.dtype)], axis=-1)
        return found.astype(variances.dtype)

    return ActivationStep(RECTIFIED_POWER, tuple(constants), factors)


@compiled(_nrt=False)
def polynomial_of(t: Vector, coefficients: Array, start: int, number: int, like: Array) -> Vector:
    """Horner's scheme with coefficients that are data, highest power first."""
    total = broadcast(like, coefficients[start])
    for i in range(start + 1, start + number):
        total = total * t + coefficients[i]
    return total


@compiled(_nrt=False)
def rectified_power_step(
    nngp: Vector, tangent: Vector, factors1: Array, at1: int, factors2: Array, at2: int, c: Array
) -> tuple[Vector, Vector]:
    """Σ and Θ behind a rectified power."""
    t = nngp * (load(factors1, (at1 + 2,)) * load(factors2, (at2 + 2,)))
    y, number = sine_of_angle(t), int(c[0]) + 1
    turns = 0.5 + half_turns(t, y)
    value = polynomial_of(t, c, 1, number, factors2) * y
    value = value + polynomial_of(t, c, 1 + number, number, factors2) * turns
    slope = polynomial_of(t, c, 1 + 2 * number, number, factors2) * y
    slope = slope + polynomial_of(t, c, 1 + 3 * number, number, factors2) * turns
    value = load(factors1, (at1,)) * load(factors2, (at2,)) * value
    slope = load(factors1, (at1 + 1,)) * load(factors2, (at2 + 1,)) * slope
    return value, tangent * slope
