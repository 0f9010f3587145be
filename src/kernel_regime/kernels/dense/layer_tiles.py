"""The hot loop of networks layer by layer: multiply a tile, take its rows through all layers.

For inputs of one length a network is a polynomial of some 25 terms in the angle, two operations
each; for others it is one in two lengths too, of 200 and more. An activation is some twenty
operations and a root. Rows of a tile go through all layers in the first-level cache, both kernels
at once.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.kernels.activation_steps.steps import activate_columns
from kernel_regime.kernels.both_kernels import BOTH
from kernel_regime.kernels.dense.layer_sequence import ACROSS, LayerRows, LayerSequence
from kernel_regime.kernels.dense.tile_series import mark_beyond
from kernel_regime.linalg.matrix_tiles import EDGE, TileTurns, next_tile, tile_turns
from kernel_regime.linalg.packed_products import product_tile
from kernel_regime.linalg.simd import VECTOR_SIZE, broadcast, load, store
from kernel_regime.linalg.tile_copies import put_tile

ROWS = 4  # of a tile that are in one layer together: the next begins before the last has ended
_BLOCK = ROWS * ACROSS  # vectors of these rows
_NNGP, _TANGENT = 0, _BLOCK  # where in the buffer either kernel of them begins


class LayerTiles(NamedTuple):
    """Both matrices of two sets of samples, and the layers between them.

    Attributes
    ----------
    nngp, ntk : array (n1, n2)
        Either kernel, (0, 0) where it is not wanted; where symmetric, tiles are mirrored.
    left_out : bool array (tiles down, tiles across)
        In which tiles pairs are left for others to compute.
    left, right : LayerRows
        The samples.
    far : float
        Pairs whose |cos θ| is larger are left out, as NaN.
    codes, factors : int arrays (activations,)
        Which step each activation is, and how many factors a sample has for it.
    constants : float64 array (activations, c)
        Of each activation, filled up with zeros.
    maps : float64 array (activations + 1, 2)
        Of `LayerSequence`.
    symmetric : bool
        Whether both sets of samples are the same.
    """

    nngp: Array
    ntk: Array
    left_out: Array
    left: LayerRows
    right: LayerRows
    far: float
    codes: Array
    factors: Array
    constants: Array
    maps: Array
    symmetric: bool


def layer_tiles(
    sequence: LayerSequence,
    left: LayerRows,
    right: LayerRows,
    shape: tuple[int, int],
    far: float,
    gets: Sequence[str],
) -> LayerTiles:
    """Tiles of matrices of this shape, yet to be filled; symmetric where `right` is `left`."""
    steps = sequence.steps
    constants = np.zeros((len(steps), max(len(step.constants) for step in steps)))
    for own, step in zip(constants, steps, strict=True):
        own[: len(step.constants)] = step.constants
    ntk, nngp = (np.empty(shape if get in gets else (0, 0), left.std.dtype) for get in BOTH)
    return LayerTiles(
        nngp,
        ntk,
        np.zeros(tuple(-(-n // EDGE) for n in shape), np.bool_),
        left,
        right,
        far,
        np.array([step.code for step in steps]),
        np.array([step.factors(np.ones(1)).shape[1] for step in steps]),
        constants,
        sequence.maps,
        right is left,
    )


def fill_by_layers(tiles: LayerTiles, gets: Sequence[str]) -> tuple[tuple[Array, ...], Array]:
    """The matrices for which tiles were made, filled, and where pairs were left out.

    As `network_tiles.fill_on_host` returns them.
    """
    turns = tile_turns((tiles.ntk if tiles.ntk.size else tiles.nngp).shape, tiles.symmetric)
    _fill(turns, *tiles)  # Numba's parallel loops take no tuples within tuples
    return tuple(tiles.nngp if get == "nngp" else tiles.ntk for get in gets), tiles.left_out


@compiled(parallel=True, nogil=True)
def _fill(
    turns: TileTurns,
    nngp: Array,
    ntk: Array,
    left_out: Array,
    left: LayerRows,
    right: LayerRows,
    far: float,
    codes: Array,
    factors: Array,
    constants: Array,
    maps: Array,
    symmetric: bool,
) -> None:
    for _thread in numba.prange(turns.threads):
        tiles = LayerTiles(
            nngp, ntk, left_out, left, right, far, codes, factors, constants, maps, symmetric
        )
        number = next_tile(turns, -1)
        while number < turns.total:
            i, j, cosines = product_tile(left.packed, right.packed, turns, number)
            finish_layer_tile(cosines, tiles, i, j)
            number = next_tile(turns, number)


@compiled()
def finish_layer_tile(cosines: Array, tiles: LayerTiles, i: int, j: int) -> None:
    """Put the values of the wanted kernels at a tile of cosines into their matrices."""
    top, start = i * EDGE, j * EDGE
    tiles.left_out[i, j] = mark_beyond(cosines, tiles.far, tiles.symmetric and i == j)
    vectors = cosines.reshape(EDGE, ACROSS, VECTOR_SIZE)
    lengths = tiles.right.std[start : start + EDGE].reshape(-1, VECTOR_SIZE)
    nngp = np.empty((EDGE * ACROSS, VECTOR_SIZE), cosines.dtype)
    ntk = np.empty_like(nngp)
    buffer = np.empty((2 * _BLOCK, VECTOR_SIZE), cosines.dtype)
    for first in range(0, EDGE, ROWS):
        for r in range(ROWS):
            length = load(tiles.left.std, (top + first + r,))
            for c in range(ACROSS):
                covariance = load(vectors, (first + r, c)) * (length * load(lengths, (c,)))
                store(buffer, (_NNGP + r * ACROSS + c,), covariance)
                store(buffer, (_TANGENT + r * ACROSS + c,), covariance)
        _through_layers(buffer, tiles, top + first, start // VECTOR_SIZE)
        for v in range(_BLOCK):
            place = first * ACROSS + v
            store(nngp, (place,), load(buffer, (_NNGP + v,)))
            store(ntk, (place,), load(buffer, (_TANGENT + v,)))
    if tiles.nngp.size:
        put_tile(nngp.reshape(EDGE, EDGE), tiles.nngp, top, start, tiles.symmetric)
    if tiles.ntk.size:
        put_tile(ntk.reshape(EDGE, EDGE), tiles.ntk, top, start, tiles.symmetric)


@compiled()
def _through_layers(buffer: Array, tiles: LayerTiles, row: int, block: Any) -> None:
    """Covariances of some samples with those of a tile become the kernels behind all layers.

    `row` is the first of these samples, `block` the number of the tile's first sixteen columns.
    """
    blocks, across = len(tiles.right.std) // VECTOR_SIZE, tiles.right.across
    down, pitch, before = tiles.left.down.reshape(-1), tiles.left.down.shape[1], 0
    for layer in range(len(tiles.codes)):
        _dense(buffer, tiles.maps[layer])
        number = tiles.factors[layer]
        for r in range(ROWS):
            nngp, tangent = _NNGP + r * ACROSS, _TANGENT + r * ACROSS
            activate_columns(
                tiles.codes[layer],
                tiles.constants[layer],
                buffer,
                (nngp, tangent, tangent),
                (across, blocks * before + number * block),
                (down, (row + r) * pitch + ACROSS * before),
                (0, ACROSS, number),
            )
        before += number
    _dense(buffer, tiles.maps[-1])


@compiled()
def _dense(buffer: Array, variances: Array) -> None:
    """Σ ← σ_w²Σ + σ_b², and Θ ← σ_w²(Θ + Σ) + σ_b², of which an activation left the sum."""
    weight, bias = broadcast(buffer, variances[0]), broadcast(buffer, variances[1])
    for v in range(len(buffer)):
        store(buffer, (v,), load(buffer, (v,)) * weight + bias)
