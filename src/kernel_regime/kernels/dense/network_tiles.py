"""The hot loop of network kernels: multiply a tile, turn cosines into values, mirror it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.dense.angular_tiles import put_tile
from kernel_regime.linalg.packed_products import (
    EDGE,
    empty_packed_panels,
    multiply_tile,
    pack_tile,
    tile_count,
    tile_place,
)
from kernel_regime.linalg.simd import (
    VECTOR_SIZE,
    Vector,
    absolute,
    broadcast,
    copy_sign,
    larger,
    load,
    root,
    store,
)


class NetworkSide(NamedTuple):
    """Unit vectors of one input, and what depends on their lengths alone, in float64.

    Attributes
    ----------
    units : array (n, d)
        In the dtype of the kernels.
    scales : array (kernels, n)
        √k(x, x), the scale of a row's values.
    basis : array (lengths, n)
        Chebyshev polynomials in the logarithm of a row's length.
    """

    units: Array
    scales: Array
    basis: Array


class NetworkRows(NamedTuple):
    """Unit vectors of one input packed for multiplication, and what depends on lengths alone.

    All are as many as fill whole tiles, the last ones 0.

    Attributes
    ----------
    packed : array
        The unit vectors.
    scales : array (kernels, n)
        √k(x, x), the scale of a row's values.
    basis : array (lengths, n)
        Chebyshev polynomials in the logarithm of a row's length.
    """

    packed: Array
    scales: Array
    basis: Array


class NetworkAngles(NamedTuple):
    """What angles are made of cosines by, the same for both kernels of a network.

    Attributes
    ----------
    arccos : array
        Coefficients of arccos(1 − v)/√v in right angles, lowest first.
    stretch : float
        What maps angles, in right angles from a right one, onto [-1, 1].
    far : float
        Pairs whose |cos θ| is larger are left out, as NaN; beyond 1 there are none.
    """

    arccos: Array
    stretch: float
    far: float


def fill_on_host(
    left: NetworkSide,
    right: NetworkSide,
    angles: NetworkAngles,
    series: Sequence[Array],
    widths: Sequence[Array],
    symmetric: bool,
) -> tuple[tuple[Array, ...], Array]:
    """Matrices (n1, n2), one for each kernel, and where pairs were left out.

    Parameters
    ----------
    left, right : NetworkSide
        The inputs; of a symmetric matrix the same.
    angles : NetworkAngles
        Of both kernels.
    series : sequence of arrays (angles, lengths, lengths)
        Coefficients of products of Chebyshev polynomials in an angle and two log-lengths, one for
        each kernel.
    widths : sequence of int arrays (angles,)
        How many lengths each angle needs.
    symmetric : bool
        Whether to compute the upper triangle and mirror it.

    Returns
    -------
    matrices : tuple of arrays (n1, n2)
        NaN where pairs are nearly parallel: see `NetworkAngles.far`.
    left_out : bool array (tiles down, tiles across)
        Which tiles of EDGE × EDGE have such pairs.
    """
    rows1 = _padded(left)
    rows2 = rows1 if symmetric else _padded(right)
    shape, dtype = (len(left.units), len(right.units)), left.units.dtype
    matrices = tuple(np.empty(shape, dtype) for _ in series)
    left_out = np.zeros(tuple(-(-n // EDGE) for n in shape), np.bool_)
    coefficients = tuple(_coefficients_of_rows(one, left.basis, rows1) for one in series)
    fill_network(matrices, rows1, rows2, angles, coefficients, tuple(widths), symmetric, left_out)
    return matrices, left_out


def _padded(side: NetworkSide) -> NetworkRows:
    """Rows packed and padded to whole tiles."""
    packed = empty_packed_panels(side.units)
    _pack(side.units, packed)
    padding = [(0, 0), (0, len(packed) * packed.shape[2] - len(side.units))]
    padded = (np.pad(a, padding).astype(side.units.dtype) for a in (side.scales, side.basis))
    return NetworkRows(packed, *padded)


def _coefficients_of_rows(series: Array, basis: Array, rows: NetworkRows) -> Array:
    """Coefficients (n, angles, lengths) of one kernel for the length of every row."""
    missing = rows.basis.shape[1] - basis.shape[1]
    padded = np.pad(basis[: series.shape[1]], [(0, 0), (0, missing)])
    return np.ascontiguousarray(np.tensordot(padded, series, axes=(0, 1)), rows.basis.dtype)


@compiled(parallel=True, nogil=True)
def _pack(units: Array, packed: Array) -> None:
    for tile in numba.prange((len(units) + EDGE - 1) // EDGE):
        start: Any = np.intp(tile) * EDGE
        pack_tile(units[start : start + EDGE], packed, start // packed.shape[2])


@compiled(parallel=True, nogil=True)
def fill_network(
    matrices: tuple[Array, ...],
    left: NetworkRows,
    right: NetworkRows,
    angles: NetworkAngles,
    coefficients: tuple[Array, ...],
    widths: tuple[Array, ...],
    symmetric: bool,
    left_out: Array,
) -> None:
    """Matrices of two sets of rows, one for each kernel: one product for all of them.

    `coefficients` (n, angles, lengths) are those of Chebyshev polynomials in an angle and the
    log-length of a column, for each row; `widths` (angles,) how many lengths each angle needs.
    `left_out` (tiles down, tiles across) says in which tiles pairs are left for others to compute.
    Where matrices are symmetric, the upper triangle is computed and mirrored.
    """
    tiles, across = tile_count(matrices[0].shape, symmetric)
    for number in numba.prange(tiles):
        i, j = tile_place(np.intp(number), across, symmetric)
        top, start = i * EDGE, j * EDGE
        cosines = np.empty((EDGE, EDGE), matrices[0].dtype)
        multiply_tile(left.packed, i, right.packed, j, cosines)
        left_out[i, j] = _mark(cosines, angles.far)
        for k in range(len(matrices)):
            tile = cosines if k == len(matrices) - 1 else cosines.copy()
            _finish(tile, k, left, top, right, start, angles, coefficients[k], widths[k])
            put_tile(tile, matrices[k], top, start, symmetric)


@compiled()
def _mark(cosines: Array, far: float) -> bool:
    """Put NaN for cosines beyond `far`; whether there are any."""
    vectors, found = cosines.reshape(-1, VECTOR_SIZE), np.empty((1, VECTOR_SIZE), cosines.dtype)
    largest = broadcast(cosines, 0.0)
    for k in range(len(vectors)):
        largest = larger(largest, absolute(load(vectors, (k,))))
    store(found, (0,), largest)
    if found.max() <= far:
        return False
    flat = cosines.reshape(-1)
    for k in range(len(flat)):
        if abs(flat[k]) > far:
            flat[k] = np.nan
    return True


@compiled()
def _finish(
    tile: Array,
    k: int,
    left: NetworkRows,
    top: int,
    right: NetworkRows,
    start: int,
    angles: NetworkAngles,
    coefficients: Array,
    widths: Array,
) -> None:
    """Values of kernel `k` of a tile of cosines, in place; NaN stays NaN."""
    values = tile.reshape(EDGE, -1, VECTOR_SIZE)
    width = coefficients.shape[2]
    basis = right.basis[:width, start : start + EDGE].copy().reshape(width, -1, VECTOR_SIZE)
    scales = right.scales[k, start : start + EDGE].reshape(-1, VECTOR_SIZE)
    arccos, stretch = angles.arccos, tile.dtype.type(angles.stretch)
    for r in range(EDGE):
        row = coefficients[top + r]
        scale = load(left.scales, (k, top + r))
        for c in range(values.shape[1]):
            cosine = load(values, (r, c))
            versine = larger(1 - absolute(cosine), broadcast(tile, 0.0))
            turn = root(versine) * _horner(arccos, versine) - 1
            angle = copy_sign(turn, 0 - cosine) * stretch
            if width == 1:
                value = _clenshaw(row, angle)
            else:
                value = _clenshaw_of_lengths(row, widths, basis, c, angle)
            # A NaN among cosines is lost by `larger`, not by the product with zero times itself.
            store(values, (r, c), value * (scale * load(scales, (c,))) + 0 * cosine)


@compiled()
def _horner(coefficients: Array, x: Vector) -> Vector:
    """Polynomial, lowest coefficient first."""
    value = broadcast(coefficients, coefficients[-1])
    for power in range(len(coefficients) - 2, -1, -1):
        value = value * x + coefficients[power]
    return value


@compiled()
def _clenshaw(row: Array, x: Vector) -> Vector:
    """Chebyshev series with coefficients (terms, 1), lowest first."""
    double = x + x
    now = before = broadcast(row, 0.0)
    for degree in range(len(row) - 1, 0, -1):
        now, before = double * now + (row[degree, 0] - before), now
    return x * now + (row[0, 0] - before)


@compiled()
def _clenshaw_of_lengths(row: Array, widths: Array, basis: Array, c: int, x: Vector) -> Vector:
    """Chebyshev series whose coefficients are themselves series in the lengths of the columns."""
    double = x + x
    now = before = broadcast(row, 0.0)
    for degree in range(len(row) - 1, 0, -1):
        coefficient = _sum_over_lengths(row, degree, widths[degree], basis, c)
        now, before = double * now + (coefficient - before), now
    return x * now + (_sum_over_lengths(row, 0, widths[0], basis, c) - before)


@compiled()
def _sum_over_lengths(row: Array, degree: int, width: int, basis: Array, c: int) -> Vector:
    total = load(basis, (0, c)) * row[degree, 0]
    for b in range(1, width):
        total = total + load(basis, (b, c)) * row[degree, b]
    return total
