"""The hot loop of the angular kernels: multiply a tile, turn cosines into values, mirror it."""

from typing import NamedTuple

import numba
import numpy as np

from kernel_regime.kernels.base import Array
from kernel_regime.kernels.myrtle_lanes import LANES, absolute, copy_sign, load, root, spread, store
from kernel_regime.kernels.panels import (
    EDGE,
    ROWS,
    columns_of,
    count,
    empty_panels,
    multiply_tile,
    pack,
    place,
)

NEARLY_PARALLEL = 1e-2  # 1 − |cos θ| below which the difference of the rows is taken, θ < 8°


class Side(NamedTuple):
    """Rows of one input: lengths, directions, and the directions packed for multiplication."""

    lengths: Array
    units: Array
    rows: Array
    columns: Array


def normalise(x: Array, scale: float) -> Side:
    """Lengths (times √scale) and unit vectors of rows; a zero row keeps length and direction 0."""
    side = Side(
        np.empty(len(x), x.dtype),
        np.empty_like(x),
        empty_panels(x, ROWS),
        empty_panels(x, columns_of(x.dtype)),
    )
    _normalise(x, np.sqrt(scale), *side)
    return side


@numba.njit(parallel=True, cache=True, fastmath={"contract", "reassoc", "nsz"})
def _normalise(x, factor, lengths, units, rows, columns):  # type: ignore[no-untyped-def]
    for tile in numba.prange((len(x) + EDGE - 1) // EDGE):
        start = np.intp(tile) * EDGE
        stop = min(start + EDGE, len(x))
        for i in range(start, stop):
            square = 0.0
            for k in range(x.shape[1]):
                square += np.float64(x[i, k]) ** 2
            length = np.sqrt(square)
            lengths[i] = factor * length
            inverse = 1 / length if length > 0 else 0.0
            for k in range(x.shape[1]):
                units[i, k] = x[i, k] * inverse
        pack(units[start:stop], rows, start // rows.shape[2])
        pack(units[start:stop], columns, start // columns.shape[2])


@numba.njit(parallel=True, cache=True)
def fill(matrix, left, right, arccos, curve, symmetric):  # type: ignore[no-untyped-def]
    """Kernel matrix of two sides; of the upper triangle, mirrored, if they are the same."""
    tiles, across = count(matrix.shape, symmetric)
    for number in numba.prange(tiles):
        i, j = place(np.intp(number), across, symmetric)
        cosines = np.empty((EDGE, EDGE), matrix.dtype)
        tile = np.empty((EDGE, EDGE), matrix.dtype)
        rows = EDGE // left.rows.shape[2]
        columns = EDGE // right.columns.shape[2]
        multiply_tile(left.rows, i * rows, right.columns, j * columns, cosines)
        top, start = i * EDGE, j * EDGE
        height = min(EDGE, matrix.shape[0] - top)
        width = min(EDGE, matrix.shape[1] - start)
        _finish(
            cosines,
            tile,
            left.lengths[top : top + height],
            left.units[top : top + height],
            right.lengths[start : start + width],
            right.units[start : start + width],
            arccos,
            curve,
        )
        if symmetric and i == j:
            for r in range(height):
                for c in range(r):
                    tile[r, c] = tile[c, r]
        matrix[top : top + height, start : start + width] = tile[:height, :width]
        if symmetric and i != j:
            for c in range(width):
                for r in range(height):
                    matrix[start + c, top + r] = tile[r, c]


@numba.njit(cache=True)
def _finish(cosines, values, lengths1, units1, lengths2, units2, arccos, curve):  # type: ignore[no-untyped-def]
    """Kernel values of a tile of cosines."""
    lanes, curves = cosines.reshape(-1, LANES), values.reshape(-1, LANES)
    for k in range(len(lanes)):
        cosine = load(lanes, (k,))
        store(curves, (k,), _evaluate(cosine, 1 - absolute(cosine), arccos, curve))
    near, one = cosines.dtype.type(1 - NEARLY_PARALLEL), np.empty((1, LANES), cosines.dtype)
    for r in range(len(lengths1)):
        close = 0
        for c in range(len(lengths2)):
            close += abs(cosines[r, c]) > near
        if close > 0:
            for c in range(len(lengths2)):
                cosine = cosines[r, c]
                if abs(cosine) > near:
                    versine = spread(one, _distance(units1[r], units2[c], cosine < 0) / 2)
                    store(one, (0,), _evaluate(spread(one, cosine), versine, arccos, curve))
                    values[r, c] = one[0, 0]
        for c in range(len(lengths2)):
            values[r, c] *= lengths1[r] * lengths2[c]


@numba.njit(cache=True)
def _evaluate(cosine, versine, arccos, curve):  # type: ignore[no-untyped-def]
    """κ of angles with the sign of `cosine` and 1 − |cosine| = `versine`."""
    turn = root(versine) * _horner(arccos, versine) - 1
    return _clenshaw(curve, copy_sign(turn, 0 - cosine))


@numba.njit(cache=True)
def _horner(coefficients, x):  # type: ignore[no-untyped-def]
    """Polynomial, lowest coefficient first."""
    value = spread(coefficients, coefficients[-1])
    for power in range(len(coefficients) - 2, -1, -1):
        value = value * x + coefficients[power]
    return value


@numba.njit(cache=True)
def _clenshaw(coefficients, x):  # type: ignore[no-untyped-def]
    """Chebyshev series, lowest coefficient first."""
    double = x + x
    now = before = spread(coefficients, 0.0)
    for degree in range(len(coefficients) - 1, 0, -1):
        now, before = double * now + (coefficients[degree] - before), now
    return x * now + (coefficients[0] - before)


@numba.njit(cache=True, fastmath={"contract", "reassoc", "nsz"})
def _distance(a, b, opposite):  # type: ignore[no-untyped-def]
    """Squared distance of a from b, or from −b."""
    sign = a.dtype.type(1 if opposite else -1)
    square = a.dtype.type(0)
    for k in range(len(a)):
        gap = a[k] + sign * b[k]
        square += gap * gap
    return square
