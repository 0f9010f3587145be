"""The hot loop of network kernels: multiply a tile, turn cosines into values, mirror it."""

from collections.abc import Sequence
from typing import NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.dense.network_rows import (
    NetworkAngles,
    NetworkRows,
    NetworkSide,
    coefficients_of_rows,
    padded_rows,
)
from kernel_regime.kernels.dense.tile_series import chebyshev_series, largest_size, put_angles
from kernel_regime.linalg.packed_products import EDGE, product_tile, tile_count
from kernel_regime.linalg.simd import VECTOR_SIZE, Vector, broadcast, load, store
from kernel_regime.linalg.tile_copies import put_tile


class NetworkTiles(NamedTuple):
    """Matrices of two sets of rows, and what turns tiles of cosines into those of their values.

    Attributes
    ----------
    matrices : tuple of arrays (n1, n2)
        One for each kernel; where they are symmetric, tiles are mirrored.
    left_out : bool array (tiles down, tiles across)
        In which tiles pairs are left for others to compute.
    left, right : NetworkRows
        The rows.
    angles : NetworkAngles
        Of all kernels.
    coefficients : tuple of arrays (n, angles, lengths)
        Those of Chebyshev polynomials in an angle and the log-length of a column, for each row.
    widths : tuple of int arrays (angles,)
        How many lengths each angle needs.
    symmetric : bool
        Whether both sets of rows are the same.
    """

    matrices: tuple[Array, ...]
    left_out: Array
    left: NetworkRows
    right: NetworkRows
    angles: NetworkAngles
    coefficients: tuple[Array, ...]
    widths: tuple[Array, ...]
    symmetric: bool


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
    tiles = network_tiles(left, right, angles, series, widths, symmetric)
    fill_network(tiles)
    return tiles.matrices, tiles.left_out


def network_tiles(
    left: NetworkSide,
    right: NetworkSide,
    angles: NetworkAngles,
    series: Sequence[Array],
    widths: Sequence[Array],
    symmetric: bool,
) -> NetworkTiles:
    """What `fill_on_host` takes, repacked; its matrices are yet to be filled."""
    rows1 = padded_rows(left)
    rows2 = rows1 if symmetric else padded_rows(right)
    shape, dtype = (len(left.units), len(right.units)), left.units.dtype
    padded = [_of_odd_length(*one) for one in zip(series, widths, strict=True)]
    return NetworkTiles(
        tuple(np.empty(shape, dtype) for _ in series),
        np.zeros(tuple(-(-n // EDGE) for n in shape), np.bool_),
        rows1,
        rows2,
        angles,
        tuple(coefficients_of_rows(one, left.basis, rows1) for one, _ in padded),
        tuple(needed for _, needed in padded),
        symmetric,
    )


def _of_odd_length(series: Array, widths: Array) -> tuple[Array, Array]:
    """A series, if need be with a last term of 0: the loop takes two at a time, and the first."""
    missing = 1 - len(series) % 2
    padded = np.pad(series, [(0, missing), (0, 0), (0, 0)])
    return padded, np.pad(widths, (0, missing), constant_values=1)


def fill_network(tiles: NetworkTiles) -> None:
    """Fill the matrices: one product for all of them, of half the tiles where symmetric."""
    _fill(*tiles)  # Numba's parallel loops take no tuples within tuples


@compiled(parallel=True, nogil=True)
def _fill(
    matrices: tuple[Array, ...],
    left_out: Array,
    left: NetworkRows,
    right: NetworkRows,
    angles: NetworkAngles,
    coefficients: tuple[Array, ...],
    widths: tuple[Array, ...],
    symmetric: bool,
) -> None:
    count, across = tile_count(matrices[0].shape, symmetric)
    for number in numba.prange(count):
        tiles = NetworkTiles(
            matrices, left_out, left, right, angles, coefficients, widths, symmetric
        )
        i, j, cosines = product_tile(left.packed, right.packed, np.intp(number), across, symmetric)
        finish_network_tile(cosines, tiles, i, j)


@compiled()
def finish_network_tile(cosines: Array, tiles: NetworkTiles, i: int, j: int) -> None:
    """Put the values of all kernels at a tile of cosines into their matrices."""
    turns, values = np.empty_like(cosines), np.empty_like(cosines)
    tiles.left_out[i, j] = _mark(cosines, tiles.angles.far)
    put_angles(cosines, tiles.angles.arccos, turns)
    for k in range(len(tiles.matrices)):
        _put_values(turns, k, tiles, i * EDGE, j * EDGE, values)
        put_tile(values, tiles.matrices[k], i * EDGE, j * EDGE, tiles.symmetric)


@compiled()
def _mark(cosines: Array, far: float) -> bool:
    """Put NaN for cosines beyond `far`; whether there are any."""
    if largest_size(cosines) <= far:
        return False
    flat = cosines.reshape(-1)
    for k in range(len(flat)):
        if abs(flat[k]) > far:
            flat[k] = np.nan
    return True


@compiled()
def _put_values(
    angles: Array, k: int, tiles: NetworkTiles, top: int, start: int, values: Array
) -> None:
    """Values of kernel `k` at a tile of angles; NaN stays NaN."""
    left, right, coefficients, widths = (
        tiles.left,
        tiles.right,
        tiles.coefficients[k],
        tiles.widths[k],
    )
    angles, values = angles.reshape(EDGE, -1, VECTOR_SIZE), values.reshape(EDGE, -1, VECTOR_SIZE)
    width = coefficients.shape[2]
    basis = right.basis[:width, start : start + EDGE].copy().reshape(width, -1, VECTOR_SIZE)
    scales = right.scales[k, start : start + EDGE].reshape(-1, VECTOR_SIZE)
    stretch = values.dtype.type(tiles.angles.stretch)
    for r in range(EDGE):
        row = coefficients[top + r]
        terms = row.reshape(-1)
        scale = load(left.scales, (k, top + r))
        for c in range(0, len(scales), 2):
            x, y = load(angles, (r, c)) * stretch, load(angles, (r, c + 1)) * stretch
            if width == 1:
                first, second = chebyshev_series(terms, x, y)
            else:
                first, second = _series_of_lengths(row, widths, basis, c, x, y)
            store(values, (r, c), first * (scale * load(scales, (c,))))
            store(values, (r, c + 1), second * (scale * load(scales, (c + 1,))))


@compiled()
def _series_of_lengths(
    row: Array, widths: Array, basis: Array, c: int, x: Vector, y: Vector
) -> tuple[Vector, Vector]:
    """Chebyshev series whose coefficients are themselves series in the lengths of the columns."""
    twice_x, twice_y = x + x, y + y
    p = before_p = q = before_q = broadcast(row, 0.0)
    for degree in range(len(row) - 1, 0, -2):
        width = max(widths[degree], widths[degree - 1])
        high, low = _sums_over_lengths(row[degree], row[degree - 1], width, basis, c)
        before_p = twice_x * p + (high[0] - before_p)
        before_q = twice_y * q + (high[1] - before_q)
        p, before_p = twice_x * before_p + (low[0] - p), before_p
        q, before_q = twice_y * before_q + (low[1] - q), before_q
    last, _ = _sums_over_lengths(row[0], row[0], widths[0], basis, c)
    return x * p + (last[0] - before_p), y * q + (last[1] - before_q)


@compiled()
def _sums_over_lengths(
    first: Array, second: Array, width: int, basis: Array, c: int
) -> tuple[tuple[Vector, Vector], tuple[Vector, Vector]]:
    """Two coefficients for each number of two vectors of columns."""
    x, y = load(basis, (0, c)), load(basis, (0, c + 1))
    p, q, r, s = x * first[0], y * first[0], x * second[0], y * second[0]
    for length in range(1, width):
        x, y = load(basis, (length, c)), load(basis, (length, c + 1))
        p, q = p + x * first[length], q + y * first[length]
        r, s = r + x * second[length], s + y * second[length]
    return (p, q), (r, s)
