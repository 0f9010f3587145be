"""The angular kernels in JAX: the algorithm of `angular_tiles` on whole blocks of pairs.

Products are taken in the dtype of the inputs. Those of float32 in float64 would leave an angle
exact enough, but float64 inputs need their nearly parallel pairs corrected in any case, and a GPU
for the desktop multiplies float64 at a sixty-fourth of its speed. So either dtype goes one way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.dense.angular import AngularKernel, polynomials
from kernel_regime.kernels.dense.angular_tiles import NEARLY_PARALLEL
from kernel_regime.kernels.gpu.jax_engine import Block, largest_norm, mirrored_upper, rows_of
from kernel_regime.kernels.gpu.kernel_on_jax import KernelOnJax

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

PAIRS = 16384  # nearly parallel ones corrected at once
State = tuple[jax.Array, jax.Array]  # versines, and which pairs are still to be corrected


class UnitVectors(NamedTuple):
    """Unit vectors (n, d) of one input, and their lengths (n,) times a factor."""

    units: jax.Array
    lengths: jax.Array


@dataclass(frozen=True)
class AngularOnGpu(KernelOnJax[AngularKernel]):
    """An angular kernel on a device of JAX.

    Parameters
    ----------
    kernel : AngularKernel
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Examples
    --------
    >>> from kernel_regime.kernels import TwoLayerNTK
    >>> engine = AngularOnGpu(TwoLayerNTK(), jax.devices("cpu")[0])
    >>> engine.gram([[3.0, 4.0]]).round(6)
    array([[25.]])
    """

    def _blocks(self, x1: Array, x2: Array, grid: TileGrid) -> Iterator[Block]:
        curves = polynomials(self.kernel, x1.dtype.str)
        arccos, kappa = jax.device_put((curves.arccos, curves.kappa), self.device)
        left = self._unit_vectors(x1)
        right = left if grid.symmetric else self._unit_vectors(x2)
        for tile in grid.tiles:
            sides = rows_of(left, tile.rows), rows_of(right, tile.columns)
            same = grid.symmetric and tile.row == tile.column
            yield tile, angular_values(*sides, arccos, kappa, same)

    def _bound(self, x1: Array, x2: Array) -> float:
        dtype = x1.dtype.str
        factor, curves = self.kernel.factor(x1[0].size, dtype), polynomials(self.kernel, dtype)
        return curves.at_zero * (factor * largest_norm(x1)) * (factor * largest_norm(x2))

    def _unit_vectors(self, x: Array) -> UnitVectors:
        """In float64 on the way, whatever the inputs."""
        rows = x.reshape(len(x), -1)
        factor = self.kernel.factor(rows.shape[1], x.dtype.str)
        return _normalise(jax.device_put(rows, self.device), factor)


@jax.jit
def _normalise(rows: jax.Array, factor: float) -> UnitVectors:
    """Unit vectors of rows (n, d), lengths in float64 on the way; a zero row keeps direction 0."""
    wide = rows.astype(jnp.float64)
    lengths = jnp.sqrt(jnp.sum(wide**2, axis=1))
    inverses = jnp.where(lengths > 0, 1 / lengths, 0)
    units = wide * inverses[:, None]
    return UnitVectors(units.astype(rows.dtype), (factor * lengths).astype(rows.dtype))


@partial(jax.jit, static_argnames="same")
def angular_values(
    left: UnitVectors, right: UnitVectors, arccos: jax.Array, kappa: jax.Array, same: bool = False
) -> jax.Array:
    """Kernel values of all pairs, (n1, n2); exactly symmetric where both sides are the same."""
    cosines = jnp.matmul(left.units, right.units.T, precision="highest")
    versines = _versines(cosines, left.units, right.units, same)
    values = _clenshaw(kappa, signed_angles(arccos, versines, cosines))
    values *= left.lengths[:, None] * right.lengths
    return mirrored_upper(values) if same else values


def _versines(cosines: jax.Array, units1: jax.Array, units2: jax.Array, same: bool) -> jax.Array:
    """1 − |cosine| (n1, n2); of nearly parallel pairs, from the distance of their unit vectors.

    As long as some of those pairs are left, `PAIRS` of them are taken. A sample has no distance
    from itself.
    """

    def some_are_left(state: State) -> jax.Array:
        return state[1].any()

    def correct(state: State) -> State:
        versines, left = state
        i, j = jnp.nonzero(left, size=PAIRS, fill_value=len(cosines))  # which mode drops
        gaps = units1[i] - jnp.sign(cosines[i, j])[:, None] * units2[j]
        halves = jnp.sum(gaps**2, axis=1) / 2
        return (
            versines.at[i, j].set(halves, mode="drop"),
            left.at[i, j].set(False, mode="drop"),
        )

    sizes = jnp.abs(cosines)
    own = jnp.eye(len(cosines), dtype=bool) if same else jnp.zeros((), bool)
    near = (sizes > 1 - NEARLY_PARALLEL) & ~own
    state = jnp.where(own & (sizes > 0), 0, 1 - sizes), near
    return jax.lax.while_loop(some_are_left, correct, state)[0]


def signed_angles(arccos: jax.Array, versines: jax.Array, cosines: jax.Array) -> jax.Array:
    """Angles, in right angles from a right one, of versines 1 − |cosine|."""
    turn = jnp.sqrt(versines) * _horner(arccos, versines) - 1
    return jnp.copysign(turn, -cosines)


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
