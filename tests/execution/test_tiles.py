"""Tiles cover the matrix exactly once and respect the memory they are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_regime.execution.store.tiles import TILE_BUFFERS, TileGrid, buffer_bytes, tile_edge

LENGTHS = st.integers(1, 60)


@given(rows=LENGTHS, columns=LENGTHS, edge=st.integers(1, 20))
def test_tiles_cover_a_rectangle_once(rows, columns, edge):
    grid = TileGrid((rows, columns), edge, symmetric=False)
    count = np.zeros((rows, columns), int)
    for tile in grid.tiles:
        assert max(tile.shape) <= edge
        count[tile.rows, tile.columns] += 1
    assert (count == 1).all()
    assert sum(grid.pairs(tile) for tile in grid.tiles) == rows * columns


@given(length=LENGTHS, edge=st.integers(1, 20))
def test_tiles_and_their_mirror_images_cover_a_square_once(length, edge):
    grid = TileGrid((length, length), edge, symmetric=True)
    count = np.zeros((length, length), int)
    for tile in grid.tiles:
        count[tile.rows, tile.columns] += 1
        if grid.is_mirrored(tile):
            count[tile.columns, tile.rows] += 1
    assert (count == 1).all()
    assert sum(grid.pairs(tile) for tile in grid.tiles) == length * (length + 1) // 2


@given(
    length=st.integers(1, 100_000),
    memory=st.integers(10**5, 10**10),
    itemsize=st.sampled_from([4, 8]),
    largest=st.integers(16, 10_000),
)
def test_an_edge_stays_within_memory_and_cuts_evenly(length, memory, itemsize, largest):
    edge = tile_edge((length, length), itemsize, memory, largest)
    assert buffer_bytes(edge, itemsize) <= memory
    assert edge <= max(largest, 16)
    # The last band is at most one rounding step per band shorter than the others.
    bands = -(-length // edge)
    assert bands * edge - length <= 16 * bands


def test_a_memory_that_holds_no_tile_is_refused_with_the_least_that_does():
    least = TILE_BUFFERS * 4 * 16**2
    with pytest.raises(ValueError, match=f"1000 bytes hold no tile; give at least {least} bytes"):
        tile_edge((10, 10), 4, 1000, 100)
    assert tile_edge((10, 10), 4, least, 100) == 16
