"""The hot loop of the angular kernels: multiply a tile, turn cosines into values, mirror it."""

from typing import NamedTuple

import numba
import numpy as np

from kernel_regime.kernels.base import Array
from kernel_regime.kernels.panels import (
    EDGE,
    ROWS,
    columns_of,
    empty_panels,
    multiply_tile,
    pack,
)

STRIP = 8 * EDGE  # numbers of a tile that go through the polynomials together, in first-level cache
NEARLY_PARALLEL = 4e-3  # 1 − |cos θ| below which the difference of the rows is taken, θ < 5°


class Side(NamedTuple):
    """Rows of one input: lengths, directions, and the directions packed for multiplication."""

    lengths: Array
    units: Array
    rows: Array
    columns: Array


def normalise(x: Array, scale: float) -> Side:
    """Lengths (times √scale) and unit vectors of rows; a zero row keeps length and direction 0."""
    samples, features = x.shape
    side = Side(
        np.empty(samples, x.dtype),
        np.empty_like(x),
        empty_panels(samples, features, x.dtype, ROWS),
        empty_panels(samples, features, x.dtype, columns_of(x.dtype)),
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
    down = (matrix.shape[0] + EDGE - 1) // EDGE
    across = (matrix.shape[1] + EDGE - 1) // EDGE
    total = down * (down + 1) // 2 if symmetric else down * across
    for number in numba.prange(total):
        i, j = _place(np.intp(number), across, symmetric)
        tile = np.empty((EDGE, EDGE), matrix.dtype)
        rows = EDGE // left.rows.shape[2]
        columns = EDGE // right.columns.shape[2]
        multiply_tile(left.rows, i * rows, right.columns, j * columns, tile)
        top, start = i * EDGE, j * EDGE
        height = min(EDGE, matrix.shape[0] - top)
        width = min(EDGE, matrix.shape[1] - start)
        _finish(
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
def _place(number, across, symmetric):  # type: ignore[no-untyped-def]
    """Row and column of the number-th tile, row after row; of the upper triangle if symmetric."""
    i = 0
    while number >= across - (i if symmetric else 0):
        number -= across - (i if symmetric else 0)
        i += 1
    return i, number + (i if symmetric else 0)


@numba.njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _finish(tile, lengths1, units1, lengths2, units2, arccos, curve):  # type: ignore[no-untyped-def]
    """Turn a tile of cosines into kernel values, in place."""
    zero, one = tile.dtype.type(0), tile.dtype.type(1)
    near, per_radian = tile.dtype.type(NEARLY_PARALLEL), tile.dtype.type(2 / np.pi)
    v = np.empty(STRIP, tile.dtype)
    t = np.empty(STRIP, tile.dtype)
    value = np.empty(STRIP, tile.dtype)
    before = np.empty(STRIP, tile.dtype)
    cosines = tile.reshape(tile.size)
    for start in range(0, tile.size, STRIP):
        strip = cosines[start : start + STRIP]
        close = 0
        for k in range(STRIP):
            v[k] = one - abs(strip[k])
            close += v[k] < near
        if close > 0:
            for k in range(STRIP):
                r, c = divmod(start + k, EDGE)
                if v[k] < near and r < len(units1) and c < len(units2):
                    v[k] = _versine(units1[r], units2[c], strip[k] < zero)
        _horner(arccos, v, t)
        for k in range(STRIP):
            turn = per_radian * np.sqrt(v[k]) * t[k] - one
            t[k] = -turn if strip[k] < zero else turn
        _clenshaw(curve, t, value, before)
        for k in range(STRIP):
            strip[k] = value[k]
    for r in range(len(lengths1)):
        for c in range(len(lengths2)):
            tile[r, c] *= lengths1[r] * lengths2[c]


@numba.njit(cache=True, fastmath={"contract"})
def _horner(coefficients, x, out):  # type: ignore[no-untyped-def]
    """Polynomial, lowest coefficient first, one degree at a time over the strip."""
    out[:] = coefficients[-1]
    for power in range(len(coefficients) - 2, -1, -1):
        c = coefficients[power]
        for k in range(STRIP):
            out[k] = out[k] * x[k] + c


@numba.njit(cache=True, fastmath={"contract"})
def _clenshaw(coefficients, x, out, before):  # type: ignore[no-untyped-def]
    """Chebyshev series, lowest first, one degree at a time over the strip."""
    out[:] = 0
    before[:] = 0
    for degree in range(len(coefficients) - 1, 0, -1):
        c = coefficients[degree]
        for k in range(STRIP):
            now = 2 * x[k] * out[k] + (c - before[k])
            before[k] = out[k]
            out[k] = now
    for k in range(STRIP):
        out[k] = x[k] * out[k] + (coefficients[0] - before[k])


@numba.njit(cache=True, fastmath={"contract", "reassoc", "nsz"})
def _versine(a, b, opposite):  # type: ignore[no-untyped-def]
    """1 − |cos θ| of two nearly parallel unit vectors, from the distance of a and ±b."""
    sign = a.dtype.type(1 if opposite else -1)
    square = a.dtype.type(0)
    for k in range(len(a)):
        gap = a[k] + sign * b[k]
        square += gap * gap
    return square / 2
