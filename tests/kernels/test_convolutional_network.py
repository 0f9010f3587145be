"""NetworkKernel on images: against neural-tangents, and itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import limited_memory
from kernel_regime.kernels import NetworkKernel
from kernel_regime.kernels.checks import check_kernel
from tests.kernels.random_architectures import (
    assert_equal_to_neural_tangents,
    biases,
    fork,
    hidden,
    random_networks,
    residual,
    samples,
    scales,
    weights,
)


def conv(weights=1.2, biases=None, size=3, padding="SAME"):
    shape = (size, size) if isinstance(size, int) else size
    arguments = {"out_chan": 1, "filter_shape": shape, "padding": padding}
    return {"Conv": {**arguments, "W_std": weights, "b_std": biases}}


def pool(height, width):
    return {"AvgPool": {"window_shape": (height, width), "strides": (height, width)}}


def dense(weights=1.1, biases=0.2):
    return {"Dense": {"out_dim": 1, "W_std": weights, "b_std": biases}}


RESNET = [
    conv(),
    {"residual": ["Relu", conv(), "Relu", conv(0.8)]},
    pool(2, 2),
    {"residual": ["Relu", conv(), "Relu", conv(0.8)]},
    *("Relu", "GlobalAvgPool", dense(1.0, None)),
]
GELU = [conv(1.3, 0.3), "Gelu", pool(2, 2), conv(1.3, 0.2), "Gelu", "Flatten", dense()]
FORKED = [
    conv(),
    *("Relu", {"FanOut": {"num": 3}}),
    {
        "parallel": [
            {"serial": [conv(1.1, 0.1), pool(2, 2)]},
            {"serial": [pool(2, 2), conv(1.2, None, 1)]},
            {"serial": [conv(), "Erf", pool(1, 2), pool(2, 1), conv()]},
        ]
    },
    *("FanInSum", "Relu", pool(2, 1), "Flatten", dense(), "Relu", dense()),
]
CIRCULAR = [
    conv(1.3, 0.1, 5, "CIRCULAR"),
    *("Abs", conv(), "Relu", conv(1.2, None, (1, 3), "CIRCULAR"), "Relu", "GlobalAvgPool"),
    *(dense(), "Erf", dense()),
]
SMOOTH = [
    dense(1.4, 0.1),
    *("Sin", conv(1.2, 0.1), conv(1.1), {"Elementwise": {"fn": "tanh"}}, conv(), "GlobalAvgPool"),
]

padding = st.sampled_from(["SAME", "CIRCULAR"])
convolution = st.builds(conv, weights, biases, st.sampled_from([1, 3, 3, 5]), padding)
convolved = hidden(convolution)
block = st.one_of(convolved, residual(convolved), fork(convolved, convolution))
tail = st.sampled_from([[dense(1.1, 0.2)], [dense(), "Relu", dense(1.0, None)], []])


@st.composite
def networks(draw):
    """Layers and the shape of their images: blocks, pools that divide, a head, dense layers."""
    layers, sides = [draw(convolution)], [1, 1]
    for _ in range(draw(st.integers(1, 2))):
        layers += draw(block)
        windows = draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 3), (2, 1)]))
        if windows != (1, 1):
            layers.append(pool(*windows))
            sides = [side * window for side, window in zip(sides, windows, strict=True)]
    sides = [side * draw(st.integers(1, max(1, 6 // side))) for side in sides]
    layers += ["Identity", draw(st.sampled_from(["Flatten", "GlobalAvgPool"]))]
    return [*layers, *draw(tail)], (*sides, draw(st.integers(1, 4)))


def mixes_pixels(layer):
    """False for one weight a channel: numbers stay numbers, and all numbers are parallel."""
    return layer["Conv"]["filter_shape"] != (1, 1) or layer["Conv"]["b_std"]


def assert_equal(layers, shape, seed):
    x, y, coincide = samples(shape, seed)
    coincide |= shape[-1] == 1 and (np.prod(shape) == 1 or not mixes_pixels(layers[0]))
    assert_equal_to_neural_tangents(layers, "convolutional", x, y, coincide)


@random_networks(6)
@given(networks(), st.integers(0, 99))
def test_random_architectures_equal_neural_tangents(network, seed):
    assert_equal(*network, seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@random_networks(100)
@given(networks(), st.integers(0, 99))
def test_a_hundred_random_architectures_equal_neural_tangents(network, seed):
    assert_equal(*network, seed)


@pytest.mark.parametrize("layers", [RESNET, FORKED, CIRCULAR], ids=["res", "fork", "circular"])
def test_networks_with_branches_equal_neural_tangents(layers):
    assert_equal(layers, (4, 6, 2), 1)


def test_parallel_pixels_have_no_rounded_angle():
    """Grey pixels behind a filter of one pixel are equal or opposite: E φ(u)φ(v) is a product.

    neural-tangents is 2e-8 off here.
    """
    x, y, _ = samples((1, 3, 1), 15)
    a, b, deviation = -0.5, 1.3, 0.6
    layers = [conv(deviation, None, 1), {"ABRelu": {"a": a, "b": b}}, "Flatten"]
    products = deviation**2 * x[:, None, 0, :, 0] * y[None, :, 0, :, 0]
    expected = np.where(products > 0, (a**2 + b**2) / 2, a * b) * products
    for get in ("ntk", "nngp"):  # of equal values: the function is homogeneous
        assert_allclose(NetworkKernel(layers, get).cross(x, y), expected.mean(axis=2), atol=1e-15)


@pytest.mark.parametrize("layers", [RESNET, GELU, FORKED, CIRCULAR, SMOOTH])
def test_kernels_do_what_kernels_owe(layers):
    samples = np.random.default_rng(3).standard_normal((4, 4, 6, 2))
    check_kernel(NetworkKernel(layers), samples)


@pytest.mark.parametrize("layers", [RESNET, GELU, FORKED, CIRCULAR, SMOOTH])
def test_single_precision(layers):
    """Within 2e-6 of √(k(x, x)k(x', x')), 2e-3 where inputs coincide in networks with kinks."""
    x, y, coincide = samples((4, 6, 3), 4)
    for get in ("ntk", "nngp"):
        kernel = NetworkKernel(layers, get)
        rounded = kernel.cross(x.astype(np.float32), y.astype(np.float32))
        assert rounded.dtype == np.float32
        error = np.abs(rounded - kernel.cross(x, y)) / scales(kernel, x, y)
        assert error[~coincide].max() < 2e-6
        assert error.max() < 2e-3


@pytest.mark.parametrize(
    "head",
    [["GlobalAvgPool"], [pool(32, 32), "Flatten"], [pool(8, 8), "Flatten"]],
    ids=["global pool", "one pool", "large pools"],
)
def test_single_precision_survives_a_million_pairs_of_pixels(head):
    """Added up one after another they lose two digits."""
    kernel = NetworkKernel([conv(), "Relu", conv(), "Relu", *head, dense(1.0, None)])
    x = np.random.default_rng(0).standard_normal((3, 32, 32, 3))
    for values, exact in zip(kernel.both(x.astype(np.float32)), kernel.both(x), strict=True):
        norms = np.sqrt(np.diagonal(exact))
        assert (np.abs(values - exact) / np.outer(norms, norms)).max() < 1e-6


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_homogeneous_networks_take_images_of_any_scale(scale):
    x, y, _ = samples((4, 4, 3), 5)
    x, y = x.astype(np.float32), y.astype(np.float32)
    kernel = NetworkKernel(RESNET)
    scaled = kernel.cross(np.float32(scale) * x, y)
    np.testing.assert_allclose(scaled / scale, kernel.cross(x, y), rtol=1e-5)


def test_values_depend_neither_on_memory_nor_on_neighbours():
    x = np.random.default_rng(6).standard_normal((35, 4, 4, 1))
    kernel = NetworkKernel(GELU)
    whole = kernel.gram(x)
    with limited_memory(100_000):
        np.testing.assert_allclose(kernel.gram(x), whole, rtol=1e-12)
        np.testing.assert_allclose(kernel.diagonal(x), np.diagonal(whole), rtol=1e-7)
    np.testing.assert_array_equal(whole, whole.T)


@pytest.mark.parametrize(
    ("layers", "shape", "message"),
    [
        ([conv(size=2), "Flatten"], (4, 4, 1), r"architecture\[0\]: Conv.filter_shape: 2 is even"),
        (
            [conv(), "Relu", pool(2, 2), conv(), pool(2, 2), "Flatten"],
            (8, 6, 1),
            r"architecture\[4\]: AvgPool: windows of 2x2 do not divide its images of 4x3 \(of 8x6",
        ),
        ([conv(), "Relu"], (4, 4, 1), r"architecture\[1\]: Relu leaves pixel axes"),
        ([conv(), "Relu", "Flatten", dense()], (12,), r"architecture\[2\]: Flatten .* need images"),
        (
            [
                conv(),
                {"FanOut": {"num": 2}},
                {"parallel": [pool(2, 1), pool(1, 2)]},
                "FanInSum",
                "Flatten",
            ],
            (4, 4, 1),
            r"architecture\[3\]: FanInSum adds images of 2x4 and 4x2 pixels",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(layers, shape, message):
    with pytest.raises(InputError, match=message):
        NetworkKernel(layers)(np.ones((2, *shape)))
