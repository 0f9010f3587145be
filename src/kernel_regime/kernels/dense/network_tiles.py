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
from kernel_regime.kernels.dense.tile_series import chebyshev_series, mark_beyond, put_angles
from kernel_regime.linalg.matrix_tiles import EDGE, TileTurns, next_tile, tile_turns
from kernel_regime.linalg.packed_products import product_tile
from kernel_regime.linalg.simd import VECTOR_SIZE, load, store
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
    coefficients : tuple of arrays (n, lengths, angles)
        Those of Chebyshev polynomials in the log-length of a column and an angle, for each row.
    terms : tuple of int arrays (lengths,)
        How many angles each length needs.
    symmetric : bool
        Whether both sets of rows are the same.
    """

    matrices: tuple[Array, ...]
    left_out: Array
    left: NetworkRows
    right: NetworkRows
    angles: NetworkAngles
    coefficients: tuple[Array, ...]
    terms: tuple[Array, ...]
    symmetric: bool


def fill_on_host(
    left: NetworkSide,
    right: NetworkSide,
    angles: NetworkAngles,
    series: Sequence[Array],
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
    symmetric : bool
        Whether to compute the upper triangle and mirror it.

    Returns
    -------
    matrices : tuple of arrays (n1, n2)
        NaN where pairs are nearly parallel: see `NetworkAngles.far`.
    left_out : bool array (tiles down, tiles across)
        Which tiles of EDGE × EDGE have such pairs.
    """
    tiles = _network_tiles(left, right, angles, series, symmetric)
    turns = tile_turns(tiles.matrices[0].shape, symmetric)
    _fill(turns, *tiles)  # Numba's parallel loops take no tuples within tuples
    return tiles.matrices, tiles.left_out


def _network_tiles(
    left: NetworkSide,
    right: NetworkSide,
    angles: NetworkAngles,
    series: Sequence[Array],
    symmetric: bool,
) -> NetworkTiles:
    """What `fill_on_host` takes, repacked; its matrices are yet to be filled."""
    rows1 = padded_rows(left)
    rows2 = rows1 if symmetric else padded_rows(right)
    shape, dtype = (len(left.units), len(right.units)), left.units.dtype
    return NetworkTiles(
        tuple(np.empty(shape, dtype) for _ in series),
        np.zeros(tuple(-(-n // EDGE) for n in shape), np.bool_),
        rows1,
        rows2,
        angles,
        tuple(coefficients_of_rows(one, left.basis, rows1) for one in series),
        tuple(_terms(one) for one in series),
        symmetric,
    )


def _terms(series: Array) -> Array:
    """How many angles each length of a column needs: beyond, coefficients are 0."""
    needed = np.asarray((series != 0).any(axis=1))
    needed[0] = True
    return len(series) - np.argmax(needed[::-1], axis=0)


@compiled(parallel=True, nogil=True)
def _fill(
    turns: TileTurns,
    matrices: tuple[Array, ...],
    left_out: Array,
    left: NetworkRows,
    right: NetworkRows,
    angles: NetworkAngles,
    coefficients: tuple[Array, ...],
    terms: tuple[Array, ...],
    symmetric: bool,
) -> None:
    for _thread in numba.prange(turns.threads):
        tiles = NetworkTiles(
            matrices, left_out, left, right, angles, coefficients, terms, symmetric
        )
        number = next_tile(turns, -1)
        while number < turns.total:
            i, j, cosines = product_tile(left.packed, right.packed, turns, number)
            _finish(cosines, tiles, i, j)
            number = next_tile(turns, number)


@compiled()
def _finish(cosines: Array, tiles: NetworkTiles, i: int, j: int) -> None:
    """Put the values of all kernels at a tile of cosines into their matrices."""
    turns, values = np.empty_like(cosines), np.empty_like(cosines)
    tiles.left_out[i, j] = mark_beyond(cosines, tiles.angles.far, tiles.symmetric and i == j)
    put_angles(cosines, tiles.angles.arccos, turns)
    for k in range(len(tiles.matrices)):
        _put_values(turns, k, tiles, i * EDGE, j * EDGE, values)
        put_tile(values, tiles.matrices[k], i * EDGE, j * EDGE, tiles.symmetric)


@compiled()
def _put_values(
    angles: Array, k: int, tiles: NetworkTiles, top: int, start: int, values: Array
) -> None:
    """Values of kernel `k` at a tile of angles; NaN stays NaN."""
    left, right, coefficients, terms = (
        tiles.left,
        tiles.right,
        tiles.coefficients[k],
        tiles.terms[k],
    )
    angles, values = angles.reshape(EDGE, -1, VECTOR_SIZE), values.reshape(EDGE, -1, VECTOR_SIZE)
    lengths = len(terms)
    basis = right.basis[:lengths, start : start + EDGE].copy().reshape(lengths, -1, VECTOR_SIZE)
    scales = right.scales[k, start : start + EDGE].reshape(-1, VECTOR_SIZE)
    stretch = values.dtype.type(tiles.angles.stretch)
    for r in range(EDGE):
        row = coefficients[top + r]
        scale = load(left.scales, (k, top + r))
        for c in range(0, len(scales), 2):
            x, y = load(angles, (r, c)) * stretch, load(angles, (r, c + 1)) * stretch
            first, second = chebyshev_series(row[0, : terms[0]], x, y)
            for length in range(1, lengths):
                p, q = chebyshev_series(row[length, : terms[length]], x, y)
                first = first + p * load(basis, (length, c))
                second = second + q * load(basis, (length, c + 1))
            store(values, (r, c), first * (scale * load(scales, (c,))))
            store(values, (r, c + 1), second * (scale * load(scales, (c + 1,))))
