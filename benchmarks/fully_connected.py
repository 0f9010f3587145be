"""Fully-connected NTK: against neural-tangents, NumPy's product, and itself at other sizes."""

from collections.abc import Callable
from functools import partial
from math import log

import numpy as np

from benchmarks.harness import Row, compare, emit
from kernel_regime.kernels import FullyConnectedNTK, StaxKernel
from kernel_regime.kernels.base import Array
from kernel_regime.kernels.panels import EDGE, add_products

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


def share_of_peak(x: Array) -> Row:
    """Rate of the whole kernel over that of the same products from the nearest cache."""
    kernel = FullyConnectedNTK(4)
    near = np.ones((4 * EDGE, FEATURES), x.dtype)
    total = np.zeros((len(near), len(near)), x.dtype)
    row = compare(
        "",
        lambda: kernel(x),
        "",
        lambda: [add_products(total, near, near.copy()) for _ in range(40)],
    )
    rate = len(x) ** 2 * FEATURES / row.ours / 1e9
    peak = 40 * 2 * len(near) ** 2 * FEATURES / row.other / 1e9
    return Row(
        work="fully-connected NTK, products of half the matrix",
        ours=rate,
        against="products in cache",
        other=peak,
        unit="GFLOP/s",
        note=f"{rate / peak:.0%} of what two cores multiply",
    )


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
            growth(x),
            share_of_peak(x),
        ]
    )


if __name__ == "__main__":
    main()
