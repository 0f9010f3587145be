"""Fully-connected NTK: against neural-tangents, NumPy's product, and itself at other sizes."""

from collections.abc import Callable
from functools import partial
from math import log
from statistics import median

import numba
import numpy as np

from benchmarks.harness import Row, compare, emit, over_threads, seconds
from kernel_regime.core.arrays import Array
from kernel_regime.kernels.dense.angular_tiles import UnitRows, unit_rows
from kernel_regime.kernels.dense.fully_connected_kernels import FullyConnectedNTK
from kernel_regime.kernels.stax import StaxKernel
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import multiply_tile

SAMPLES, FEATURES, BLOCK = 6000, 784, 1000


def neural_tangents(layers: int, *, jitted: bool) -> Callable[[Array], None]:
    """The kernel in blocks of rows, as published, or the same compiled."""
    StaxKernel(["Relu"])  # imports neural-tangents without its deprecation warnings
    import jax
    from neural_tangents import stax

    hidden = [layer for _ in range(layers - 1) for layer in (stax.Dense(1), stax.Relu())]
    kernel_fn = partial(stax.serial(*hidden, stax.Dense(1))[2], get="ntk")
    kernel_fn = jax.jit(kernel_fn) if jitted else kernel_fn

    def matrix(x: Array) -> None:
        out = np.empty((len(x), len(x)), x.dtype)
        for start in range(0, len(x), BLOCK):
            out[start : start + BLOCK] = kernel_fn(x[start : start + BLOCK], x)

    return matrix


def growth(x: Array) -> Row:
    """Time of n rows over that of n/2: 4 where pairs dominate."""
    kernel, half = FullyConnectedNTK(4), x[: len(x) // 2]
    row = compare(
        f"fully-connected NTK, n={len(x)}, 4 layers",
        lambda: kernel(x),
        f"n={len(half)}",
        lambda: kernel(half),
    )
    return Row(**{**vars(row), "note": f"time grows as n^{log(row.ours / row.other, 2):.2f}"})


def both_kernels(x: Array) -> Row:
    """Both kernels over the dearer one; how much of it nothing but a second matrix takes."""
    kernel = FullyConnectedNTK(4)
    row = compare(
        f"fully-connected NTK and NNGP in one pass, n={len(x)}, 4 layers",
        lambda: kernel.both(x),
        "NTK alone",
        lambda: kernel(x),
        required=1 / 1.1,
        repeats=9,
    )
    written = median(seconds(lambda: written_matrix(len(x))) for _ in range(9))
    share = written / row.other
    return Row(**{**vars(row), "note": f"to write a new matrix, and no more: {share:.2f} of NTK"})


@numba.njit(parallel=True)
def written_matrix(n: int) -> Array:
    """A matrix that every thread has written its share of."""
    matrix = np.empty((n, n), np.float32)
    for i in numba.prange(n):
        matrix[i] = i
    return matrix


def share_of_peak(x: Array) -> Row:
    """Multiplications a second of the whole kernel, and of one tile that never leaves the cache."""
    kernel, tiles = FullyConnectedNTK(4), 4000
    rows = unit_rows(x[:EDGE], [1.0])
    row = compare("", lambda: kernel(x), "", lambda: multiply_in_cache(rows, tiles))
    ours = len(x) ** 2 * FEATURES / row.ours / 1e9
    peak = 2 * tiles * EDGE**2 * FEATURES / row.other / 1e9
    return Row(
        work="fully-connected NTK, 4 layers, half the matrix",
        ours=ours,
        against="one tile over and over",
        other=peak,
        unit="GFLOP/s",
        note=f"{ours / peak:.0%} of the products this machine can do",
    )


@numba.njit(parallel=True)
def multiply_in_cache(rows: UnitRows, tiles: int) -> None:
    """The product of one tile, again and again on every core."""
    for _ in numba.prange(tiles):
        tile = np.empty((EDGE, EDGE), rows.rows.dtype)
        multiply_tile(rows.packed, 0, rows.packed, 0, tile, False)


def main() -> None:
    x = np.random.default_rng(0).standard_normal((SAMPLES, FEATURES)).astype(np.float32)
    work = f"fully-connected NTK, n={SAMPLES}, d={FEATURES}, 4 layers"
    two, four, eight = (partial(FullyConnectedNTK(layers), x) for layers in (2, 4, 8))
    published = partial(neural_tangents(4, jitted=False), x)
    jitted = partial(neural_tangents(4, jitted=True), x)
    emit(
        [
            compare(work, four, "neural-tangents, blocks", published, required=20, repeats=3),
            compare(work, four, "neural-tangents, jitted", jitted, required=10, repeats=3),
            compare(work, four, "NumPy X @ X.T", lambda: x @ x.T, required=1),
            compare(work.replace("4 layers", "8 layers"), eight, "2 layers", two, required=1 / 1.1),
            both_kernels(x),
            growth(x),
            *over_threads(work, four),
            share_of_peak(x),
        ]
    )


if __name__ == "__main__":
    main()
