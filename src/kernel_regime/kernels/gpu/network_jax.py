"""Dense networks in JAX: the polynomials of the dense engine on whole blocks of pairs.

What the polynomials do not cover (nearly parallel inputs of networks with kinks, unusual lengths,
small matrices, networks without a short series) is computed by the host as ever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.architecture import read_architecture
from kernel_regime.kernels.dense.dense_engine import DenseEngine
from kernel_regime.kernels.dense.homogeneous import homogeneous_engine
from kernel_regime.kernels.dense.network_layers import refuse_late_flatten
from kernel_regime.kernels.dense.network_rows import NetworkAngles, NetworkSide
from kernel_regime.kernels.gpu.angular_jax import AngularOnGpu, signed_angles
from kernel_regime.kernels.gpu.jax_engine import (
    Block,
    block_grid,
    bring_to_host,
    first_gpu,
    mirrored_upper,
    rows_of,
    within_memory,
)
from kernel_regime.kernels.gpu.kernel_on_gpu import KernelOnGpu
from kernel_regime.kernels.gpu.kernel_on_jax import SMALLER_TILES
from kernel_regime.kernels.infinite_network import NetworkKernel
from kernel_regime.linalg.packed_products import EDGE

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp


@dataclass(frozen=True)
class NetworkOnGpu(KernelOnGpu[NetworkKernel]):
    """The kernel of a dense network on a device of JAX.

    Parameters
    ----------
    kernel : NetworkKernel
        Of the engine "dense".
    device : jax.Device
        Where to compute; left out, the first GPU.

    Raises
    ------
    MissingDeviceError
        If there is no GPU.

    Examples
    --------
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
    >>> kernel = NetworkKernel([dense, "Erf", dense], "nngp")
    >>> NetworkOnGpu(kernel, jax.devices("cpu")[0]).gram(np.eye(2)).round(4)
    array([[0.9168, 0.0184],
           [0.0184, 0.9168]])
    """

    device: jax.Device = field(default_factory=first_gpu)

    def _gram(self, x: Array) -> Array:
        return self._matrix(x, None)

    def _cross(self, x1: Array, x2: Array) -> Array:
        return self._matrix(x1, x2)

    def _matrix(self, x1: Array, x2: Array | None) -> Array:
        network = read_architecture(self.kernel.architecture)
        refuse_late_flatten(network, x1)
        homogeneous = homogeneous_engine(network)
        if homogeneous is not None:
            angular = AngularOnGpu(homogeneous.kernel(self.kernel.get), self.device)
            return angular.gram(x1) if x2 is None else angular.cross(x1, x2)
        work = f"a network of {len(x1):,} × {len(x1 if x2 is None else x2):,} points"
        engine = DenseEngine(network, partial(fill_on_device, self.device))
        with jax_precision(np.float64), within_memory(self.device, work, SMALLER_TILES):
            return engine.matrices(x1, x2, (self.kernel.get,))[0]


def fill_on_device(
    device: jax.Device,
    left: NetworkSide,
    right: NetworkSide,
    angles: NetworkAngles,
    series: Sequence[Array],
    widths: Sequence[Array],
    symmetric: bool,
) -> tuple[tuple[Array, ...], Array]:
    """What `fill_on_host` returns, computed on a device of JAX.

    Every angle sums over all lengths: `widths` would be shapes to compile for.
    """
    shape, dtype = (len(left.units), len(right.units)), left.units.dtype
    grid = _of_whole_tiles(block_grid(shape, dtype, symmetric, device))
    left_out = np.zeros(tuple(-(-n // EDGE) for n in shape), np.bool_)
    matrices = tuple(np.empty(shape, dtype) for _ in series)
    for k, (matrix, coefficients) in enumerate(zip(matrices, series, strict=True)):
        rows, columns = (_rows(side, k, len(coefficients[0]), device) for side in (left, right))
        curves = jax.device_put((angles.arccos, coefficients), device)
        blocks = _blocks(rows, columns, curves, angles, grid, left_out)
        bring_to_host(blocks, matrix, grid)
    return matrices, left_out


class NetworkRowsOnDevice(NamedTuple):
    """Rows of one input for one kernel: unit vectors (n, d), scales (n,), basis (n, lengths)."""

    units: jax.Array
    scales: jax.Array
    basis: jax.Array


def _rows(side: NetworkSide, k: int, lengths: int, device: jax.Device) -> NetworkRowsOnDevice:
    parts = side.units, side.scales[k].astype(side.units.dtype), side.basis[:lengths].T.copy()
    return NetworkRowsOnDevice(*jax.device_put(parts, device))


def _of_whole_tiles(grid: TileGrid) -> TileGrid:
    """Blocks that end where tiles of the host do."""
    return TileGrid(grid.shape, max(EDGE, grid.edge // EDGE * EDGE), grid.symmetric)


def _blocks(
    left: NetworkRowsOnDevice,
    right: NetworkRowsOnDevice,
    curves: tuple[jax.Array, jax.Array],
    angles: NetworkAngles,
    grid: TileGrid,
    left_out: Array,
) -> Iterator[Block]:
    """Blocks of one kernel; says at the end in which tiles pairs were left out."""
    near = []
    for tile in grid.tiles:
        sides = rows_of(left, tile.rows), rows_of(right, tile.columns)
        same = grid.symmetric and tile.row == tile.column
        values, found = network_values(*sides, *curves, angles.stretch, angles.far, same)
        near.append(found)
        yield tile, values
    for tile, found in zip(grid.tiles, near, strict=True):
        down, across = (part.start // EDGE for part in (tile.rows, tile.columns))
        left_out[down : down + len(found), across : across + found.shape[1]] |= np.asarray(found)


@partial(jax.jit, static_argnames="same")
def network_values(
    left: NetworkRowsOnDevice,
    right: NetworkRowsOnDevice,
    arccos: jax.Array,
    series: jax.Array,
    stretch: float,
    far: float,
    same: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """Kernel values (n1, n2), NaN where |cos θ| is beyond `far`, and which tiles have such pairs.

    Pairs of a sample with itself have some value: the host knows the diagonal.
    """
    cosines = jnp.matmul(left.units, right.units.T, precision="highest")
    near = jnp.abs(cosines) > far
    if same:
        near &= ~jnp.eye(len(near), dtype=bool)
    versines = jnp.maximum(1 - jnp.abs(cosines), 0)
    angle = signed_angles(arccos, versines, cosines) * stretch
    of_rows = jnp.einsum("nl,alm->anm", left.basis, series, precision="highest")
    values = _clenshaw_of_lengths(of_rows.astype(angle.dtype), right.basis, angle)
    values = jnp.where(near, jnp.nan, values * (left.scales[:, None] * right.scales))
    return (mirrored_upper(values) if same else values), _tiles_with(near)


def _clenshaw_of_lengths(of_rows: jax.Array, basis: jax.Array, x: jax.Array) -> jax.Array:
    """Chebyshev series in x (n1, n2) whose coefficients are series in the lengths of the columns.

    `of_rows` (terms, n1, lengths) are coefficients of the latter, `basis` (n2, lengths) its
    polynomials.
    """
    columns = basis.astype(x.dtype).T

    def step(
        state: tuple[jax.Array, jax.Array], of_degree: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        now, before = state
        coefficient = jnp.matmul(of_degree, columns, precision="highest")
        return (2 * x * now + (coefficient - before), now), None

    zero = jnp.zeros_like(x)
    (now, before), _ = jax.lax.scan(step, (zero, zero), of_rows[:0:-1])
    return x * now + (jnp.matmul(of_rows[0], columns, precision="highest") - before)


def _tiles_with(mask: jax.Array) -> jax.Array:
    """Which tiles of EDGE × EDGE have an entry that is true."""
    down, across = (-(-n // EDGE) for n in mask.shape)
    padding = [(0, down * EDGE - mask.shape[0]), (0, across * EDGE - mask.shape[1])]
    return jnp.pad(mask, padding).reshape(down, EDGE, across, EDGE).any(axis=(1, 3))
