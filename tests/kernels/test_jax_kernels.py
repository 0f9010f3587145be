"""The GPU's kernels of matrix products: their very code, on JAX's CPU, and on a GPU if any."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from kernel_regime.core.errors import TooLargeError
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.execution.devices import on_device
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.tiles import TileGrid
from kernel_regime.kernels.dense.fully_connected_kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
)
from kernel_regime.kernels.dense.two_layer import TwoLayerNNGP, TwoLayerNTK
from kernel_regime.kernels.gpu import (
    angular_jax,
    jax_engine,
    network_jax,
    polynomial_jax,
    random_features_jax,
)
from kernel_regime.kernels.gpu.jax_engine import block_grid, bring_to_host
from kernel_regime.kernels.polynomial import Polynomial
from kernel_regime.kernels.random_features_kernel import RandomFeatures
from tests.beside import golden
from tests.kernels.jax_devices import ON_EVERY_DEVICE, draw, gpus, on, relative_error
from tests.kernels.oracles import awkward_rows, relu_network

KERNELS = {
    "ntk_two_layer_published": TwoLayerNTK(),
    "nngp_two_layer_published": TwoLayerNNGP(),
    "polynomial_degree1_intercept0.125": Polynomial(1, 0.125),
    "polynomial_degree3_intercept8.0": Polynomial(3, 8.0),
    "stax_ntk_layers2": FullyConnectedNTK(2),
    "stax_ntk_layers6": FullyConnectedNTK(6),
    "stax_nngp_layers4": FullyConnectedNNGP(4),
}
ALL = [FullyConnectedNTK(3), TwoLayerNNGP(), Polynomial(2, 1.0), RandomFeatures(700, seed=5)]


@ON_EVERY_DEVICE
@pytest.mark.parametrize("name", KERNELS)
def test_published_values(name, device):
    """But for the nearly equal pair, whose published values are rounded to 1e-7."""
    data, kernel = golden("fully_connected_kernels"), KERNELS[name]
    x1, x2 = data["x1"], data["x2"]
    cosine = (x1 @ x2.T) / np.outer(np.linalg.norm(x1, axis=1), np.linalg.norm(x2, axis=1))
    error = relative_error(kernel, on(device, kernel).cross(x1, x2), data[name], x1, x2)
    assert error[abs(cosine) < 0.999].max() < 2e-13
    single = on(device, kernel).cross(x1.astype(np.float32), x2.astype(np.float32))
    assert single.dtype == np.float32
    assert relative_error(kernel, single, data[name], x1, x2).max() < 5e-7


@ON_EVERY_DEVICE
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 2e-13), (np.float32, 1e-6)])
@pytest.mark.parametrize("layers", [1, 3, 16])
def test_awkward_rows_against_extended_precision(layers, dtype, tolerance, device):
    """Equal, opposite, scaled, nearly equal and zero rows."""
    x1, x2 = (x.astype(dtype) for x in awkward_rows(np.random.default_rng(0)))
    exact = relu_network(x1, x2, layers)
    for kind, expected in zip((FullyConnectedNTK, FullyConnectedNNGP), exact, strict=True):
        kernel = kind(layers)
        values = on(device, kernel).cross(x1, x2)
        assert relative_error(kernel, values, expected, x1, x2).max() <= tolerance


@ON_EVERY_DEVICE
def test_single_precision_at_every_angle(device):
    """784 rounded products: held to the bounds of the CPU."""
    x = draw(1, 784) + np.geomspace(1e-4, 3, 200)[:, None] * draw(200, 784)
    x[::7] *= -1
    x = x.astype(np.float32)
    kernel = FullyConnectedNTK(8)
    error = relative_error(kernel, on(device, kernel).gram(x), kernel(x.astype(float)), x, x)
    assert error.max() < 1.2e-5
    assert np.sqrt((error**2).mean()) < 2e-6


@ON_EVERY_DEVICE
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 2e-13), (np.float32, 1e-6)])
def test_any_number_of_nearly_parallel_pairs_is_corrected(dtype, tolerance, device):
    x = (1 + 1e-3 * draw(150, 20)).astype(dtype)
    assert len(x) ** 2 > angular_jax.PAIRS
    kernel, (expected, _) = FullyConnectedNTK(2), relu_network(x, x, 2)
    values = on(device, kernel).cross(x, x.copy())
    assert relative_error(kernel, values, expected, x, x).max() < tolerance


@ON_EVERY_DEVICE
@pytest.mark.parametrize("kernel", ALL, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exactly_symmetric_with_the_diagonal_of_the_cpu(kernel, dtype, device):
    x = draw(230, 5, 6, dtype=dtype)
    x[7], x[11], x[12] = x[3], 0, -x[3]
    matrix = on(device, kernel).gram(x)
    assert matrix.dtype == dtype
    np.testing.assert_array_equal(matrix, matrix.T)
    few = 30 * np.finfo(dtype).eps
    np.testing.assert_allclose(np.diagonal(matrix), kernel.diagonal(x), rtol=few)
    assert relative_error(kernel, matrix, kernel(x), x, x).max() < few


@ON_EVERY_DEVICE
@pytest.mark.parametrize("kernel", ALL, ids=repr)
def test_blocks_of_a_matrix_fit_together_on_the_host_and_on_the_device(kernel, device, monkeypatch):
    """Six blocks and their mirror images, each of several pieces."""
    monkeypatch.setattr(jax_engine, "EDGE", 64)
    monkeypatch.setattr(jax_engine, "_PIECE", 64 * 4 * 10)
    x = draw(150, 7, dtype=np.float32)
    x[140] = x[3]
    engine, whole = on(device, kernel), kernel(x)
    gram, kept = engine.gram(x), engine.gram_on_device(x)
    np.testing.assert_array_equal(gram, gram.T)
    np.testing.assert_array_equal(kept, gram)
    assert kept.devices() == {device}
    assert gram.flags.writeable
    for values, expected in (
        (gram, whole),
        (engine.cross(x[:64], x), whole[:64]),
    ):
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)


def test_blocks_fit_the_memory_of_the_device():
    """Twenty-four of them, of float32; a device that says nothing is taken to be large."""

    class Card:
        def memory_stats(self):
            return {"bytes_limit": 40 * 2**20, "bytes_in_use": 10 * 2**20}

    grid = block_grid((5000, 5000), np.dtype(np.float32), True, Card())
    assert all(24 * 4 * np.prod(tile.shape) <= 30 * 2**20 for tile in grid.tiles)
    whole = block_grid((5000, 5000), np.dtype(np.float32), True, jax.devices("cpu")[0])
    assert max(tile.shape for tile in whole.tiles) == (2512, 2512)


def test_memory_that_runs_out_is_said_with_the_remedy(monkeypatch):
    def exhausted(*_):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes")

    engine, x = on(jax.devices("cpu")[0], TwoLayerNTK()), draw(4, 3)
    monkeypatch.setattr(angular_jax, "angular_values", exhausted)
    with pytest.raises(TooLargeError, match=r"of 4 × 4 points does not fit .*execution.memory"):
        engine.gram(x)
    with pytest.raises(TooLargeError, match="leave it to the host"):
        engine.gram_on_device(x)


@ON_EVERY_DEVICE
def test_lengths_far_apart_keep_their_relative_precision(device):
    x = (draw(4, 25) * [[1e-15], [1e-3], [1], [1e15]]).astype(np.float32)
    expected, _ = relu_network(x, x, 3)
    values = on(device, FullyConnectedNTK(3)).gram(x)
    np.testing.assert_allclose(values, expected.astype(float), rtol=1e-5)


@ON_EVERY_DEVICE
@pytest.mark.parametrize("width", [1, 513, 9000])
def test_random_features_are_those_of_the_cpu(width, device):
    x1, x2, kernel = draw(31, 12), draw(17, 12), RandomFeatures(width, seed=3)
    values = on(device, kernel).cross(x1, x2)
    np.testing.assert_allclose(values, kernel(x1, x2), rtol=1e-12)
    single = on(device, kernel).cross(x1.astype(np.float32), x2.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, values, rtol=2e-6)


@ON_EVERY_DEVICE
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-13), (np.float32, 1e-6)])
def test_published_random_features(dtype, tolerance, device):
    data = golden("random_features_kernel")
    train, test = data["x_train"].astype(dtype), data["x_test"].astype(dtype)
    weights = data["weights"].T * np.sqrt(train.shape[1])
    for x1, name in ((train, "train"), (test, "test")):
        values, grid = np.empty(data[name].shape, dtype), TileGrid(data[name].shape, 16, False)
        with jax_precision(np.float64):
            drawn = [weights[:130], weights[130:]]
            blocks = random_features_jax.feature_blocks(x1, train, grid, drawn, device)
            bring_to_host(blocks, (values,), grid)
        np.testing.assert_allclose(values, data[name], rtol=tolerance)


def test_no_product_may_be_rounded_to_tensorfloat():
    """A GPU would take ten bits of a float32 by default; a CPU cannot tell, the program can."""
    rows, square = jnp.ones((2, 3)), jnp.ones((2, 2))
    for products, lowered in (
        (1, angular_jax.angles_between.lower(rows, rows, rows[0])),
        (0, angular_jax.angular_values.lower(square, rows[:, 0], rows[:, 0], rows[0])),
        (1, network_jax.network_angles.lower(rows, rows, rows[0], 1.0, 1.0)),
        (1, polynomial_jax.polynomial_values.lower(Polynomial(2, 1.0), rows, rows)),
        (1, random_features_jax.features_of.lower(rows, rows)),
        (1, random_features_jax.with_products_added.lower(square, rows, rows)),
    ):
        text = lowered.as_text()
        assert text.count("stablehlo.dot_general") == products
        assert text.count("precision = [HIGHEST, HIGHEST]") == products


def test_double_precision_is_not_left_switched_on():
    on(jax.devices("cpu")[0], Polynomial(2)).gram(draw(2, 3))
    assert jnp.ones(1).dtype == jnp.float32


def test_on_the_cpu_jax_is_not_imported():
    code = (
        "import sys, numpy; from kernel_regime.kernels import *\n"
        f"for kernel in {ALL!r}: kernel(numpy.ones((2, 3)))\n"
        "assert 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


GPU_KERNELS = [
    FullyConnectedNTK(3),
    FullyConnectedNNGP(3),
    TwoLayerNTK(),
    TwoLayerNNGP(),
    Polynomial(2, 1.0),
    RandomFeatures(700),
]


@pytest.mark.skipif(not gpus(), reason="needs an NVIDIA GPU")
@pytest.mark.parametrize("kernel", GPU_KERNELS, ids=repr)
def test_a_stored_matrix_of_a_gpu(kernel, tmp_path: Path):
    x, path = draw(40, 6), tmp_path / "kernel.npy"
    fill(KernelJob(kernel, x, execution=Execution(device="gpu")), path)
    expected = on(jax.devices("cpu")[0], kernel).gram(x)
    np.testing.assert_allclose(open_matrix(path), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.skipif(bool(gpus()), reason="needs a machine without GPU")
@pytest.mark.parametrize("kernel", GPU_KERNELS, ids=repr)
def test_a_gpu_that_is_not_there_is_refused_with_the_remedy(kernel):
    with pytest.raises(
        RuntimeError, match=r"device: gpu needs an NVIDIA GPU.*kernel-regime\[gpu\].*JAX finds none"
    ):
        on_device(kernel, "gpu")


@ON_EVERY_DEVICE
def test_deep_kernels_in_single_precision_where_it_can_hold_them(device):
    x = draw(6, 10).astype(np.float32)
    with pytest.raises(FloatingPointError, match="beyond float32"):
        on(device, FullyConnectedNTK(200)).gram(x)
    x *= np.float32(2.0**100)
    expected, _ = relu_network(x, x, 200)
    values = on(device, FullyConnectedNTK(200)).gram(x)
    np.testing.assert_allclose(values, expected.astype(float), rtol=3e-5)
