"""Shallow softplus kernel in closed form: ours, the published procedure, and the GEMM limit."""

import math
from typing import Any

import numpy as np

from benchmarks.harness import Row, compare, emit, seconds
from kernel_regime.ntk.shallow_network import shallow_ntk

SAMPLES, FEATURES, WIDTH = 2000, 3072, 4000


def published(x: Any, inner: Any, biases: Any, outer: Any) -> Any:
    """The published procedure: scalar functions under np.vectorize, then the sums."""
    softplus = np.vectorize(lambda u: math.log(1 + math.exp(u)) if u < 700 else u)
    sigmoid = np.vectorize(lambda u: 1 / (1 + math.exp(-u)) if u > -700 else 0.0)
    u = x @ inner.T + biases
    value, slope = softplus(u), sigmoid(u) * outer
    kernel = (slope @ slope.T) * (x @ x.T + 1) + value @ value.T
    return kernel / len(outer) + 1


def draw() -> tuple[Any, ...]:
    """Images in [0, 1] and a network, float32."""
    rng = np.random.default_rng(0)
    return (
        rng.random((SAMPLES, FEATURES), dtype=np.float32),
        rng.standard_normal((WIDTH, FEATURES), dtype=np.float32),
        rng.standard_normal(WIDTH, dtype=np.float32),
        rng.standard_normal(WIDTH, dtype=np.float32),
    )


def main() -> None:
    """Time against the procedure; rate against a plain GEMM."""
    x, inner, biases, outer = draw()

    def ours() -> Any:
        return shallow_ntk(x, None, inner, biases, outer, "softplus")

    double = [np.asarray(a, np.float64) for a in (x, inner, biases, outer)]
    work = f"shallow softplus NTK, m={WIDTH:,}, d={FEATURES:,}, n={SAMPLES:,}"
    row = compare(
        work, ours, "np.vectorize, as published", lambda: published(*double), required=6, repeats=3
    )
    # What must be multiplied when symmetric products cost half: X Wᵀ, two Gram matrices of the
    # hidden units, and X Xᵀ.
    needed = 2 * SAMPLES * WIDTH * FEATURES + SAMPLES**2 * (2 * WIDTH + FEATURES)
    rate = max(2 * SAMPLES * WIDTH * FEATURES / seconds(lambda: x @ inner.T) for _ in range(5))
    emit([
        row,
        Row(
            work=work, ours=needed / row.ours / 1e9, unit="Gflop/s",
            against="float32 GEMM of X Wᵀ", other=rate / 1e9, required=0.5,
            note="symmetric products counted as half",
        ),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
