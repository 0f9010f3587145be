"""NTK and NNGP from one pass: bit for bit what each is alone."""

import numpy as np
import pytest

from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    MyrtleNNGP,
    MyrtleNTK,
    NetworkKernel,
    StaxKernel,
    TwoLayerNNGP,
    TwoLayerNTK,
)
from kernel_regime.kernels.both_kernels import BOTH

DENSE = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
HOMOGENEOUS = [{"Dense": {"out_dim": 1}}, "Relu", {"Dense": {"out_dim": 1}}]
CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
STRIDED = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "strides": [2, 2]}}


def vectors(n, seed):
    """Of lengths that the polynomial covers and does not, some parallel, one zero."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 20)) * np.exp(rng.normal(0, 0.4, (n, 1)))
    x[1] *= 100
    x[2:4] = np.ones(20), 2 * np.ones(20)
    x[4] = 0
    return x.astype(np.float32)


def images(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 8, 8, 2)).astype(np.float32)


def network(layers):
    return [NetworkKernel(layers, get) for get in BOTH]


@pytest.mark.parametrize(
    ("kernels", "draw", "sizes"),
    [
        ([FullyConnectedNTK(4), FullyConnectedNNGP(4)], vectors, (300, 260)),
        ([TwoLayerNTK(), TwoLayerNNGP()], vectors, (300, 260)),
        (network(HOMOGENEOUS), vectors, (300, 260)),
        (network([DENSE, "Relu", DENSE, "Gelu", DENSE]), vectors, (300, 260)),
        (network([DENSE, "Erf", DENSE]), vectors, (9, 7)),
        ([MyrtleNTK(), MyrtleNNGP()], images, (18, 5)),
        (network([CONVOLUTION, "Gelu", "GlobalAvgPool", DENSE, "Relu", DENSE]), images, (18, 5)),
        (network([STRIDED, "Relu", "Flatten", DENSE]), images, (5, 4)),
        ([StaxKernel([DENSE, "Erf", DENSE], get) for get in BOTH], vectors, (9, 7)),
    ],
    ids=[
        *("angular", "two-layer", "homogeneous", "dense", "pairs"),
        *("myrtle", "image", "forced", "stax"),
    ],
)
def test_one_pass_gives_both_bit_for_bit(kernels, draw, sizes):
    x, y = draw(sizes[0], 0), draw(sizes[1], 1)
    for inputs in ((x,), (x, y)):
        alone = [kernel(*inputs) for kernel in kernels]
        for kernel in kernels:
            for matrix, expected in zip(kernel.both(*inputs), alone, strict=True):
                np.testing.assert_array_equal(matrix, expected)
    assert kernels[0].network() == kernels[1].network()


def test_no_samples_are_two_empty_matrices():
    both = FullyConnectedNTK(2).both(np.ones((0, 3)), np.ones((4, 3)))
    assert [matrix.shape for matrix in both] == [(0, 4), (0, 4)]
