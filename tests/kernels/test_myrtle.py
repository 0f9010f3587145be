"""Myrtle kernels against published values, neural-tangents, and their own algebra."""

import warnings

import jax.numpy as jnp
import numba
import numpy as np
import pytest

from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNNGP, MyrtleNTK
from tests.beside import golden

CONVOLUTIONS = {5: (2, 1, 1), 7: (2, 2, 2), 10: (3, 3, 3)}


def draw(n, side, channels=3, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal((n, side, side, channels)).astype(dtype)


def neural_tangents(depth, x1, x2):
    """NTK and NNGP of the same network by an independent implementation, in float64."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from neural_tangents import stax
    convolution = [stax.Conv(1, (3, 3), padding="SAME"), stax.Relu()]
    pool = [stax.AvgPool((2, 2), (2, 2))]
    pools = 1, 1, min(3, int(np.log2(x1.shape[1] // 4)))
    layers = []
    for n_convolutions, n_pools in zip(CONVOLUTIONS[depth], pools, strict=True):
        layers += n_convolutions * convolution + n_pools * pool
    kernel = stax.serial(*layers, stax.Flatten(), stax.Dense(1))[2]
    with jax_precision(np.float64):
        return [np.asarray(k) for k in kernel(jnp.asarray(x1), jnp.asarray(x2), ("ntk", "nngp"))]


def test_numpy_integers_are_depths():
    assert MyrtleNTK(np.int64(7)) == MyrtleNTK(7)
    assert MyrtleNTK(7).identity() == {"kind": "myrtle_ntk", "depth": 7}


def assert_matches_neural_tangents(depth, x1, x2, rtol):
    ntk, nngp = neural_tangents(depth, x1, x2)
    np.testing.assert_allclose(MyrtleNTK(depth)(x1, x2), ntk, rtol=rtol)
    np.testing.assert_allclose(MyrtleNNGP(depth)(x1, x2), nngp, rtol=rtol)


def test_published_kernels():
    published = golden("myrtle5_kernel")
    images = published["images"]
    nngp, ntk = MyrtleNNGP()(images)[:3], MyrtleNTK()(images)[:3]
    np.testing.assert_allclose(nngp, published["myrtle5_nngp_rows0to2"], rtol=1e-13)
    # κ₀ of a pixel with itself loses half the digits (1e-8), in 1 of 3969 planes.
    np.testing.assert_allclose(ntk, published["myrtle5_ntk_rows0to2"], rtol=2e-10)


@pytest.mark.parametrize("depth", [5, 7, 10])
@pytest.mark.parametrize("side", [4, 8, 16])
def test_every_depth_on_small_images(depth, side):
    assert_matches_neural_tangents(depth, draw(3, side), draw(2, side, seed=1), rtol=1e-12)


@pytest.mark.parametrize("depth", [7, 10])
def test_deeper_networks_on_full_size(depth):
    assert_matches_neural_tangents(depth, draw(1, 32), draw(1, 32, seed=1), rtol=1e-12)


@pytest.mark.slow
def test_large_images_leave_several_positions_to_the_dense_layer():
    assert_matches_neural_tangents(5, draw(1, 64, 1), draw(1, 64, 1, seed=1), rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_any_number_of_channels(channels):
    x1, x2 = draw(2, 8, channels), draw(2, 8, channels, seed=1)
    assert_matches_neural_tangents(5, x1, x2, rtol=1e-12)


def test_grey_images_need_no_channel_axis():
    x = draw(3, 8, 1)
    np.testing.assert_array_equal(MyrtleNTK()(x[..., 0]), MyrtleNTK()(x))


def test_blank_pixels_and_images():
    """Pixels of zero variance correlate with nothing; neural-tangents agrees."""
    x = draw(4, 16)
    x[0], x[1, :9], x[2, :, 5:] = 0, 0, 0
    assert_matches_neural_tangents(7, x, draw(3, 16, seed=1), rtol=1e-12)
    kernel = MyrtleNTK(7)(x)
    assert not kernel[0].any()
    assert not kernel[:, 0].any()
    assert np.isfinite(kernel).all()


@pytest.mark.parametrize("kernel", [MyrtleNTK(), MyrtleNNGP(10)])
def test_symmetric_to_the_last_bit_whatever_the_number_of_images(kernel):
    x = draw(19, 8, dtype=np.float32)
    matrix = kernel(x)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(kernel.cross(x, x), matrix, rtol=1e-6)
    np.testing.assert_allclose(kernel.diagonal(x), np.diagonal(matrix), rtol=1e-6)
    np.testing.assert_allclose(kernel(x[3:5], x[6:]), matrix[3:5, 6:], rtol=1e-6)
    assert np.linalg.eigvalsh(matrix.astype(float))[0] > 0


@pytest.mark.parametrize("scale", [1e-18, 1e18])
def test_homogeneous_over_the_range_of_float32(scale):
    x1, x2 = draw(3, 8, dtype=np.float32), draw(4, 8, dtype=np.float32, seed=1)
    scaled = MyrtleNTK()(x1 * np.float32(scale), x2)
    np.testing.assert_allclose(scaled / scale, MyrtleNTK()(x1, x2), rtol=1e-6)


def awkward_images(side):
    """Ordinary, equal, opposite, scaled, nearly equal, constant, sparse and zero images."""
    x = draw(3, side)
    near = x[:1] + 1e-4 * draw(1, side, seed=2)
    sparse = x[:1] * (np.random.default_rng(3).random((1, side, side, 1)) < 0.05)
    return np.concatenate([x, -x[:1], 3 * x[1:2], near, np.ones_like(x[:1]), sparse, 0 * x[:1]])


@pytest.mark.parametrize("depth", [5, 10])
def test_single_precision(depth):
    """Random pairs keep six digits; κ₀ costs half of them where images coincide (θ ~ √ε)."""
    x = awkward_images(16)
    exact, rounded = MyrtleNTK(depth)(x), MyrtleNTK(depth)(x.astype(np.float32))
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, exact, rtol=5e-4)
    np.testing.assert_allclose(rounded[:3, 3:5][[0, 1, 2]], exact[:3, 3:5], rtol=1e-4)


def test_bits_do_not_depend_on_the_number_of_threads():
    x = draw(20, 8, dtype=np.float32)
    matrix, threads = MyrtleNTK()(x), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        np.testing.assert_array_equal(MyrtleNTK()(x), matrix)
    finally:
        numba.set_num_threads(threads)


@pytest.mark.parametrize("side", [1, 6, 12, 28, 48])
def test_sides_that_the_pools_do_not_divide_are_refused(side):
    with pytest.raises(ValueError, match=f"do not divide side {side}; pad or crop"):
        MyrtleNTK()(draw(2, side))


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"square images .* got \(2, 8, 16, 3\)"):
        MyrtleNTK()(np.zeros((2, 8, 16, 3)))
    with pytest.raises(ValueError, match=r"square images .* got \(2, 64\)"):
        MyrtleNTK().diagonal(np.zeros((2, 64)))


def test_depths_nobody_published_are_refused():
    with pytest.raises(ValueError, match=r"MyrtleNTK.depth: 6 should be 5, 7 or 10"):
        MyrtleNTK(6)
