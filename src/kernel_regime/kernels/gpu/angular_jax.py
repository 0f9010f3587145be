"""The angular kernels in JAX: the algorithm of `angular_tiles` on whole blocks of pairs.

Products are taken in the dtype of the inputs. Those of float32 in float64 would leave an angle
exact enough, but float64 inputs need their nearly parallel pairs corrected in any case, and a GPU
for the desktop multiplies float64 at a sixty-fourth of its speed. So either dtype goes one way.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.kernels.dense.angular import AngularKernel, polynomials
from kernel_regime.kernels.dense.angular_tiles import NEARLY_PARALLEL
from kernel_regime.kernels.gpu.jax_engine import fill_in_blocks, fill_symmetric, first_gpu
from kernel_regime.kernels.gpu.kernel_on_gpu import KernelOnGpu

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

PAIRS = 16384  # nearly parallel ones corrected at once: more than a block's diagonal
State = tuple[jax.Array, jax.Array]  # versines, and which pairs are still to be corrected


class UnitVectors(NamedTuple):
    """Unit vectors (n, d) of one input, and their lengths (n,) times a factor."""

    units: jax.Array
    lengths: jax.Array


@dataclass(frozen=True)
class AngularOnGpu(KernelOnGpu[AngularKernel]):
    """An angular kernel on a device of JAX.

    Parameters
    ----------
    kernel : AngularKernel
        The kernel.
    device : jax.Device
        Where to compute; left out, the first GPU.

    Raises
    ------
    MissingDeviceError
        If there is no GPU.

    Examples
    --------
    >>> from kernel_regime.kernels import TwoLayerNTK
    >>> engine = AngularOnGpu(TwoLayerNTK(), jax.devices("cpu")[0])
    >>> engine.gram([[3.0, 4.0]]).round(6)
    array([[25.]])
    """

    device: jax.Device = field(default_factory=first_gpu)

    def _gram(self, x: Array) -> Array:
        matrix = np.empty((len(x), len(x)), x.dtype)
        with jax_precision(np.float64):
            arccos, kappa = self._curves(x.dtype)
            rows = self._unit_vectors(x)
            fill_symmetric(lambda r, c: angular_values(r, c, arccos, kappa), rows, matrix)
        return matrix

    def _cross(self, x1: Array, x2: Array) -> Array:
        matrix = np.empty((len(x1), len(x2)), x1.dtype)
        with jax_precision(np.float64):
            arccos, kappa = self._curves(x1.dtype)
            left, right = self._unit_vectors(x1), self._unit_vectors(x2)
            fill_in_blocks(lambda r, c: angular_values(r, c, arccos, kappa), left, right, matrix)
        return matrix

    def _curves(self, dtype: np.dtype) -> tuple[jax.Array, jax.Array]:
        curves = polynomials(self.kernel, dtype.str)
        arccos, kappa = jax.device_put((curves.arccos, curves.kappa), self.device)
        return arccos, kappa

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


@jax.jit
def angular_values(
    left: UnitVectors, right: UnitVectors, arccos: jax.Array, kappa: jax.Array
) -> jax.Array:
    """Kernel values of all pairs, shape (n1, n2)."""
    cosines = jnp.matmul(left.units, right.units.T, precision="highest")
    versines = _versines(cosines, left.units, right.units)
    turn = jnp.sqrt(versines) * _horner(arccos, versines) - 1
    values = _clenshaw(kappa, jnp.copysign(turn, -cosines))
    return values * (left.lengths[:, None] * right.lengths)


def _versines(cosines: jax.Array, units1: jax.Array, units2: jax.Array) -> jax.Array:
    """1 − |cosine| (n1, n2); of nearly parallel pairs, from the distance of their unit vectors.

    Those pairs are few, but for the diagonal: as long as some are left, `PAIRS` of them are taken.
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
    state = 1 - sizes, sizes > 1 - NEARLY_PARALLEL
    return jax.lax.while_loop(some_are_left, correct, state)[0]


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
