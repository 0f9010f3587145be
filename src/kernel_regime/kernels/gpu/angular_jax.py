"""The angular kernels in JAX: the algorithm of `angular_tiles` on whole blocks of pairs.

Products are taken in the dtype of the inputs. Those of float32 in float64 would leave an angle
exact enough, but float64 inputs need their nearly parallel pairs corrected in any case, and a GPU
for the desktop multiplies float64 at a sixty-fourth of its speed. So either dtype goes one way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.both_kernels import Get
from kernel_regime.kernels.dense.angular import AngularKernel, polynomials
from kernel_regime.kernels.dense.angular_tiles import NEARLY_PARALLEL
from kernel_regime.kernels.gpu.jax_engine import Block, largest_norm, mirrored_upper, rows_of
from kernel_regime.kernels.gpu.kernel_on_gpu import NetworkKernelOnGpu
from kernel_regime.kernels.gpu.kernel_on_jax import KernelOnJax

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

PAIRS = 16384  # nearly parallel ones corrected at once
State = tuple[jax.Array, jax.Array]  # versines, and which pairs are still to be corrected


class UnitVectors(NamedTuple):
    """Unit vectors (n, d) of one input, and their lengths (n,) times a factor of each kernel."""

    units: jax.Array
    lengths: tuple[jax.Array, ...]


@dataclass(frozen=True)
class AngularOnGpu(NetworkKernelOnGpu[AngularKernel], KernelOnJax[AngularKernel]):
    """An angular kernel on a device of JAX: both of a network from one product.

    The values of either take a program of their own, which gets the angles: so they are the same
    to the last bit with and without the other.

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

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, from one product."""
        kernels = [self.kernel.of(get) for get in gets]
        blocks = partial(_angular_blocks, kernels, self.device)
        return self._filled(blocks, x1, x2, len(kernels))

    def _blocks(self, x1: Array, x2: Array, grid: TileGrid) -> Iterator[Block]:
        return _angular_blocks([self.kernel], self.device, x1, x2, grid)

    def _bound(self, x1: Array, x2: Array) -> float:
        dtype = x1.dtype.str
        factor, curves = self.kernel.factor(x1[0].size, dtype), polynomials(self.kernel, dtype)
        return curves.at_zero * (factor * largest_norm(x1)) * (factor * largest_norm(x2))


def _angular_blocks(
    kernels: Sequence[AngularKernel], device: jax.Device, x1: Array, x2: Array, grid: TileGrid
) -> Iterator[Block]:
    """Blocks of angular kernels on the same samples: their angles are computed once."""
    curves = [polynomials(kernel, x1.dtype.str) for kernel in kernels]
    arccos, kappas = jax.device_put((curves[0].arccos, [one.kappa for one in curves]), device)
    left = _unit_vectors(kernels, x1, device)
    right = left if grid.symmetric else _unit_vectors(kernels, x2, device)
    for tile in grid.tiles:
        rows, columns = rows_of(left, tile.rows), rows_of(right, tile.columns)
        same = grid.symmetric and tile.row == tile.column
        angles = angles_between(rows.units, columns.units, arccos, same)
        lengths = zip(rows.lengths, columns.lengths, kappas, strict=True)
        yield tile, tuple(angular_values(angles, *of_kernel, same) for of_kernel in lengths)


def _unit_vectors(kernels: Sequence[AngularKernel], x: Array, device: jax.Device) -> UnitVectors:
    """In float64 on the way, whatever the inputs."""
    rows = x.reshape(len(x), -1)
    units, lengths = _normalise(jax.device_put(rows, device))
    factors = (kernel.factor(rows.shape[1], x.dtype.str) for kernel in kernels)
    return UnitVectors(units, tuple((factor * lengths).astype(x.dtype) for factor in factors))


@jax.jit
def _normalise(rows: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Unit vectors of rows (n, d), and lengths in float64; a zero row keeps direction 0."""
    wide = rows.astype(jnp.float64)
    lengths = jnp.sqrt(jnp.sum(wide**2, axis=1))
    inverses = jnp.where(lengths > 0, 1 / lengths, 0)
    return (wide * inverses[:, None]).astype(rows.dtype), lengths


@partial(jax.jit, static_argnames="same")
def angles_between(
    left: jax.Array, right: jax.Array, arccos: jax.Array, same: bool = False
) -> jax.Array:
    """Angles (n1, n2) of unit vectors (n1, d) and (n2, d), in right angles from a right one."""
    cosines = jnp.matmul(left, right.T, precision="highest")
    return signed_angles(arccos, _versines(cosines, left, right, same), cosines)


@partial(jax.jit, static_argnames="same")
def angular_values(
    angles: jax.Array, left: jax.Array, right: jax.Array, kappa: jax.Array, same: bool = False
) -> jax.Array:
    """Kernel values of all pairs, of their angles (n1, n2) and lengths (n1,) and (n2,).

    Exactly symmetric where both sides are the same.
    """
    values = _clenshaw(kappa, angles) * (left[:, None] * right)
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
