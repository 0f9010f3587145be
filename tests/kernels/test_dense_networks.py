"""NetworkKernel on vectors: against neural-tangents, the named kernels, goldens, and itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    NetworkKernel,
)
from kernel_regime.kernels.dense import dense_engine, zonal
from tests.beside import golden
from tests.kernels.oracles import awkward_rows
from tests.kernels.random_architectures import (
    assert_equal_to_neural_tangents,
    biases,
    fork,
    hidden,
    neural_tangents,
    random_networks,
    residual,
    samples,
    scales,
    weights,
)

FEATURES = 7


def dense(weights=1.0, biases=None, **others):
    return {"Dense": {"out_dim": 3, "W_std": weights, "b_std": biases, **others}}


def relu_network(layers):
    return [dense(), *["Relu", dense()] * (layers - 1)]


GELU = [dense(1.3, 0.3), "Gelu", dense(1.4, 0.2), "Gelu", dense(1, 0.1)]
ERF = [dense(1.3, 0.3), "Erf", dense(1.4, 0.2), "Erf", dense(1, 0.1)]
RELU_WITH_BIASES = [dense(1.3, 0.1), "Relu", dense(1.4, 0.1), "Relu", dense(1, 0.1)]
RESIDUAL = [dense(1.3, 0.3), {"residual": ["Gelu", dense(1.2, 0.1)]}, "Relu", dense(1, 0.1)]
NORMED = [dense(1.3, 0.3), "LayerNorm", "Sin", dense(1.4, 0.2), "LayerNorm", "Relu", dense()]
NAMED = [dense(1.3), {"Elementwise": {"fn": "silu"}}, dense(0.9, 0.1)]

layer_of_weights = st.builds(dense, weights, biases)
block = hidden(layer_of_weights)
normed = st.builds(lambda inner: ["LayerNorm", *inner], block)
blocks = st.one_of(block, residual(block), fork(block, layer_of_weights), normed)
architecture = st.builds(
    lambda first, others: [first, *(layer for one in others for layer in one)],
    layer_of_weights,
    st.lists(blocks, min_size=1, max_size=2),
)


def rows(seed):
    return samples((FEATURES,), seed, number=8, spread=0.7)


@random_networks(100)
@given(architecture, st.integers(0, 99))
def test_random_architectures_equal_neural_tangents(layers, seed):
    assert_equal_to_neural_tangents(layers, "dense", *rows(seed))


@pytest.mark.parametrize(
    "layers",
    [
        [dense(1.3, 0.3, parameterization="standard"), "Relu", dense(1.4, 0.2)],
        [
            dense(1.3, 0.3, parameterization="standard", s=(1, 2)),
            "Erf",
            dense(1.2, parameterization="standard", s=(2, 1)),
        ],
        ["Flatten", dense(1.3, 0.3), "Identity", "Sign", dense(1.1)],
        [dense(), "Relu", {"Dropout": {"rate": 0.7, "mode": "test"}}, dense()],
    ],
)
def test_other_layers_equal_neural_tangents(layers):
    x, y, coincide = rows(3)
    expected = neural_tangents(layers, x, y)
    for get in ("ntk", "nngp"):
        kernel = NetworkKernel(layers, get)
        error = np.abs(kernel.cross(x, y) - expected[get]) / scales(kernel, x, y)
        assert error[~coincide].max() < 1e-12


def test_dropout_in_training_divides_variances_of_the_same_sample():
    """Of neural-tangents too, which tells samples apart by their places, not by their values."""
    layers = [dense(1.2, 0.1), "Relu", {"Dropout": {"rate": 0.6}}, dense(1.1), "Erf", dense()]
    x = rows(4)[0]
    expected = neural_tangents(layers, x, None)
    for get in ("ntk", "nngp"):
        kernel = NetworkKernel(layers, get)
        np.testing.assert_allclose(kernel.gram(x), expected[get], rtol=1e-7)
        np.testing.assert_allclose(kernel.diagonal(x), np.diagonal(expected[get]), rtol=1e-7)


@pytest.mark.parametrize("layers", [1, 2, 4])
def test_dense_relu_layers_are_the_named_kernels(layers):
    x, y = awkward_rows(np.random.default_rng(5))
    for get, named in (("ntk", FullyConnectedNTK(layers)), ("nngp", FullyConnectedNNGP(layers))):
        kernel = NetworkKernel(relu_network(layers), get)
        scale = scales(named, x, y)
        np.testing.assert_allclose(
            kernel.cross(x, y) / scale, named.cross(x, y) / scale, atol=2e-15
        )
        assert kernel.gram(x)[2, 5] == kernel.gram(x)[5, 2]


def test_golden_kernels():
    values = golden("fully_connected_kernels")
    x1, x2 = values["x1"], values["x2"]
    compared = 0
    for name in (name for name in values if name.startswith("stax_")):
        layers = next((int(c) for c in name if c.isdigit()), None)
        if layers is None or values[name].shape != (len(x1), len(x2)):
            continue
        kernel = NetworkKernel(relu_network(layers), "ntk" if "ntk" in name else "nngp")
        np.testing.assert_allclose(kernel.cross(x1, x2), values[name], rtol=1e-7, atol=1e-15)
        compared += 1
    assert compared


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 3e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("layers", [GELU, ERF, RELU_WITH_BIASES, RESIDUAL, NORMED])
def test_one_polynomial_stands_for_all_layers(layers, normalised, dtype, tolerance, monkeypatch):
    """With equal, opposite, scaled, very long and zero rows among the samples."""
    rng = np.random.default_rng(6)
    x = rng.standard_normal((260, 40)) + 0.5
    x *= np.sqrt(40) / np.linalg.norm(x, axis=1)[:, None]
    if not normalised:
        x *= np.exp(rng.uniform(-0.6, 0.6, (260, 1)))
        x[5], x[17] = 0, 20 * x[17]
    x[9], x[11], x[13] = 1.0001 * x[8], x[10], -x[12]
    x = x.astype(dtype)
    for get in ("ntk", "nngp"):
        kernel = NetworkKernel(layers, get)
        fast, fast_cross = kernel.gram(x), kernel.cross(x, x[::-1])
        assert fast.dtype == dtype
        assert (fast == fast.T).all()
        with monkeypatch.context() as patch:
            patch.setattr(dense_engine, "FEWEST_PAIRS", 10**9)
            exact = kernel.gram(x.astype(float))
        scale = scales(kernel, x.astype(float), x.astype(float))
        assert np.abs((fast - exact) / scale).max() < tolerance
        assert np.abs((fast_cross - exact[:, ::-1]) / scale[:, ::-1]).max() < tolerance
        np.testing.assert_allclose(np.diagonal(fast), kernel.diagonal(x), rtol=1e-6)


def test_equal_inputs_are_exactly_equal_behind_smooth_layers():
    """A gap of round-off would be an angle of 1e-8 to the ReLU, and 4e-9 of the kernel."""
    x = np.random.default_rng(9).standard_normal((3, 40))
    kernel = NetworkKernel(RESIDUAL)
    np.testing.assert_array_equal(np.diagonal(kernel.cross(x, x.copy())), kernel.diagonal(x))


def test_functions_without_closed_form_take_the_polynomial_too():
    x = np.random.default_rng(10).standard_normal((260, 40))
    x *= np.sqrt(40) / np.linalg.norm(x, axis=1)[:, None]
    kernel = NetworkKernel(NAMED)
    np.testing.assert_allclose(kernel.gram(x)[:9, :9], kernel.cross(x[:9], x[:9]), rtol=1e-11)


def test_kernels_of_normalised_inputs_are_functions_of_the_angle():
    cosines = np.linspace(-1, 1, 5)
    x = np.stack([cosines, np.sqrt(1 - cosines**2)], axis=1) * np.sqrt(2) * 1.7
    kernel = NetworkKernel(GELU)
    np.testing.assert_allclose(
        kernel.zonal(1.7)(cosines), kernel.cross(x, x[-1:])[:, 0], rtol=1e-12
    )


def test_spectra_on_the_sphere_serve_every_dense_network():
    ours = NetworkKernel(relu_network(3)).zonal().sphere_spectrum(10, 12)
    named = zonal.relu_ntk(3).sphere_spectrum(10, 12)
    np.testing.assert_allclose(ours.eigenvalues, named.eigenvalues, rtol=1e-10, atol=1e-16)
    cosines = np.linspace(-0.9, 0.9, 7)
    for layers in (GELU, ERF, RESIDUAL):
        kappa = NetworkKernel(layers).zonal(1.2)
        series = np.polynomial.polynomial.polyval(cosines, kappa.power_series(400))
        np.testing.assert_allclose(series, kappa(cosines), rtol=1e-9)
