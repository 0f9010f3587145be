"""Hand-written products against plain BLAS, block by block, finished by the same code."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

import numba
import numpy as np

from benchmarks.harness import compare, emit
from benchmarks.network_kernels import FEATURES, SAMPLES, network
from kernel_regime.core.arrays import Array
from kernel_regime.kernels import FullyConnectedNTK, NetworkKernel
from kernel_regime.kernels.architecture import read_architecture
from kernel_regime.kernels.dense.angular import AngularKernel, angular_tiles
from kernel_regime.kernels.dense.angular_tiles import AngularTiles, finish_angular_tile
from kernel_regime.kernels.dense.layer_sequence import layer_rows, layer_sequence
from kernel_regime.kernels.dense.layer_tiles import LayerTiles, finish_layer_tile, layer_tiles
from kernel_regime.kernels.dense.network_pairs import directions
from kernel_regime.kernels.layer import SerialLayers
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import add_gram
from kernel_regime.linalg.threads import single_blas_thread

BLOCK = 10 * EDGE
"""Rows and columns of a block: its product is still in the last cache when it is finished."""

Finish = Callable[[Array, int, int], None]
"""Does the rest to the product of the rows and the columns that begin there."""


def blocks_of_gram(x: Array, finish: Finish) -> None:
    """Products of the blocks on and above the diagonal, by as many threads as there are.

    Each multiplies and finishes blocks of its own: threads of a BLAS would still spin, and hold
    up those that finish, were they to take turns.
    """
    places: SimpleQueue[tuple[int, int]] = SimpleQueue()
    for top in range(0, len(x), BLOCK):
        for start in range(top, len(x), BLOCK):
            places.put((top, start))
    workers = numba.get_num_threads()
    with single_blas_thread(), ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda _: _share(x, finish, places), range(workers)))


def _share(x: Array, finish: Finish, places: "SimpleQueue[tuple[int, int]]") -> None:
    buffer = np.empty((BLOCK, BLOCK), x.dtype)
    while True:
        try:
            top, start = places.get_nowait()
        except Empty:
            return
        rows, columns = x[top : top + BLOCK], x[start : start + BLOCK]
        block = buffer[: len(rows), : len(columns)]
        np.matmul(rows, columns.T, out=block)
        finish(block, top, start)


def plain_angular(kernel: AngularKernel, x: Array) -> Array:
    """Kernel matrix of a network without biases."""
    tiles = angular_tiles((kernel,), x, x, True)
    units = x * tiles.left.inverses[:, None].astype(x.dtype)
    blocks_of_gram(units, lambda *block: _finish_angular(*block, tiles))
    return tiles.matrices[0]


@numba.njit(nogil=True)
def _finish_angular(block: Array, top: int, start: int, tiles: AngularTiles) -> None:
    for r in range(0, block.shape[0], EDGE):
        for c in range(0, block.shape[1], EDGE):
            if start + c >= top + r:
                finish_angular_tile(_tile(block, r, c), tiles, top + r, start + c)


def plain_network(layers: SerialLayers, x: Array) -> Array:
    """NTK of a network of smooth activations."""
    sequence, side = layer_sequence(layers), directions(x)
    rows = sequence and layer_rows(sequence, side, np.ones(len(x), bool))
    if sequence is None or rows is None:
        raise ValueError("the network is not computed layer by layer")
    tiles = layer_tiles(sequence, rows, rows, (len(x), len(x)), np.inf, ("ntk",))
    blocks_of_gram(side.units, lambda *block: _finish_network(*block, tiles))
    return tiles.ntk


@numba.njit(nogil=True)
def _finish_network(block: Array, top: int, start: int, tiles: LayerTiles) -> None:
    for r in range(0, block.shape[0], EDGE):
        for c in range(0, block.shape[1], EDGE):
            i, j = (top + r) // EDGE, (start + c) // EDGE
            if j >= i:
                finish_layer_tile(_tile(block, r, c), tiles, i, j)


@numba.njit
def _tile(block: Array, r: int, c: int) -> Array:
    """A tile of a block, filled up with zeros."""
    part, tile = block[r : r + EDGE, c : c + EDGE], np.zeros((EDGE, EDGE), block.dtype)
    tile[: part.shape[0], : part.shape[1]] = part
    return tile


def plain_add_gram(total: Array, x: Array) -> None:
    """What `add_gram` does."""

    def add(block: Array, top: int, start: int) -> None:
        total[top : top + len(block), start : start + block.shape[1]] += block

    blocks_of_gram(x, add)


def main(samples: int = SAMPLES) -> None:
    x = np.random.default_rng(0).standard_normal((samples, FEATURES)).astype(np.float32)
    features = np.maximum(np.random.default_rng(1).standard_normal((samples, 4096)), 0)
    features, total = features.astype(np.float32), np.zeros((samples, samples))
    relu, gelu = FullyConnectedNTK(4), NetworkKernel(network("Gelu", 3))
    layers = read_architecture(network("Gelu", 3))
    cases: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "fully-connected NTK, 4 layers": (lambda: relu(x), lambda: plain_angular(relu, x)),
        "Gelu NTK with biases, 3 layers": (lambda: gelu(x), lambda: plain_network(layers, x)),
        "Gram matrix of 4096 random features": (
            lambda: add_gram(total, features),
            lambda: plain_add_gram(total, features),
        ),
    }
    against = f"BLAS by blocks of {BLOCK}, each finished by the same code"
    emit(
        [
            compare(f"{work}, n={samples}", ours, against, plain, required=1)
            for work, (ours, plain) in cases.items()
        ]
    )


if __name__ == "__main__":
    main()
