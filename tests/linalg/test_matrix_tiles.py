"""Tiles of matrices: where they lie, and that threads take each of them once."""

import numba
import numpy as np
import pytest

from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.matrix_tiles import (
    EDGE,
    next_tile,
    tile_count,
    tile_place,
    tile_turns,
)


@compiled(parallel=True, nogil=True)
def _count(turns, times):
    for _thread in numba.prange(turns.threads):
        number = next_tile(turns, -1)
        while number < turns.total:
            times[number] += 1
            number = next_tile(turns, number)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("tiles", [1, 2, 9, 40, 333])
def test_threads_take_every_tile_once(tiles, symmetric):
    turns = tile_turns((tiles * EDGE, tiles * EDGE), symmetric)
    times = np.zeros(turns.total, int)
    _count(turns, times)
    assert turns.total == (tiles * (tiles + 1) // 2 if symmetric else tiles**2)
    np.testing.assert_array_equal(times, 1)


def test_who_is_held_up_leaves_the_tiles_to_others():
    turns = tile_turns((40 * EDGE, 40 * EDGE), symmetric=False)
    slow = next_tile(turns, -1)
    number, taken = next_tile(turns, -1), set()
    while number < turns.total:
        taken.add(number)
        number = next_tile(turns, number)
    assert taken == set(range(slow + turns.together, turns.total))


def test_tiles_are_counted_row_after_row():
    shape = 3 * EDGE, 3 * EDGE - 1
    places = {
        symmetric: [
            tile_place.py_func(number, 3, symmetric)
            for number in range(tile_count.py_func(shape, symmetric)[0])
        ]
        for symmetric in (False, True)
    }
    assert places[False] == [(i, j) for i in range(3) for j in range(3)]
    assert places[True] == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
