"""The angular kernels in JAX: the algorithm of `angular_tiles` on whole blocks of pairs.

Products are taken in the dtype of the inputs. Those of float32 in float64 would leave an angle
exact enough, but float64 inputs need their nearly parallel pairs corrected in any case, and a GPU
for the desktop multiplies float64 at a sixty-fourth of its speed. So either dtype goes one way.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dense.angular import AngularKernel, polynomials
from kernel_regime.kernels.dense.angular_tiles import NEARLY_PARALLEL
from kernel_regime.kernels.gpu.jax_blocks import fill

PAIRS = 16384  # nearly parallel ones corrected at once: more than a block's diagonal
State = tuple[jax.Array, jax.Array]  # versines, and which pairs wait for correction


class Side(NamedTuple):
    """Unit vectors (n, d) of one input, and their lengths (n,) times √scale."""

    units: jax.Array
    lengths: jax.Array


def angular_tile(kernel: AngularKernel, x1: Array, x2: Array, device: jax.Device) -> Array:
    """What `AngularKernel.tile` returns, shape (n1, n2), computed on a device of JAX."""
    matrix = np.empty((len(x1), len(x2)), x1.dtype)
    with enable_x64():
        arccos, curve = jax.device_put(polynomials(kernel, x1.dtype.str), device)
        left = _side(kernel, x1, device)
        right = left if x2 is x1 else _side(kernel, x2, device)
        fill(lambda rows, columns: values(rows, columns, arccos, curve), left, right, matrix)
    return matrix


def _side(kernel: AngularKernel, x: Array, device: jax.Device) -> Side:
    rows = x.reshape(len(x), -1)
    return _normalise(jax.device_put(rows, device), kernel.scale(rows.shape[1]))


@jax.jit
def _normalise(rows: jax.Array, scale: float) -> Side:
    """The side of rows (n, d), lengths in float64 on the way; a zero row keeps direction 0."""
    wide = rows.astype(jnp.float64)
    lengths = jnp.sqrt(jnp.sum(wide**2, axis=1))
    inverses = jnp.where(lengths > 0, 1 / lengths, 0)
    units = wide * inverses[:, None]
    return Side(units.astype(rows.dtype), (jnp.sqrt(scale) * lengths).astype(rows.dtype))


@jax.jit
def values(left: Side, right: Side, arccos: jax.Array, curve: jax.Array) -> jax.Array:
    """Kernel values of all pairs, shape (n1, n2)."""
    cosines = jnp.matmul(left.units, right.units.T, precision="highest")
    versines = _versines(cosines, left.units, right.units)
    turn = jnp.sqrt(versines) * _horner(arccos, versines) - 1
    values = _clenshaw(curve, jnp.copysign(turn, -cosines))
    return values * (left.lengths[:, None] * right.lengths)


def _versines(cosines: jax.Array, units1: jax.Array, units2: jax.Array) -> jax.Array:
    """1 − |cosine| (n1, n2); of nearly parallel pairs, from the distance of their unit vectors.

    Those pairs are few, but for the diagonal: as long as some wait, `PAIRS` of them are taken.
    """

    def some_wait(state: State) -> jax.Array:
        return state[1].any()

    def correct(state: State) -> State:
        versines, waiting = state
        i, j = jnp.nonzero(waiting, size=PAIRS, fill_value=len(cosines))  # which mode drops
        gaps = units1[i] - jnp.sign(cosines[i, j])[:, None] * units2[j]
        halves = jnp.sum(gaps**2, axis=1) / 2
        return (
            versines.at[i, j].set(halves, mode="drop"),
            waiting.at[i, j].set(False, mode="drop"),
        )

    sizes = jnp.abs(cosines)
    state = 1 - sizes, sizes > 1 - NEARLY_PARALLEL
    return jax.lax.while_loop(some_wait, correct, state)[0]


def _horner(coefficients: jax.Array, x: jax.Array) -> jax.Array:
    """Polynomial, lowest coefficient first."""
    value = coefficients[-1]
    for power in range(len(coefficients) - 2, -1, -1):
        value = value * x + coefficients[power]
    return value


def _clenshaw(coefficients: jax.Array, x: jax.Array) -> jax.Array:
    """Chebyshev series, lowest coefficient first."""
    now = before = jnp.zeros_like(x)
    for degree in range(len(coefficients) - 1, 0, -1):
        now, before = 2 * x * now + (coefficients[degree] - before), now
    return x * now + (coefficients[0] - before)
