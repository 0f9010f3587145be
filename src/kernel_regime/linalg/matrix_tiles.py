"""Tiles of a matrix: their edge, where each lies, and which thread computes which.

Numba's loops give every thread its share before they begin: where one runs on a slower core, or on
one that another process uses too, all others wait for it at the end. Here threads take tiles in
turn: whoever has finished some takes the next.
"""

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.simd import intrinsic

EDGE = 96  # a multiple of the rows and columns that `packed_products` multiplies together
# Neighbouring tiles of one turn: they have the samples of their rows in common.
_MOST = 8
# Turns of each thread, where there are tiles enough: the last ones end at about the same time.
_TURNS = 16


class TileTurns(NamedTuple):
    """Which tiles of a matrix are yet to be taken.

    Attributes
    ----------
    taken : int array (1,)
        How many have been.
    total, across : int
        How many tiles there are, and how many of them side by side.
    symmetric : bool
        Whether they are those of the upper triangle.
    together : int
        How many a thread takes at a time.
    threads : int
        Who take them.
    """

    taken: Array
    total: int
    across: int
    symmetric: bool
    together: int
    threads: int


def tile_turns(shape: tuple[int, int], symmetric: bool) -> TileTurns:
    """Turns of Numba's threads at the tiles of a matrix, none of them taken yet.

    Examples
    --------
    >>> turns = tile_turns((200, 200), symmetric=True)
    >>> first = next_tile(turns, -1)
    >>> first, next_tile(turns, first), turns.total
    (0, 1, 6)
    """
    threads, (total, across) = numba.get_num_threads(), tile_count(shape, symmetric)
    together = max(1, min(_MOST, total // (_TURNS * threads)))
    return TileTurns(np.zeros(1, np.int64), total, across, symmetric, together, threads)


@compiled()
def next_tile(turns: TileTurns, number: int) -> Any:
    """Tile that a thread computes after this one, −1 before its first; from `total` on, none."""
    if (number + 1) % turns.together:
        return number + 1
    return _fetch_and_add(turns.taken, turns.together)


@intrinsic
def _fetch_and_add(typing_context: Any, numbers: Any, more: Any) -> Any:
    """numbers[0], to which `more` is added before another thread sees it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(numbers)(context, builder, args[0])
        return builder.atomic_rmw("add", array.data, args[1], "monotonic")

    return types.int64(numbers, types.int64), codegen


@compiled()
def tile_place(number: Any, across: int, symmetric: bool) -> tuple[int, Any]:
    """Row and column of the number-th tile, row after row; of the upper triangle if symmetric."""
    i = 0
    while number >= across - (i if symmetric else 0):
        number -= across - (i if symmetric else 0)
        i += 1
    return i, number + (i if symmetric else 0)


@compiled()
def tile_count(shape: tuple[int, int], symmetric: bool) -> tuple[int, int]:
    """Tiles of a matrix, or of its upper triangle, and how many lie side by side."""
    down, across = (shape[0] + EDGE - 1) // EDGE, (shape[1] + EDGE - 1) // EDGE
    return (down * (down + 1) // 2 if symmetric else down * across), across
