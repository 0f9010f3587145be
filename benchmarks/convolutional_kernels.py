"""Kernels of described networks on images: against neural-tangents, jitted, and themselves."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Row, compare, emit, over_threads, seconds
from kernel_regime.core.arrays import Array
from kernel_regime.kernels import NetworkKernel, StaxKernel
from kernel_regime.kernels.architecture_words import in_stax_words

CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
POOL = {"AvgPool": {"window_shape": [2, 2], "strides": [2, 2]}}
DENSE = {"Dense": {"out_dim": 1}}
BLOCK = {"residual": ["Relu", CONVOLUTION, "Relu", CONVOLUTION]}
NETWORKS: dict[str, list[Any]] = {
    "CNTK-V depth 5": [*[CONVOLUTION, "Relu"] * 5, "Flatten", DENSE],
    "CNTK-GAP depth 3": [*[CONVOLUTION, "Relu"] * 3, "GlobalAvgPool", DENSE],
    "ResNet-10": [CONVOLUTION, *[BLOCK, POOL] * 3, BLOCK, "Relu", "GlobalAvgPool", DENSE],
}
OURS = {"CNTK-V depth 5": 512}
"""Images of either side where 16 take less time than to prepare them."""


def draw(n: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, 32, 32, 3)).astype(np.float32)


def rate(kernel: Callable[[Array, Array], Array], n: int, repeats: int = 3) -> float:
    """Pairs a second, the best of a few calls after one warm-up."""
    x1, x2 = draw(n, 0), draw(n, 1)
    kernel(x1, x2)
    return n**2 / min(seconds(lambda: kernel(x1, x2)) for _ in range(repeats))


def against_neural_tangents(name: str) -> Row:
    """Pairs a second of both, each in batches that suit it."""
    description, n = NETWORKS[name], OURS.get(name, 16)
    return Row(
        work=f"{name}, NTK, 32x32x3",
        ours=rate(NetworkKernel(description).cross, n),
        against="neural-tangents, jitted",
        other=rate(StaxKernel(in_stax_words(description)).cross, 4, repeats=2),
        unit="pairs/s",
        required=50,
    )


def both_against_one(name: str) -> Row:
    kernel, x = NetworkKernel(NETWORKS[name]), draw(16, 0)
    return compare(
        f"{name}, NTK and NNGP in one pass, n=16",
        lambda: kernel.both(x),
        "NTK alone",
        lambda: kernel.gram(x),
        required=1 / 1.1,
        repeats=3,
    )


def main() -> None:
    resnet, x = NetworkKernel(NETWORKS["ResNet-10"]), draw(16, 0)
    emit(
        [
            *map(against_neural_tangents, NETWORKS),
            *map(both_against_one, NETWORKS),
            *over_threads("ResNet-10, n=16", lambda: resnet.gram(x)),
        ]
    )


if __name__ == "__main__":
    main()
