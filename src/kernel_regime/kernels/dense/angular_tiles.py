"""The hot loop of the angular kernels: multiply a tile, turn cosines into values, mirror it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.dense.tile_series import (
    angle,
    chebyshev_series,
    largest_size,
    put_angles,
)
from kernel_regime.linalg.matrix_tiles import EDGE, TileTurns, next_tile, tile_turns
from kernel_regime.linalg.packed_products import (
    empty_packed_panels,
    pack_tile,
    product_tile,
)
from kernel_regime.linalg.simd import VECTOR_SIZE, broadcast, load, store
from kernel_regime.linalg.tile_copies import put_tile

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
    lengths = np.zeros((len(factors), -(-len(x) // EDGE) * EDGE), x.dtype)
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


class AngularTiles(NamedTuple):
    """Matrices of two sets of rows, and what turns tiles of cosines into those of their values.

    Attributes
    ----------
    matrices : tuple of arrays (n1, n2)
        One for each curve; where they are symmetric, tiles are mirrored.
    left, right : UnitRows
        The rows.
    arccos : array
        Coefficients of arccos(1 − v)/√v in right angles, lowest first.
    curves : tuple of arrays
        Chebyshev coefficients in the angle, lowest first.
    symmetric : bool
        Whether both sets of rows are the same.
    """

    matrices: tuple[Array, ...]
    left: UnitRows
    right: UnitRows
    arccos: Array
    curves: tuple[Array, ...]
    symmetric: bool


def fill_angular(tiles: AngularTiles) -> None:
    """Fill the matrices: one product for all of them, of half the tiles where symmetric."""
    turns = tile_turns(tiles.matrices[0].shape, tiles.symmetric)
    _fill(turns, *tiles)  # Numba's parallel loops take no tuples within tuples


@compiled(parallel=True, nogil=True)
def _fill(
    turns: TileTurns,
    matrices: tuple[Array, ...],
    left: UnitRows,
    right: UnitRows,
    arccos: Array,
    curves: tuple[Array, ...],
    symmetric: bool,
) -> None:
    for _thread in numba.prange(turns.threads):
        tiles = AngularTiles(matrices, left, right, arccos, curves, symmetric)
        number = next_tile(turns, -1)
        while number < turns.total:
            i, j, cosines = product_tile(left.packed, right.packed, turns, number)
            finish_angular_tile(cosines, tiles, i * EDGE, j * EDGE)
            number = next_tile(turns, number)


@compiled()
def finish_angular_tile(cosines: Array, tiles: AngularTiles, top: int, start: int) -> None:
    """Put the values of all kernels at a tile of cosines into their matrices."""
    angles, values = np.empty_like(cosines), np.empty_like(cosines)
    near = largest_size(cosines) > 1 - NEARLY_PARALLEL
    put_angles(cosines, tiles.arccos, angles)
    left, right = tiles.left.lengths, tiles.right.lengths
    for k in range(len(tiles.matrices)):
        curve = tiles.curves[k]
        _put_values(angles, left[k, top:], right[k, start : start + EDGE], curve, values)
        if near:
            _correct(values, cosines, k, tiles, top, start)
        put_tile(values, tiles.matrices[k], top, start, tiles.symmetric)


@compiled()
def _put_values(angles: Array, left: Array, right: Array, curve: Array, values: Array) -> None:
    """Values of a kernel at a tile of angles, between rows of these lengths."""
    angles, values = angles.reshape(EDGE, -1, VECTOR_SIZE), values.reshape(EDGE, -1, VECTOR_SIZE)
    lengths = right.reshape(-1, VECTOR_SIZE)
    for r in range(EDGE):
        length = load(left, (r,))
        for c in range(0, len(lengths), 2):
            x, y = load(angles, (r, c)), load(angles, (r, c + 1))
            first, second = chebyshev_series(curve, x, y)
            store(values, (r, c), first * (length * load(lengths, (c,))))
            store(values, (r, c + 1), second * (length * load(lengths, (c + 1,))))


@compiled()
def _correct(
    values: Array, cosines: Array, k: int, tiles: AngularTiles, top: int, start: int
) -> None:
    """Evaluate nearly parallel pairs again, from the distance of their unit vectors."""
    left, right, arccos, curve = tiles.left, tiles.right, tiles.arccos, tiles.curves[k]
    near, one = cosines.dtype.type(1 - NEARLY_PARALLEL), np.empty((1, VECTOR_SIZE), cosines.dtype)
    for r in range(min(EDGE, len(left.rows) - top)):
        for c in range(min(EDGE, len(right.rows) - start)):
            i, j, cosine = top + r, start + c, cosines[r, c]
            if abs(cosine) > near:
                distance = _distance(
                    left.rows[i], left.inverses[i], right.rows[j], right.inverses[j], cosine < 0
                )
                x = angle(broadcast(one, cosine), broadcast(one, distance / 2), arccos)
                store(one, (0,), chebyshev_series(curve, x, x)[0])
                values[r, c] = one[0, 0] * (left.lengths[k, i] * right.lengths[k, j])


@compiled(fastmath={"reassoc", "nsz"})
def _distance(a: Array, inverse_a: float, b: Array, inverse_b: float, opposite: bool) -> Any:
    """Squared distance of two unit vectors, or of one from minus the other; 0 for equal rows."""
    sign = a.dtype.type(1 if opposite else -1)
    square = a.dtype.type(0)
    for k in range(len(a)):
        gap = a.dtype.type(a[k] * inverse_a) + sign * a.dtype.type(b[k] * inverse_b)
        square += gap * gap
    return square
