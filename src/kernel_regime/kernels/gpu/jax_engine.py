"""A GPU by way of JAX: finding it, cutting matrices for it, and bringing them from it.

A card multiplies faster than its results leave it. So blocks are computed ahead of those that
travel, mirror images are made on the card, and threads put what arrives into its place.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np

from kernel_regime.core.arrays import Array, Dtype
from kernel_regime.core.errors import TooLargeError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree
from kernel_regime.execution.devices import no_gpu
from kernel_regime.execution.store.tiles import Tile, TileGrid, tile_edge

with from_extra("gpu"):
    import jax
    import jax.numpy as jnp

EDGE = 4096
"""Largest of a block: larger ones would make neither products nor their way to the host faster."""

_SHARE = 4
"""Part of the free memory for `TILE_BUFFERS` blocks: temporary arrays take as much again, twice."""

_AHEAD = 4
"""Blocks computed before the first of them has arrived."""

_PIECE = 2**24
"""Bytes that travel together: the C library keeps buffers of this size, and maps larger anew."""

_COPIERS = 4
"""Threads that put pieces into their places."""

Block = tuple[Tile, tuple[jax.Array, ...]]
"""Values on a device of each kernel that one pass computes, and where they belong."""


def first_gpu() -> jax.Device:
    """The first GPU that JAX sees.

    Raises
    ------
    MissingDeviceError
        If it sees none.
    """
    try:
        return jax.devices("gpu")[0]
    except RuntimeError as error:
        raise no_gpu("JAX") from error


def free_memory(device: jax.Device) -> int | None:
    """Bytes that JAX may still take on a device; None where it does not say, as for a CPU."""
    stats = device.memory_stats() or {}
    if "bytes_limit" not in stats:
        return None
    return int(stats["bytes_limit"] - stats.get("bytes_in_use", 0))


@contextmanager
def within_memory(device: jax.Device, work: str, remedy: str) -> Iterator[None]:
    """Work that raises a line with a remedy where the memory of the device runs out.

    Raises
    ------
    TooLargeError

    Examples
    --------
    >>> with within_memory(jax.devices("cpu")[0], "a kernel of 2 points", "take fewer points"):
    ...     raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
    Traceback (most recent call last):
    kernel_regime.core.errors.TooLargeError: a kernel of 2 points does not fit the memory of ...
    """
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        left = free_memory(device)
        free = "" if left is None else f", of which {left / 1e9:.2f} GB are free"
        raise TooLargeError(
            f"{work} does not fit the memory of {device}{free}; {remedy}"
        ) from error


def block_grid(
    shape: tuple[int, int], dtype: Dtype, symmetric: bool, device: jax.Device
) -> TileGrid:
    """Blocks of a matrix, of which several at once fit what is free on a device.

    Examples
    --------
    >>> grid = block_grid((9000, 100), np.dtype(np.float32), False, jax.devices("cpu")[0])
    >>> [tile.shape for tile in grid.tiles]
    [(3008, 100), (3008, 100), (2984, 100)]
    """
    free = free_memory(device)
    if free is None:
        free = 2 * _SHARE * EDGE**2 * 8 * dtype.itemsize
    return TileGrid(shape, tile_edge(shape, dtype.itemsize, free // _SHARE, EDGE), symmetric)


def bring_to_host(blocks: Iterable[Block], matrices: Sequence[Array], grid: TileGrid) -> None:
    """Fill matrices of the host with blocks, and with their mirror images where symmetric.

    Blocks are taken, and thereby computed, while earlier ones travel.
    """
    with ThreadPoolExecutor(_COPIERS) as copiers:
        travelling: deque[list[Future[None]]] = deque()
        for tile, computed in blocks:
            for matrix, block in zip(matrices, computed, strict=True):
                travelling.append(_send(block, matrix[tile.rows, tile.columns], copiers))
                if grid.is_mirrored(tile):
                    travelling.append(_send(block.T, matrix[tile.columns, tile.rows], copiers))
            while len(travelling) > _AHEAD:
                _wait_for(travelling.popleft())
        for group in travelling:
            _wait_for(group)


def _send(block: jax.Array, place: Array, copiers: ThreadPoolExecutor) -> list[Future[None]]:
    """Start a block on its way to its place, in pieces."""
    rows = max(1, _PIECE // place[:1].nbytes)
    pieces = _split(block, rows)
    for piece in pieces:
        piece.copy_to_host_async()
    starts = range(0, len(place), rows)
    return [
        copiers.submit(_put, piece, place[start : start + rows])
        for start, piece in zip(starts, pieces, strict=True)
    ]


@partial(jax.jit, static_argnums=1)
def _split(block: jax.Array, rows: int) -> list[jax.Array]:
    return [block[start : start + rows] for start in range(0, len(block), rows)]


def _put(piece: jax.Array, place: Array) -> None:
    place[...] = np.asarray(piece)


def _wait_for(puts: Iterable[Future[None]]) -> None:
    for put in puts:
        put.result()


def assemble(
    blocks: Iterable[Block], grid: TileGrid, dtype: Dtype, device: jax.Device
) -> jax.Array:
    """The matrix of the blocks of one kernel, which stays on the device; mirrored if symmetric."""
    matrix = jnp.zeros(grid.shape, dtype, device=device)
    for tile, (block,) in blocks:
        matrix = placed(matrix, block, tile.rows.start, tile.columns.start)
        if grid.is_mirrored(tile):
            matrix = placed(matrix, block.T, tile.columns.start, tile.rows.start)
    return matrix


@partial(jax.jit, donate_argnums=0)
def placed(matrix: jax.Array, block: jax.Array, row: int, column: int) -> jax.Array:
    """The matrix with a block in its place: its memory is used again."""
    return jax.lax.dynamic_update_slice(matrix, block, (row, column))


@jax.jit
def mirrored_upper(block: jax.Array) -> jax.Array:
    """The symmetric matrix of an upper triangle."""
    return jnp.triu(block) + jnp.triu(block, 1).T


def rows_of(side: PyTree, rows: slice) -> PyTree:
    """Rows of an array, or of each of a tuple of arrays."""
    return jax.tree.map(lambda whole: whole[rows], side)


def largest_norm(x: Array) -> float:
    """Largest Euclidean norm of samples (n, ...), infinite where its square is beyond their dtype.

    Examples
    --------
    >>> largest_norm(np.array([[3.0, 4.0], [0.0, 1.0]]))
    5.0
    """
    rows = x.reshape(len(x), -1)
    return float(np.sqrt(np.einsum("ij,ij->i", rows, rows).max(initial=0)))
