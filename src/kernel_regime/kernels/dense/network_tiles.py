"""The hot loop of network kernels: multiply a tile, turn cosines into values, mirror it."""

from typing import Any, NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
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


class NetworkRows(NamedTuple):
    """Unit vectors of one input packed for multiplication, and what depends on lengths alone.

    Both are as many as fill whole tiles, the last ones 0.

    Attributes
    ----------
    packed : array
        The unit vectors.
    scales : array (n,)
        √k(x, x), the scale of a row's values.
    basis : array (lengths, n)
        Chebyshev polynomials in the logarithm of a row's length.
    coefficients : array (n, angles, lengths)
        The curve's for the length of a row: sums over `basis`.
    """

    packed: Array
    scales: Array
    basis: Array
    coefficients: Array


class NetworkCurve(NamedTuple):
    """A network's kernel over √(k(x, x)k(x', x')) as polynomials in two lengths and an angle.

    Attributes
    ----------
    arccos : array
        Coefficients of arccos(1 − v)/√v in right angles, lowest first.
    stretch : float
        What maps angles, in right angles from a right one, onto [-1, 1].
    widths : array (angles,)
        How many lengths the coefficients of each angle need.
    far : float
        Pairs whose |cos θ| is larger are left out, as NaN; beyond 1 there are none.
    """

    arccos: Array
    stretch: float
    widths: Array
    far: float


def network_rows(units: Array, scales: Array, basis: Array, coefficients: Array) -> NetworkRows:
    """Rows packed and padded to whole tiles.

    Parameters
    ----------
    units : array (n, d)
        Unit vectors, in the dtype of the kernel.
    scales : array (n,)
        √k(x, x).
    basis : array (lengths, n)
        Chebyshev polynomials in log-lengths.
    coefficients : array (angles, lengths, lengths)
        Of products of Chebyshev polynomials in an angle and two log-lengths.
    """
    packed = empty_packed_panels(units)
    _pack(units, packed)
    missing = len(packed) * packed.shape[2] - len(units)
    padded = [np.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, missing)]) for a in (scales, basis)]
    of_rows = np.tensordot(padded[1], coefficients, axes=(0, 1))
    return NetworkRows(packed, *(np.ascontiguousarray(a, units.dtype) for a in (*padded, of_rows)))


@compiled(parallel=True, nogil=True)
def _pack(units: Array, packed: Array) -> None:
    for tile in numba.prange((len(units) + EDGE - 1) // EDGE):
        start: Any = np.intp(tile) * EDGE
        pack_tile(units[start : start + EDGE], packed, start // packed.shape[2])


@compiled(parallel=True, nogil=True)
def fill_network(
    matrix: Array,
    left: NetworkRows,
    right: NetworkRows,
    curve: NetworkCurve,
    symmetric: bool,
    left_out: Array,
) -> None:
    """Kernel matrix of two sets of rows; its upper triangle, mirrored, where it is symmetric.

    `left_out` (tiles down, tiles across) says in which tiles pairs are left for others to compute.
    """
    tiles, across = tile_count(matrix.shape, symmetric)
    for number in numba.prange(tiles):
        i, j = tile_place(np.intp(number), across, symmetric)
        top, start = i * EDGE, j * EDGE
        tile = np.empty((EDGE, EDGE), matrix.dtype)
        multiply_tile(left.packed, i, right.packed, j, tile)
        left_out[i, j] = _mark(tile, curve.far)
        _finish(tile, left, top, right, start, curve)
        if symmetric and i == j:
            for r in range(EDGE):
                for c in range(r):
                    tile[r, c] = tile[c, r]
        _copy(tile, matrix[top : top + EDGE, start : start + EDGE])
        if symmetric and i != j:
            _copy(tile.T, matrix[start : start + EDGE, top : top + EDGE])


@compiled()
def _copy(tile: Array, target: Array) -> None:
    """As much of a tile as the target holds, row by row: twice as fast as one assignment."""
    for r in range(target.shape[0]):
        values, row = tile[r], target[r]
        for c in range(len(row)):
            row[c] = values[c]


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
    tile: Array, left: NetworkRows, top: int, right: NetworkRows, start: int, curve: NetworkCurve
) -> None:
    """Kernel values of a tile of cosines, in place; NaN stays NaN."""
    values = tile.reshape(EDGE, -1, VECTOR_SIZE)
    width = len(right.basis)
    basis = right.basis[:, start : start + EDGE].copy().reshape(width, -1, VECTOR_SIZE)
    scales = right.scales[start : start + EDGE].reshape(-1, VECTOR_SIZE)
    arccos, stretch = curve.arccos, tile.dtype.type(curve.stretch)
    for r in range(EDGE):
        row = left.coefficients[top + r]
        scale = load(left.scales, (top + r,))
        for c in range(values.shape[1]):
            cosine = load(values, (r, c))
            versine = larger(1 - absolute(cosine), broadcast(tile, 0.0))
            turn = root(versine) * _horner(arccos, versine) - 1
            angle = copy_sign(turn, 0 - cosine) * stretch
            if width == 1:
                value = _clenshaw(row, angle)
            else:
                value = _clenshaw_of_lengths(row, curve.widths, basis, c, angle)
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
