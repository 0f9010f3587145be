r"""Step of activations given by Hermite series: polynomials, and any function.

.. math::
    E[φ(u)φ(v)] = a_0 a_0' + Σ \sum_{n ≥ 1} \frac{a_n}{σ} \frac{a_n'}{σ'} t^{n-1}, \qquad
    \dot k = \sum_{n ≥ 1} n \frac{a_n}{σ} \frac{a_n'}{σ'} t^{n-1}

with t = Σ/σσ' and coefficients a_n = E[φ(σz)h_n(z)] of either pixel, computed once an image: three
operations a term for a pair. A term is left out where it and those behind it are below the
rounding of Σ; odd and even functions have every other term.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.activation_steps.codes import SERIES, ActivationStep
from kernel_regime.kernels.dual_activations.numerical import SMALLEST, HermiteSeries
from kernel_regime.kernels.dual_activations.polynomial_powers import Powers
from kernel_regime.linalg.simd import broadcast, load, store

REMAINDER = {"float32": 3e-8, "float64": 1e-13}
"""Share of E[φ²], and of E[φ'²], that may be left out."""
PIXELS_AT_ONCE = 1024


def _first_and_stride(powers: Iterable[int]) -> tuple[int, int]:
    """The lowest power and the distance of powers, of those that occur, 0 apart."""
    odd = {power % 2 for power in powers if power > 0}
    return (2, 2) if odd == {0} else (1, 2) if odd == {1} else (1, 1)


def power_series(activation: Powers) -> ActivationStep:
    """Step of a polynomial. Factors: 1/σ, a₀, and aₙ/σ for every power n that occurs."""
    powers = activation.powers
    first, stride = _first_and_stride(n for n in range(len(powers)) if any(powers[n::2]))

    def factors(variances: Array) -> Array:
        exact = variances.astype(np.float64)
        std, found = np.sqrt(exact), activation.factors(exact)
        scaled = [p * std ** (n - 1) for n, p in enumerate(found) if n >= first]
        return _stacked(std, found[0] + 0 * std, scaled[::stride]).astype(variances.dtype)

    return ActivationStep(SERIES, (float(first), float(stride)), factors)


def hermite_series(activation: HermiteSeries) -> ActivationStep:
    """Step of any function. Factors: 1/σ, a₀, and aₙ/σ for as many n as the variances need."""
    at_one = activation.coefficients(np.ones(1))[:, 0]
    large = np.flatnonzero(np.abs(at_one) > 1e-14 * np.abs(at_one).max())
    first, stride = _first_and_stride(int(n) for n in large)

    def factors(variances: Array) -> Array:
        exact = np.sqrt(variances, dtype=np.float64).ravel()
        std = np.maximum(exact, SMALLEST)
        ends = activation.coefficients(np.array([std.min(), std.max()]))
        terms = _terms(ends, REMAINDER[variances.dtype.name])
        parts = np.array_split(std, -(-len(std) // PIXELS_AT_ONCE))
        found = np.concatenate([activation.coefficients(s, terms) for s in parts], axis=1)
        low = exact < SMALLEST
        found[0, low] = activation.coefficients(exact[low], 1)[0] if low.any() else 0
        stacked = _stacked(exact, found[0], list(found[first::stride] / std))
        return stacked.reshape(*variances.shape, -1).astype(variances.dtype)

    return ActivationStep(SERIES, (float(first), float(stride)), factors)


def _terms(coefficients: Array, remainder: float) -> int:
    """How many coefficients, along the first axis, leave out no more than `remainder`."""
    squares = coefficients**2
    needed = 2
    for weighted in (squares, np.arange(len(squares))[:, None] * squares):
        left = np.cumsum(weighted[::-1], axis=0)[::-1]
        needed = max(needed, int(np.sum(np.any(left > remainder * left[0], axis=1))))
    return needed


def _stacked(std: Array, constant: Array, scaled: list[Array]) -> Array:
    """1/σ, or 0 where σ is, the constant term and all others, on a last axis."""
    inverse = np.divide(1, std, out=np.zeros_like(std), where=std > 0)
    return np.stack([inverse, constant, *scaled], axis=-1)


@compiled(nogil=True, error_model="numpy", _nrt=False)
def series_columns(c: Array, rows: Array, places: Any, first: Any, second: Any, span: Any) -> None:
    """Hermite series on the columns of `activate_columns`."""
    (factors1, start1), (factors2, start2) = first, second
    nngp, tangent_in, tangent_out = places
    start, stop, number = span
    for x in range(start, stop):
        at1, at2 = start1 + number * x, start2 + number * x
        covariance = load(rows, (nngp + x,))
        t = covariance * (load(factors1, (at1,)) * load(factors2, (at2,)))
        u = t if c[1] == 1 else t * t
        total, derivative = broadcast(rows, 0.0), broadcast(rows, 0.0)
        for n in range(number - 1, 1, -1):
            derivative = derivative * u + total
            total = total * u + load(factors1, (at1 + n,)) * load(factors2, (at2 + n,))
        lowest = broadcast(rows, 1.0) if c[0] == 1 else t
        value = load(factors1, (at1 + 1,)) * load(factors2, (at2 + 1,))
        value = value + covariance * lowest * total
        slope = lowest * (c[0] * total + c[1] * u * derivative)
        store(rows, (tangent_out + x,), load(rows, (tangent_in + x,)) * slope + value)
        store(rows, (nngp + x,), value)
