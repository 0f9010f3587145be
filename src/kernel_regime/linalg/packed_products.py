"""Matrix products tile by tile, so that each tile is finished while it is still in cache.

A BLAS returns a whole matrix: by then its first rows have left the cache. Here a Numba loop asks
for one tile at a time. Samples are repacked into packed panels (·, features, samples), each of as
many samples as three vectors hold, feature after feature; the innermost loop multiplies `ROWS`
samples of one packed panel by all of another into accumulators that fill the vector registers
(Goto & van de Geijn 2008), which is as fast as the machine multiplies.
"""

from typing import Any

import numba
import numpy as np
from numba import types

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.matrix_tiles import EDGE, TileTurns, next_tile, tile_place, tile_turns
from kernel_regime.linalg.register_copies import copy_transposed
from kernel_regime.linalg.simd import intrinsic
from kernel_regime.linalg.vector_emitter import VECTOR_BYTES, VectorEmitter

VECTORS = 3  # of a packed panel; with ROWS rows they take 24 of 32 registers, or 12 of 16
ROWS = 8 if VECTOR_BYTES == 64 else 4
DEPTH = 64  # features added up one after the other at most: see `multiply_tile`
GROUP = 16 * DEPTH  # of features whose sums are added up by themselves
LINE = 16  # neighbouring features packed together: rows a power of two apart share cache sets


def width_of(dtype: np.dtype) -> int:
    """Samples of a packed panel: as many as three vectors hold."""
    return VECTORS * VECTOR_BYTES // np.dtype(dtype).itemsize


@intrinsic
def accumulate(
    typing_context: Any,
    a: Any,
    ia: Any,
    ra: Any,
    b: Any,
    ib: Any,
    start: Any,
    stop: Any,
    tile: Any,
    row: Any,
    column: Any,
) -> Any:
    """Product of `ROWS` samples of one packed panel with all of another, added to a tile.

    In NumPy, with `width` samples in the packed panel of b:

    .. code-block:: python

        left, right = a[ia, start:stop, ra : ra + ROWS], b[ib, start:stop, :]
        tile[row : row + ROWS, column : column + width] += left.T @ right

    The sums are `ROWS` × `VECTORS` vector registers: every k in turn adds the outer product
    left[k] ⊗ right[k], and the tile takes them at the end. Meanwhile a share of the packed panel
    behind b[ib] is asked into the second-level cache: by the time all EDGE rows have been
    multiplied, the next columns are there.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = VectorEmitter(context, builder, tile.dtype)
        count = emit.count
        a_, ia_, ra_, b_, ib_, start_, stop_, tile_, row_, column_ = args
        targets = [
            emit.item(
                tile, tile_, builder.add(row_, emit.index(r)), builder.add(column_, emit.index(v))
            )
            for r in range(ROWS)
            for v in range(0, VECTORS * count, count)
        ]
        upcoming = emit.item(b, b_, builder.add(ib_, emit.index(1)), start_, emit.index(0))
        turn = builder.udiv(row_, emit.index(ROWS))
        begun = builder.sub(builder.mul(turn, builder.sub(stop_, start_)), start_)
        share = emit.index(-(-VECTORS * count * ROWS // EDGE))
        entry, loop = builder.block, builder.append_basic_block("depth")
        done = builder.append_basic_block("depth.done")
        builder.branch(loop)

        builder.position_at_end(loop)
        k = builder.phi(start_.type)
        sums = [builder.phi(emit.zero.type) for _ in targets]
        right = emit.item(b, b_, ib_, k, emit.index(0))
        vectors = [emit.load(emit.after(right, v)) for v in range(0, VECTORS * count, count)]
        emit.prefetch(builder.gep(upcoming, [builder.mul(builder.add(begun, k), share)]))
        updated = []
        for r in range(ROWS):
            left = emit.item(a, a_, ia_, k, builder.add(ra_, emit.index(r)))
            factor = emit.broadcast(builder.load(left))
            updated += [
                emit.fma(factor, vector, sums[r * VECTORS + v]) for v, vector in enumerate(vectors)
            ]
        following = builder.add(k, emit.index(1))
        for phi, later in zip([k, *sums], [following, *updated], strict=True):
            phi.add_incoming(start_ if phi is k else emit.zero, entry)
            phi.add_incoming(later, loop)
        builder.cbranch(builder.icmp_signed("<", following, stop_), loop, done)

        builder.position_at_end(done)
        for target, value in zip(targets, updated, strict=True):
            emit.store(builder.fadd(emit.load(target), value), target)
        return context.get_dummy_value()

    return types.void(a, ia, ra, b, ib, start, stop, tile, row, column), codegen


@compiled()
def multiply_tile(a: Array, i: int, b: Array, j: int, tile: Array, upper: bool) -> None:
    """Products of the i-th EDGE samples packed in `a` with the j-th EDGE packed in `b`.

    Beyond the last packed panel, and if `upper` in packed panels below the diagonal, zeros.

    Features are added up by `DEPTH`, these sums by `GROUP`, and then all. One after the other they
    would lose digits of float32: images have many equal pixels, and each time that the same number
    is added, the same is rounded off. Sums of 784 pixels would be 1e-5 off, and are 1e-6 at most.
    """
    tile[:] = 0
    _add_features(a, i, b, j, 0, min(GROUP, a.shape[1]), tile, upper)
    for start in range(GROUP, a.shape[1], GROUP):
        group = np.zeros_like(tile)
        _add_features(a, i, b, j, start, min(start + GROUP, a.shape[1]), group, upper)
        tile += group


@compiled()
def _add_features(
    a: Array, i: int, b: Array, j: int, first: Any, last: Any, tile: Array, upper: bool
) -> None:
    """Add products of the features from `first` to `last` to a tile."""
    width = a.shape[2]
    parts = (last - first + DEPTH - 1) // DEPTH
    height = min(EDGE, len(a) * width - i * EDGE)
    for part in range(parts):
        start = first + part * (last - first) // parts
        stop = first + (part + 1) * (last - first) // parts
        for column in range(0, min(EDGE, len(b) * width - j * EDGE), width):
            ib = (j * EDGE + column) // width
            for row in range(0, min(height, column + width) if upper else height, ROWS):
                ia, ra = divmod(i * EDGE + row, width)
                accumulate(a, ia, ra, b, ib, start, stop, tile, row, column)


@compiled()
def product_tile(
    left: Array, right: Array, turns: TileTurns, number: int
) -> tuple[int, Any, Array]:
    """Place of the number-th tile, row and column, and products of its samples.

    Of a symmetric matrix, see `multiply_tile` for what is zero in them.
    """
    i, j = tile_place(number, turns.across, turns.symmetric)
    tile = np.empty((EDGE, EDGE), left.dtype)
    multiply_tile(left, i, right, j, tile, turns.symmetric and i == j)
    return i, j, tile


@compiled()
def pack_tile(x: Array, packed: Array, first: int) -> None:
    """Repack samples (n, features), n ≤ EDGE, into a tile's packed panels, from `first` on.

    packed[first + p, k, r] = x[p · width + r, k], x in C order; samples that it lacks are zeros.
    """
    width = packed.shape[2]
    for p in range((len(x) + width - 1) // width):
        rows, packed_panel = x[p * width : (p + 1) * width], packed[first + p]
        for start in range(0, packed_panel.shape[0], LINE):
            _pack_line(rows, packed_panel, start, min(start + LINE, packed_panel.shape[0]))


@compiled()
def _pack_line(rows: Array, packed_panel: Array, start: int, stop: int) -> None:
    """Repack features from `start` to `stop` of the rows of a packed panel."""
    count = VECTOR_BYTES // rows.itemsize
    whole = len(rows) - len(rows) % count if stop - start == LINE else 0
    for r in range(0, whole, count):
        for k in range(start, stop, count):
            copy_transposed(rows, r, k, packed_panel, k, r)
    for r in range(whole, len(rows)):
        for k in range(start, stop):
            packed_panel[k, r] = rows[r, k]
    packed_panel[start:stop, len(rows) :] = 0


def empty_packed_panels(x: Array) -> Array:
    """Space for the packed panels of samples `x` (n, features)."""
    width = width_of(x.dtype)
    return np.empty((-(-len(x) // width), x.shape[1], width), x.dtype)


def add_products(total: Array, x1: Array, x2: Array) -> None:
    """total += x1 x2ᵀ, in place.

    Examples
    --------
    >>> total = np.ones((1, 2))
    >>> add_products(total, np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0]]))
    >>> total
    array([[12., 18.]])
    """
    turns = tile_turns(total.shape, symmetric=False)
    _add_products(turns, total, packed_panels(x1), packed_panels(x2))


def add_gram(total: Array, x: Array) -> None:
    """total += x xᵀ, in place, in the tiles that meet the upper triangle only."""
    packed = packed_panels(x)
    _add_products(tile_turns(total.shape, symmetric=True), total, packed, packed)


def packed_panels(x: Array) -> Array:
    """Samples `x` (n, features) repacked for multiplication."""
    packed = empty_packed_panels(x)
    _pack_all(np.ascontiguousarray(x), packed)
    return packed


@compiled(parallel=True, nogil=True)
def _pack_all(x: Array, packed: Array) -> None:
    for tile in numba.prange((len(x) + EDGE - 1) // EDGE):
        start = np.intp(tile) * EDGE
        pack_tile(x[start : start + EDGE], packed, start // packed.shape[2])


@compiled(parallel=True, nogil=True)
def _add_products(turns: TileTurns, total: Array, left: Array, right: Array) -> None:
    for _thread in numba.prange(turns.threads):
        number = next_tile(turns, -1)
        while number < turns.total:
            i, j, tile = product_tile(left, right, turns, number)
            target = total[i * EDGE : (i + 1) * EDGE, j * EDGE : (j + 1) * EDGE]
            target += tile[: target.shape[0], : target.shape[1]]
            number = next_tile(turns, number)
