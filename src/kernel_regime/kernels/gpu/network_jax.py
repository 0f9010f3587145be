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
from kernel_regime.kernels.both_kernels import Get
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
from kernel_regime.kernels.gpu.kernel_on_gpu import NetworkKernelOnGpu
from kernel_regime.kernels.gpu.kernel_on_jax import SMALLER_TILES
from kernel_regime.kernels.infinite_network import NetworkKernel
from kernel_regime.linalg.matrix_tiles import EDGE

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp


@dataclass(frozen=True)
class NetworkOnGpu(NetworkKernelOnGpu[NetworkKernel]):
    """A kernel of a dense network on a device of JAX: both of the network's from one product.

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

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, from one product."""
        network = read_architecture(self.kernel.architecture)
        refuse_late_flatten(network, x1)
        homogeneous = homogeneous_engine(network)
        if homogeneous is not None:
            angular = AngularOnGpu(homogeneous.kernel(self.kernel.get), self.device)
            return angular.matrices(x1, x2, gets)
        work = f"a network of {len(x1):,} × {len(x1 if x2 is None else x2):,} points"
        fill = partial(fill_on_device, self.device)
        engine = DenseEngine(network, fill, layer_by_layer=False)
        with jax_precision(np.float64), within_memory(self.device, work, SMALLER_TILES):
            return engine.matrices(x1, x2, gets)


def fill_on_device(
    device: jax.Device,
    left: NetworkSide,
    right: NetworkSide,
    angles: NetworkAngles,
    series: Sequence[Array],
    symmetric: bool,
) -> tuple[tuple[Array, ...], Array]:
    """What `fill_on_host` returns, computed on a device of JAX."""
    shape, dtype = (len(left.units), len(right.units)), left.units.dtype
    grid = _of_whole_tiles(block_grid(shape, dtype, symmetric, device))
    left_out = np.zeros(tuple(-(-n // EDGE) for n in shape), np.bool_)
    matrices = tuple(np.empty(shape, dtype) for _ in series)
    rows = _rows(left, series, device)
    columns = rows if symmetric else _rows(right, series, device)
    blocks = _blocks(rows, columns, series, angles, grid, left_out, device)
    bring_to_host(blocks, matrices, grid)
    return matrices, left_out


class LengthsOnDevice(NamedTuple):
    """What depends on lengths alone, for one kernel: scales (n,) and basis (n, lengths)."""

    scales: jax.Array
    basis: jax.Array


class NetworkRowsOnDevice(NamedTuple):
    """Rows of one input: unit vectors (n, d), and their lengths for each kernel."""

    units: jax.Array
    lengths: tuple[LengthsOnDevice, ...]


def _rows(side: NetworkSide, series: Sequence[Array], device: jax.Device) -> NetworkRowsOnDevice:
    parts = [
        (scales.astype(side.units.dtype), side.basis[: one.shape[1]].T.copy())
        for scales, one in zip(side.scales, series, strict=True)
    ]
    units, lengths = jax.device_put((side.units, parts), device)
    return NetworkRowsOnDevice(units, tuple(LengthsOnDevice(*part) for part in lengths))


def _of_whole_tiles(grid: TileGrid) -> TileGrid:
    """Blocks that end where tiles of the host do."""
    return TileGrid(grid.shape, max(EDGE, grid.edge // EDGE * EDGE), grid.symmetric)


def _blocks(
    left: NetworkRowsOnDevice,
    right: NetworkRowsOnDevice,
    series: Sequence[Array],
    angles: NetworkAngles,
    grid: TileGrid,
    left_out: Array,
    device: jax.Device,
) -> Iterator[Block]:
    """Blocks of all kernels; says at the end in which tiles pairs were left out."""
    arccos, curves = jax.device_put((angles.arccos, list(series)), device)
    near = []
    for tile in grid.tiles:
        rows, columns = rows_of(left, tile.rows), rows_of(right, tile.columns)
        same = grid.symmetric and tile.row == tile.column
        turns, found = network_angles(
            *(rows.units, columns.units, arccos, angles.stretch, angles.far), same
        )
        near.append(found)
        of_kernels = zip(rows.lengths, columns.lengths, curves, strict=True)
        yield tile, tuple(network_values(turns, *of_kernel, same) for of_kernel in of_kernels)
    for tile, found in zip(grid.tiles, near, strict=True):
        down, across = (part.start // EDGE for part in (tile.rows, tile.columns))
        left_out[down : down + len(found), across : across + found.shape[1]] |= np.asarray(found)


@partial(jax.jit, static_argnames="same")
def network_angles(
    left: jax.Array,
    right: jax.Array,
    arccos: jax.Array,
    stretch: float,
    far: float,
    same: bool = False,
) -> tuple[jax.Array, jax.Array]:
    """Stretched angles (n1, n2) of unit vectors, and which tiles have pairs that are left out.

    Those are NaN: their |cos θ| is beyond `far`. Pairs of a sample with itself have some angle:
    the host knows the diagonal.
    """
    cosines = jnp.matmul(left, right.T, precision="highest")
    near = jnp.abs(cosines) > far
    if same:
        near &= ~jnp.eye(len(near), dtype=bool)
    versines = jnp.maximum(1 - jnp.abs(cosines), 0)
    angles = signed_angles(arccos, versines, cosines) * stretch
    return jnp.where(near, jnp.nan, angles), _tiles_with(near)


@partial(jax.jit, static_argnames="same")
def network_values(
    angles: jax.Array,
    left: LengthsOnDevice,
    right: LengthsOnDevice,
    series: jax.Array,
    same: bool = False,
) -> jax.Array:
    """Values (n1, n2) of one kernel, NaN where the angle is."""
    of_rows = jnp.einsum("nl,alm->anm", left.basis, series, precision="highest")
    values = _clenshaw_of_lengths(of_rows.astype(angles.dtype), right.basis, angles)
    values *= left.scales[:, None] * right.scales
    return mirrored_upper(values) if same else values


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
