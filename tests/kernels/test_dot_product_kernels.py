"""Fully-connected, two-layer and polynomial kernels against goldens and exact formulas."""

import json

import numpy as np
import pytest

from kernel_regime.kernels import NetworkKernel
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNNGP
from kernel_regime.kernels.dense.fully_connected_kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
)
from kernel_regime.kernels.dense.two_layer import TwoLayerNNGP, TwoLayerNTK
from kernel_regime.kernels.polynomial import Polynomial
from kernel_regime.kernels.random_features_kernel import RandomFeatures
from tests.beside import golden
from tests.kernels.oracles import awkward_rows, relu_network

KERNELS = {
    "ntk_two_layer_published": TwoLayerNTK(),
    "nngp_two_layer_published": TwoLayerNNGP(),
    "polynomial_degree1_intercept0.125": Polynomial(1, 0.125),
    "polynomial_degree2_intercept1.0": Polynomial(2, 1.0),
    "polynomial_degree3_intercept8.0": Polynomial(3, 8.0),
    **{f"stax_ntk_layers{n}": FullyConnectedNTK(n) for n in (2, 3, 4, 6)},
    **{f"stax_nngp_layers{n}": FullyConnectedNNGP(n) for n in (2, 3, 4, 6)},
}
LAYER_WITH_BIASES = {"Dense": {"out_dim": 1, "b_std": 0.1}}
ALL = [*KERNELS.values(), FullyConnectedNTK(1), FullyConnectedNTK(20)]
# Relative to sqrt(k(x, x) k(x', x')). The published values round 1 − cos θ of the nearly equal
# pair to 2e-16, its angle to 2e-8 and the tangent kernel by layers/π times that.
NEARLY_EQUAL = 1e-7


def relative_error(kernel, values, expected, x1, x2):
    size = np.sqrt(np.outer(kernel.diagonal(x1), kernel.diagonal(x2)))
    return np.abs(values - expected) / size


@pytest.mark.parametrize("name", KERNELS)
def test_published_values_in_double_precision(name):
    data, kernel = golden("fully_connected_kernels"), KERNELS[name]
    x1, x2 = data["x1"], data["x2"]
    error = relative_error(kernel, kernel(x1, x2), data[name], x1, x2)
    cosine = (x1 @ x2.T) / np.outer(np.linalg.norm(x1, axis=1), np.linalg.norm(x2, axis=1))
    assert error[abs(cosine) < 0.999].max() < 2e-13
    assert error.max() < NEARLY_EQUAL


@pytest.mark.parametrize("name", KERNELS)
def test_published_values_in_single_precision(name):
    data, kernel = golden("fully_connected_kernels"), KERNELS[name]
    x1, x2 = data["x1"], data["x2"]
    values = kernel(x1.astype(np.float32), x2.astype(np.float32))
    assert values.dtype == np.float32
    assert relative_error(kernel, values, data[name], x1, x2).max() < 5e-7


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 2e-13), (np.float32, 1e-6)])
@pytest.mark.parametrize("layers", [1, 2, 3, 5, 8, 16])
def test_awkward_rows_against_extended_precision(layers, dtype, tolerance):
    x1, x2 = (x.astype(dtype) for x in awkward_rows(np.random.default_rng(0)))
    for kernel, expected in zip(
        (FullyConnectedNTK(layers), FullyConnectedNNGP(layers)),
        relu_network(x1, x2, layers),
        strict=True,
    ):
        size = np.sqrt(np.outer(kernel.diagonal(x1), kernel.diagonal(x2))).astype(np.float64)
        error = np.abs(kernel(x1, x2) - expected)
        assert (error <= tolerance * size).all(), (kernel, np.max(error[size > 0] / size[size > 0]))


@pytest.mark.parametrize("layers", [2, 8])
def test_single_precision_at_every_angle(layers):
    """784 rounded products put 5e-7 on a cosine: 5e-6 on an angle of 8°, 1e-6 a layer on κ."""
    rng = np.random.default_rng(6)
    spread = np.geomspace(1e-4, 3, 200)[:, None]
    x = rng.standard_normal((1, 784)) + spread * rng.standard_normal((200, 784))
    x[::7] *= -1
    x = x.astype(np.float32)
    kernel = FullyConnectedNTK(layers)
    error = relative_error(kernel, kernel(x), kernel(x.astype(np.float64)), x, x)
    assert error.max() < 1.5e-6 * layers
    assert np.sqrt((error**2).mean()) < 2e-6


def test_published_closed_forms_are_unscaled_two_layer_networks():
    x1, x2 = awkward_rows(np.random.default_rng(1))
    ntk, nngp = relu_network(x1, x2, 2)
    for kernel, expected in ((TwoLayerNTK(), ntk), (TwoLayerNNGP(), nngp)):
        np.testing.assert_allclose(
            kernel(x1, x2), (x1.shape[1] * expected).astype(np.float64), rtol=1e-12, atol=1e-12
        )


@pytest.mark.parametrize("kernel", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exactly_symmetric_with_the_stated_diagonal(kernel, dtype):
    x = np.random.default_rng(2).standard_normal((230, 30)).astype(dtype)
    x[7] = x[3]
    x[11] = 0
    matrix = kernel(x)
    assert (matrix == matrix.T).all()
    np.testing.assert_allclose(
        np.diagonal(matrix), kernel.diagonal(x), rtol=30 * np.finfo(dtype).eps
    )
    eigenvalues = np.linalg.eigvalsh(matrix.astype(np.float64))
    assert eigenvalues[0] > -5 * np.finfo(dtype).eps * eigenvalues[-1] * np.sqrt(len(x))


@pytest.mark.parametrize("kernel", ALL, ids=repr)
def test_symmetric_and_rectangular_paths_agree(kernel):
    x = np.random.default_rng(3).standard_normal((523, 4, 5)).astype(np.float32)
    whole = kernel(x)
    np.testing.assert_allclose(kernel(x[:301], x[100:]), whole[:301, 100:], rtol=3e-5, atol=1e-6)
    np.testing.assert_allclose(kernel(x, x.copy()), whole, rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 300), (257, 3)])
def test_odd_sizes_and_single_features(sizes):
    rng = np.random.default_rng(4)
    x1, x2 = (rng.standard_normal((n, 1)) for n in sizes)
    ntk, _ = relu_network(x1, x2, 3)
    np.testing.assert_allclose(
        FullyConnectedNTK(3)(x1, x2), ntk.astype(np.float64), rtol=1e-12, atol=1e-15
    )


def test_lengths_far_apart_keep_their_relative_precision():
    rng = np.random.default_rng(5)
    x = (rng.standard_normal((4, 25)) * [[1e-15], [1e-3], [1], [1e15]]).astype(np.float32)
    expected, _ = relu_network(x, x, 3)
    np.testing.assert_allclose(FullyConnectedNTK(3)(x, x.copy()), expected.astype(float), rtol=1e-5)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: FullyConnectedNTK(0), r"FullyConnectedNTK.layers: 0 should be greater than 0"),
        (lambda: FullyConnectedNNGP(2.5), r"FullyConnectedNNGP.layers: 2.5 should be .* integer"),
        (lambda: Polynomial(0, 1.0), r"Polynomial.degree: 0 should be greater than 0"),
        (lambda: Polynomial(2, -1.0), r"intercept: -1.0 should be greater than or equal to 0"),
        (lambda: Polynomial(2, float("nan")), r"Polynomial.intercept: nan should be a finite"),
    ],
)
def test_wrong_fields_are_refused_with_the_remedy(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_numpy_integers_are_integers():
    kernel = FullyConnectedNTK(np.int64(3))
    assert kernel == FullyConnectedNTK(3)
    assert json.dumps(kernel.identity()) == '{"kind": "fully_connected_ntk", "layers": 3}'


@pytest.mark.parametrize("layers", [100, 150, 200, 240])
def test_deep_kernels_in_single_precision_where_it_can_hold_them(layers):
    """Inputs of such norms that k(x, x) is of order 1; half a million roundings of an angle."""
    rng = np.random.default_rng(8)
    x = (rng.standard_normal((6, 10)) * 2.0 ** (layers / 2)).astype(np.float32)
    for kind, expected in zip(
        (FullyConnectedNTK, FullyConnectedNNGP), relu_network(x, x, layers), strict=True
    ):
        kernel = kind(layers)
        np.testing.assert_allclose(kernel(x), expected.astype(float), rtol=3e-5)
        np.testing.assert_allclose(kernel(x[:2], x), expected[:2].astype(float), rtol=3e-5)
        np.testing.assert_allclose(kernel.diagonal(x), np.diagonal(expected).astype(float), 1e-6)


@pytest.mark.parametrize("layers", [150, 400])
def test_deep_kernels_in_double_precision(layers):
    x = np.random.default_rng(9).standard_normal((6, 10))
    expected, _ = relu_network(x, x, layers)
    np.testing.assert_allclose(FullyConnectedNTK(layers)(x), expected.astype(float), rtol=1e-12)


@pytest.mark.parametrize(
    "kernel, size",
    [
        (FullyConnectedNTK(150), 1.0),
        (FullyConnectedNTK(200), 1.0),
        (FullyConnectedNTK(200), 1e-30),
        (TwoLayerNNGP(), 1e25),
        (TwoLayerNNGP(), 1e-25),
        (Polynomial(10), 1e4),
        (Polynomial(3, 0.0), 1e-15),
        (Polynomial(1), 1e25),
        (RandomFeatures(3), 1e25),
        (MyrtleNNGP(), 1e-20),
    ],
    ids=repr,
)
def test_values_that_single_precision_cannot_hold_are_refused(kernel, size):
    x = np.random.default_rng(10).standard_normal((3, 4, 4)).astype(np.float32) * np.float32(size)
    for compute in (lambda: kernel(x), lambda: kernel(x[:1], x)):
        with pytest.raises(FloatingPointError, match=r"beyond float32, .*; scale the inputs"):
            compute()
    assert np.isfinite(kernel(x.astype(np.float64))).all()


def test_zero_and_orthogonal_samples_are_not_too_small():
    x = np.eye(3, dtype=np.float32)
    assert not FullyConnectedNTK(3)(0 * x).any()
    assert not Polynomial(3, 0.0)(x[:1], x[1:]).any()


def test_networks_too_deep_for_any_precision_are_refused():
    with pytest.raises(FloatingPointError, match="below what float64 holds; take fewer layers"):
        FullyConnectedNTK(2000)(np.ones((2, 3)))


@pytest.mark.parametrize("kernel", ALL[:5], ids=repr)
def test_no_samples_give_no_values(kernel):
    x = np.ones((3, 4), np.float32)
    for values, shape in (
        (kernel(x[:0]), (0, 0)),
        (kernel(x[:0], x), (0, 3)),
        (kernel(x, x[:0]), (3, 0)),
        (kernel.diagonal(x[:0]), (0,)),
    ):
        assert values.shape == shape
        assert values.dtype == np.float32


@pytest.mark.parametrize("kernel", ALL[:5], ids=repr)
def test_samples_without_features_are_refused(kernel):
    with pytest.raises(ValueError, match=r"x1: samples of shape \(0,\) have no features"):
        kernel(np.zeros((3, 0)))


def test_wrong_inputs_are_refused():
    kernel = FullyConnectedNTK(2)
    x = np.ones((3, 4))
    with pytest.raises(ValueError, match="x1: sample 1 is not finite"):
        kernel(np.where(np.arange(3)[:, None] == 1, np.nan, x))
    with pytest.raises(ValueError, match="bring both to one shape and dtype"):
        kernel(x, x.astype(np.float32))
    with pytest.raises(ValueError, match="holds no real numbers"):
        kernel(x.astype(complex))


def test_integers_mean_the_numbers_they_are():
    x = np.arange(12).reshape(3, 4)
    np.testing.assert_array_equal(FullyConnectedNTK(2)(x), FullyConnectedNTK(2)(x.astype(float)))


@pytest.mark.parametrize("features", [784, 12_288])
@pytest.mark.parametrize(
    "kernel",
    [
        TwoLayerNNGP(),
        FullyConnectedNTK(3),
        NetworkKernel([LAYER_WITH_BIASES, "Relu", LAYER_WITH_BIASES]),
        RandomFeatures(4096),
    ],
    ids=lambda kernel: type(kernel).__name__,
)
def test_single_precision_survives_images_of_equal_pixels(kernel, features):
    """Each time that the same number is added, the same is rounded off: 2e-6 and 2e-5 in all,
    were features added up one after another."""
    rng = np.random.default_rng(0)
    shades = rng.random((300, 1))
    x = np.clip(shades + rng.standard_normal((300, features)), 0, 1).astype(np.float32)
    exact = kernel(x.astype(float))
    assert relative_error(kernel, kernel(x), exact, x, x).max() < 6e-7
