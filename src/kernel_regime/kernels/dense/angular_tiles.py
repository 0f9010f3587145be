"""The hot loop of the angular kernels: multiply a tile, turn cosines into values, mirror it."""

from collections.abc import Sequence
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

NEARLY_PARALLEL = 1e-2  # 1 − |cos θ| below which the difference of the rows is taken, θ < 8°


class UnitRows(NamedTuple):
    """Rows of one input, what makes unit vectors of them, and those packed for multiplication.

    `lengths` (factors, n), times each factor, are as many as fill whole tiles, the last ones 0.
    """

    rows: Array
    inverses: Array
    lengths: Array
    packed: Array


def unit_rows(x: Array, factors: Sequence[float]) -> UnitRows:
    """Rows `x` with their lengths times each factor; a zero row keeps length and direction 0."""
    packed = empty_packed_panels(x)
    lengths = np.zeros((len(factors), len(packed) * packed.shape[2]), x.dtype)
    rows = UnitRows(x, np.empty(len(x)), lengths, packed)
    _normalise(np.array(factors), *rows)
    return rows


@compiled(parallel=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def _normalise(factors: Array, x: Array, inverses: Array, lengths: Array, packed: Array) -> None:
    for tile in numba.prange((len(x) + EDGE - 1) // EDGE):
        start: Any = np.intp(tile) * EDGE
        stop = min(start + EDGE, len(x))
        units = np.empty((stop - start, x.shape[1]), x.dtype)
        for i in range(start, stop):
            square = 0.0
            for k in range(x.shape[1]):
                square += np.float64(x[i, k]) ** 2
            length = np.sqrt(square)
            for k in range(len(factors)):
                lengths[k, i] = factors[k] * length
            inverses[i] = 1 / length if length > 0 else 0.0
            for k in range(x.shape[1]):
                units[i - start, k] = x[i, k] * inverses[i]
        pack_tile(units, packed, start // packed.shape[2])


@compiled(parallel=True, nogil=True)
def fill_angular(
    matrices: tuple[Array, ...],
    left: UnitRows,
    right: UnitRows,
    arccos: Array,
    curves: tuple[Array, ...],
    symmetric: bool,
) -> None:
    """Matrices of two sets of rows, one for each curve: one product for all of them.

    Where they are symmetric, the upper triangle is computed and mirrored.
    """
    tiles, across = tile_count(matrices[0].shape, symmetric)
    for number in numba.prange(tiles):
        i, j = tile_place(np.intp(number), across, symmetric)
        top, start = i * EDGE, j * EDGE
        cosines = np.empty((EDGE, EDGE), matrices[0].dtype)
        multiply_tile(left.packed, i, right.packed, j, cosines)
        for k in range(len(matrices)):
            tile = cosines if k == len(matrices) - 1 else cosines.copy()
            _finish(tile, k, left, top, right, start, arccos, curves[k])
            put_tile(tile, matrices[k], top, start, symmetric)


@compiled()
def put_tile(tile: Array, matrix: Array, top: int, start: int, symmetric: bool) -> None:
    """A tile to its place in a matrix, and where that is symmetric to its mirror image too."""
    if symmetric and top == start:
        for r in range(EDGE):
            for c in range(r):
                tile[r, c] = tile[c, r]
    _copy(tile, matrix[top : top + EDGE, start : start + EDGE])
    if symmetric and top != start:
        _copy(tile.T, matrix[start : start + EDGE, top : top + EDGE])


@compiled()
def _copy(tile: Array, target: Array) -> None:
    """As much of a tile as the target holds, row by row: twice as fast as one assignment."""
    for r in range(target.shape[0]):
        values, row = tile[r], target[r]
        for c in range(len(row)):
            row[c] = values[c]


@compiled()
def _finish(
    tile: Array,
    k: int,
    left: UnitRows,
    top: int,
    right: UnitRows,
    start: int,
    arccos: Array,
    curve: Array,
) -> None:
    """Values of kernel `k` of a tile of cosines, in place."""
    near = _some_nearly_parallel(tile)
    cosines = tile.copy() if near else tile
    values = tile.reshape(EDGE, -1, VECTOR_SIZE)
    lengths = right.lengths[k, start : start + EDGE].reshape(-1, VECTOR_SIZE)
    for r in range(EDGE):
        length = load(left.lengths, (k, top + r))
        for c in range(values.shape[1]):
            cosine = load(values, (r, c))
            value = _evaluate(cosine, 1 - absolute(cosine), arccos, curve)
            store(values, (r, c), value * (length * load(lengths, (c,))))
    if near:
        _correct(tile, cosines, k, left, top, right, start, arccos, curve)


@compiled()
def _some_nearly_parallel(tile: Array) -> Any:
    vectors, found = tile.reshape(-1, VECTOR_SIZE), np.empty((1, VECTOR_SIZE), tile.dtype)
    largest = broadcast(tile, 0.0)
    for k in range(len(vectors)):
        largest = larger(largest, absolute(load(vectors, (k,))))
    store(found, (0,), largest)
    return found.max() > 1 - NEARLY_PARALLEL


@compiled()
def _correct(
    tile: Array,
    cosines: Array,
    k: int,
    left: UnitRows,
    top: int,
    right: UnitRows,
    start: int,
    arccos: Array,
    curve: Array,
) -> None:
    """Evaluate nearly parallel pairs again, from the distance of their unit vectors."""
    near, one = cosines.dtype.type(1 - NEARLY_PARALLEL), np.empty((1, VECTOR_SIZE), cosines.dtype)
    for r in range(min(EDGE, len(left.rows) - top)):
        for c in range(min(EDGE, len(right.rows) - start)):
            i, j, cosine = top + r, start + c, cosines[r, c]
            if abs(cosine) > near:
                distance = _distance(
                    left.rows[i], left.inverses[i], right.rows[j], right.inverses[j], cosine < 0
                )
                versine = broadcast(one, distance / 2)
                store(one, (0,), _evaluate(broadcast(one, cosine), versine, arccos, curve))
                tile[r, c] = one[0, 0] * (left.lengths[k, i] * right.lengths[k, j])


@compiled()
def _evaluate(cosine: Vector, versine: Vector, arccos: Array, curve: Array) -> Vector:
    """κ of angles with the sign of `cosine` and 1 − |cosine| = `versine`."""
    turn = root(versine) * _horner(arccos, versine) - 1
    return _clenshaw(curve, copy_sign(turn, 0 - cosine))


@compiled()
def _horner(coefficients: Array, x: Vector) -> Vector:
    """Polynomial, lowest coefficient first."""
    value = broadcast(coefficients, coefficients[-1])
    for power in range(len(coefficients) - 2, -1, -1):
        value = value * x + coefficients[power]
    return value


@compiled()
def _clenshaw(coefficients: Array, x: Vector) -> Vector:
    """Chebyshev series, lowest coefficient first."""
    double = x + x
    now = before = broadcast(coefficients, 0.0)
    for degree in range(len(coefficients) - 1, 0, -1):
        now, before = double * now + (coefficients[degree] - before), now
    return x * now + (coefficients[0] - before)


@compiled(fastmath={"reassoc", "nsz"})
def _distance(a: Array, inverse_a: float, b: Array, inverse_b: float, opposite: bool) -> Any:
    """Squared distance of two unit vectors, or of one from minus the other; 0 for equal rows."""
    sign = a.dtype.type(1 if opposite else -1)
    square = a.dtype.type(0)
    for k in range(len(a)):
        gap = a.dtype.type(a[k] * inverse_a) + sign * a.dtype.type(b[k] * inverse_b)
        square += gap * gap
    return square
