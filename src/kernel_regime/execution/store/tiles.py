"""Tiles: how a matrix is cut into them, and how large they may be."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isqrt

from kernel_regime.core.errors import InputError

# Tile-sized arrays alive at once: the one being computed with its kernel's temporaries (4), the
# one being written, and what finiteness checks and rows of the mirror image need (1). Two kernels
# in one pass have no temporaries of that size where tiles are large: two computed, two written.
TILE_BUFFERS = 6
# Edges are multiples of what SIMD loops like.
EDGE_STEP = 16


@dataclass(frozen=True)
class Tile:
    """A rectangle of the matrix, at (`row`, `column`) of the grid of tiles."""

    row: int
    column: int
    rows: slice
    columns: slice

    @property
    def key(self) -> str:
        """Its name in the manifest."""
        return f"{self.row},{self.column}"

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


@dataclass(frozen=True)
class TileGrid:
    """Tiles that cover a matrix, row by row; of a symmetric one, the upper half with diagonal.

    Parameters
    ----------
    shape : (int, int)
        Shape of the matrix.
    edge : int
        Largest number of rows and of columns of a tile.
    symmetric : bool
        Whether tiles below the diagonal are left to mirror images.
    """

    shape: tuple[int, int]
    edge: int
    symmetric: bool

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles, in the order in which they are computed."""
        rows, columns = (list(_intervals(length, self.edge)) for length in self.shape)
        return tuple(
            Tile(i, j, r, c)
            for i, r in enumerate(rows)
            for j, c in enumerate(columns)
            if j >= i or not self.symmetric
        )

    def is_mirrored(self, tile: Tile) -> bool:
        """Whether the transpose of this tile fills another place of the matrix."""
        return self.symmetric and tile.row != tile.column

    def pairs(self, tile: Tile) -> int:
        """Kernel values that a tile adds: a tile on the diagonal counts each pair once."""
        n, m = tile.shape
        return n * (n + 1) // 2 if self.symmetric and tile.row == tile.column else n * m


def tile_edge(shape: tuple[int, int], itemsize: int, memory: int, largest: int) -> int:
    """The edge that keeps `TILE_BUFFERS` tiles within `memory` bytes and cuts the matrix evenly.

    Parameters
    ----------
    shape : (int, int)
        Shape of the matrix.
    itemsize : int
        Bytes of one value.
    memory : int
        Bytes for all tile buffers together.
    largest : int
        An edge the kernel does not want exceeded.

    Raises
    ------
    ValueError
        If not even the smallest tile fits.
    """
    affordable = isqrt(memory // (TILE_BUFFERS * itemsize)) // EDGE_STEP * EDGE_STEP
    if not affordable:
        needed = TILE_BUFFERS * itemsize * EDGE_STEP**2
        raise InputError(
            f"execution.memory: {memory} bytes hold no tile; give at least {needed} bytes"
        )
    edge = min(affordable, max(largest, EDGE_STEP))
    length = max(shape)
    even = ceil(length / ceil(length / edge))
    return min(edge, ceil(even / EDGE_STEP) * EDGE_STEP)


def buffer_bytes(edge: int, itemsize: int) -> int:
    """Bytes of all tile buffers together."""
    return TILE_BUFFERS * itemsize * edge**2


def _intervals(length: int, edge: int) -> Iterator[slice]:
    for start in range(0, length, edge):
        yield slice(start, min(start + edge, length))
