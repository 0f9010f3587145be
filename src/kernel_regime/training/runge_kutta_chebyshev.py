r"""Runge–Kutta–Chebyshev method: explicit steps of gradient flow that are long where it is stiff.

A loss with curvatures between λ and λ/10⁴ lets a classical Runge–Kutta method go 2.8/λ a step,
however smooth the path has become. s stages of this method are stable up to 0.65 s²/λ, so that a
long flow costs the root of the gradients.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

MOST_STAGES = 128

_DAMPING = 2 / 13


def longest_step(curvature: jax.Array) -> jax.Array:
    """Length of a step of `MOST_STAGES` that is stable up to a curvature.

    Examples
    --------
    >>> round(longest_step(2.0))
    5236
    """
    return (MOST_STAGES - 1) ** 2 / (1.54 * curvature) - 1 / curvature


def stages_for(size: jax.Array, curvature: jax.Array) -> jax.Array:
    """Number of stages, traced, that keep a step of this length stable.

    Examples
    --------
    >>> int(stages_for(100.0, 2.0))
    19
    """
    stages = jnp.ceil(1 + jnp.sqrt(1 + 1.54 * size * curvature))
    return jnp.clip(stages, 2, MOST_STAGES).astype(int)


def chebyshev_step(
    slope: Callable[[jax.Array], jax.Array],
    at: jax.Array,
    slope_there: jax.Array,
    size: jax.Array,
    stages: jax.Array,
) -> jax.Array:
    """Point after a step of second order along a vector field.

    Parameters
    ----------
    slope : callable
        The field: vector to vector, with a symmetric derivative.
    at, slope_there : vectors
        Where the step starts, and the field there.
    size : float
        Length of the step.
    stages : int
        At most `MOST_STAGES`; all but the first evaluate the field.

    Examples
    --------
    A step that is 1,000 times too long for Euler's method; fast modes decay, if slowly:

    >>> x = jnp.array([1.0, 1.0])
    >>> field = lambda x: -jnp.array([2000.0, 0.01]) * x
    >>> [round(float(v), 2) for v in chebyshev_step(field, x, field(x), 1.0, 57)]
    [0.89, 0.99]

    References
    ----------
    Sommeijer, Shampine & Verwer (1998), RKC: an explicit solver for parabolic PDEs, eqs. 2.2–2.6.
    """
    rows = jnp.asarray(_all_coefficients(), at.dtype)[stages]

    def stage(j: jax.Array, state: PyTree) -> PyTree:
        last, before = state
        mu, nu, mu_slope, gamma = rows[j]
        new = (1 - mu - nu) * at + mu * last + nu * before
        return new + size * (mu_slope * slope(last) + gamma * slope_there), last

    first = at + rows[1, 2] * size * slope_there
    return jax.lax.fori_loop(2, stages + 1, stage, (first, at))[0]


@cache
def _all_coefficients() -> Array:
    """μ, ν, μ̃, γ̃ of stage j of a step of s stages: (s, j, 4)."""
    table = np.zeros((MOST_STAGES + 1, MOST_STAGES + 1, 4))
    for stages in range(2, MOST_STAGES + 1):
        table[stages, : stages + 1] = _coefficients(stages)
    return table


def _coefficients(stages: int) -> Array:
    """From Chebyshev polynomials T and their derivatives at w₀ = 1 + ε/s²."""
    start = 1 + _DAMPING / stages**2
    values, first, second = _chebyshev(stages, start)
    slope = first[-1] / second[-1]
    b = np.concatenate([np.zeros(2), second[2:] / first[2:] ** 2])
    b[:2] = b[2]
    a = 1 - b * values
    rows = np.zeros((stages + 1, 4))
    rows[1, 2] = b[1] * slope
    now, last, before = b[2:], b[1:-1], b[:-2]
    rows[2:, 0], rows[2:, 1] = 2 * now * start / last, -now / before
    rows[2:, 2] = 2 * now * slope / last
    rows[2:, 3] = -a[1:-1] * rows[2:, 2]
    return rows


def _chebyshev(degree: int, at: float) -> tuple[Array, Array, Array]:
    """T_0 … T_degree at a point, with first and second derivatives."""
    table = np.zeros((3, degree + 1))
    table[0, :2], table[1, 1] = (1.0, at), 1.0
    for j in range(2, degree + 1):
        value, first = table[:2, j - 1]
        table[:, j] = 2 * at * table[:, j - 1] - table[:, j - 2]
        table[1:, j] += 2 * value, 4 * first
    return table[0], table[1], table[2]
