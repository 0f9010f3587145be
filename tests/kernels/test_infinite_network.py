"""NetworkKernel: against neural-tangents, the named kernels, goldens, and itself."""

import importlib
import logging
import sys
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kernel_regime.core.errors import InputError
from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    NetworkKernel,
    StaxKernel,
    infinite_network,
)
from kernel_regime.kernels.dense import dense_engine, zonal
from tests.beside import golden
from tests.kernels.oracles import awkward_rows

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

weights = st.floats(0.5, 1.6)
layer_of_weights = st.builds(dense, weights, st.none() | st.floats(0.05, 0.5))
activation = st.sampled_from(
    [
        *("Relu", "Abs", "Erf", "Gelu", "Sigmoid_like", "Gabor", "ExpNormalized"),
        {"LeakyRelu": {"alpha": 0.2}},
        {"ABRelu": {"a": -0.5, "b": 1.3}},
        {"Sin": {"a": 1.2, "b": 0.8, "c": 0.3}},
        {"Cos": {"a": 1.2, "b": 0.8, "c": 0.3}},
        {"Rbf": {"gamma": 0.4}},
        {"Gaussian": {"a": 1.1, "b": -0.6}},
        {"Exp": {"a": 0.5, "b": 0.3}},
        {"Monomial": {"degree": 2}},
        {"Polynomial": {"coef": [0.1, 1.0, 0.3]}},
    ]
)
hidden = st.builds(lambda one, two: [one, two], activation, layer_of_weights)
branch = st.builds(lambda inner: [{"residual": inner}], hidden)
fan = st.builds(
    lambda one, two: [
        {"FanOut": {"num": 2}},
        {"parallel": [{"serial": one}, two]},
        "FanInSum",
    ],
    hidden,
    layer_of_weights,
)
normed = st.builds(lambda inner: ["LayerNorm", *inner], hidden)
block = st.one_of(hidden, branch, fan, normed)
architecture = st.builds(
    lambda first, blocks: [first, *(layer for one in blocks for layer in one)],
    layer_of_weights,
    st.lists(block, min_size=1, max_size=2),
)


def neural_tangents(layers, x1, x2):
    """NTK and NNGP in float64, by the library itself and not compiled."""
    from jax.experimental import enable_x64

    with enable_x64(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from neural_tangents import stax

        def build(given):
            name, arguments = (given, {}) if isinstance(given, str) else next(iter(given.items()))
            if name in ("serial", "parallel"):
                return getattr(stax, name)(*map(build, arguments))
            if name == "residual":
                inner = {"parallel": [{"serial": arguments}, "Identity"]}
                return build({"serial": [{"FanOut": {"num": 2}}, inner, "FanInSum"]})
            return getattr(stax, name)(**arguments)

        kernels = build({"serial": layers})[2](x1, x2, ("ntk", "nngp"))
        return {"ntk": np.asarray(kernels.ntk), "nngp": np.asarray(kernels.nngp)}


def scales(kernel, x1, x2):
    bound = np.sqrt(np.outer(kernel.diagonal(x1), kernel.diagonal(x2)))
    return np.where(bound == 0, 1, bound)


def rows(seed):
    """Ordinary rows of any length, then some equal, opposite and scaled; a constant and a zero."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((8, FEATURES)) * np.exp(rng.normal(0, 0.7, (8, 1)))
    others = rng.standard_normal((3, FEATURES))
    y = np.concatenate([others, x[:1], -x[1:2], 3 * x[2:3], np.ones((1, FEATURES)), 0 * x[:1]])
    coincide = np.zeros((8, 8), bool)
    coincide[[0, 1, 2], [3, 4, 5]] = True
    return x, y, coincide


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(architecture, st.integers(0, 99))
def test_random_architectures_equal_neural_tangents(layers, seed):
    """Exact but where inputs coincide: there neural-tangents loses half the digits of an angle.

    Its polynomials divide zero by zero for a zero row: a column of NaN.
    """
    x, y, coincide = rows(seed)
    expected = neural_tangents(layers, x, y)
    for get in ("ntk", "nngp"):
        kernel = NetworkKernel(layers, get)
        assert kernel.engine == "dense"
        values = kernel.cross(x, y)
        assert np.isfinite(values).all()
        assert np.isfinite(expected[get][:, :-1]).all()
        given = np.where(np.isnan(expected[get]), values, expected[get])
        error = np.abs(values - given) / scales(kernel, x, y)
        assert error[~coincide].max() < 1e-10
        assert error[coincide].max() < 1e-7


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


def test_images_are_flattened_unless_layers_would_see_pixels():
    x = np.random.default_rng(7).standard_normal((4, 3, 3))
    flat = x.reshape(4, 9)
    np.testing.assert_array_equal(NetworkKernel(GELU)(x), NetworkKernel(GELU)(flat))
    np.testing.assert_array_equal(NetworkKernel(["Flatten", *GELU])(x), NetworkKernel(GELU)(flat))
    late = NetworkKernel([dense(), "Gelu", "Flatten", dense()])
    late(flat)
    with pytest.raises(InputError, match=r"architecture\[2\]: Flatten stands behind layers"):
        late(x)


CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
STRIDED = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "strides": [2, 2]}}


def test_the_rest_goes_to_neural_tangents_and_the_log_says_why(caplog):
    layers = [CONVOLUTION, {"residual": ["Relu", CONVOLUTION]}, STRIDED, "Flatten", dense()]
    infinite_network._say_once.cache_clear()
    with caplog.at_level(logging.INFO):
        kernel = NetworkKernel(layers)
        NetworkKernel(layers)
    assert kernel.engine == "stax"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("architecture[2]: Conv is computed by neural-tangents")
    x = np.random.default_rng(8).standard_normal((3, 5, 5, 2))
    words = infinite_network.in_stax_words(layers)
    np.testing.assert_array_equal(kernel(x), StaxKernel(words)(x))
    np.testing.assert_allclose(kernel.diagonal(x), np.diagonal(kernel(x)), rtol=1e-7)


def test_without_neural_tangents_the_layer_that_needs_it_is_refused(monkeypatch):
    monkeypatch.setattr(infinite_network, "find_spec", lambda name: None)
    assert NetworkKernel(GELU).engine == "dense"
    assert NetworkKernel([CONVOLUTION, "Flatten", dense()]).engine == "convolutional"
    with pytest.raises(InputError, match=r"architecture\[0\]: Conv is computed by neural-tangents"):
        NetworkKernel([STRIDED, "Flatten", dense()])


def test_what_no_engine_computes_together_is_refused():
    layers = [STRIDED, {"Elementwise": {"fn": "tanh"}}, "Flatten", dense()]
    with pytest.raises(InputError, match=r"architecture\[1\]: Elementwise is computed without"):
        NetworkKernel(layers)
    with pytest.raises(InputError, match="ntkk"):
        NetworkKernel(GELU, "ntkk")


def test_a_function_read_again_is_another_kernel(tmp_path, monkeypatch):
    """Values and identity are those of the function that the kernel was made with."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = tmp_path / "activation_of_a_user.py"
    module.write_text("def bend(x):\n    return x * x\n")
    layers = [dense(), {"Elementwise": {"fn": "activation_of_a_user:bend"}}, dense()]
    x = np.random.default_rng(11).standard_normal((260, 5))
    x *= np.sqrt(5) / np.linalg.norm(x, axis=1)[:, None]
    first = NetworkKernel(layers)
    before, identity = first.gram(x), first.identity()
    module.write_text("def bend(x):\n    return x * x * x\n")
    importlib.invalidate_caches()
    importlib.reload(sys.modules["activation_of_a_user"])
    second = NetworkKernel(layers)
    cubic = NetworkKernel([dense(), {"Monomial": {"degree": 3}}, dense()])
    np.testing.assert_allclose(second.gram(x), cubic.gram(x), rtol=1e-9, atol=1e-12)
    assert second.identity() != identity == first.identity()
    np.testing.assert_array_equal(first.gram(x), before)


def test_a_function_that_builds_the_network_is_called_by_neural_tangents(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "network_of_a_user.py").write_text(
        "from neural_tangents import stax\n"
        "def build():\n"
        "    return stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))\n"
    )
    kernel = NetworkKernel("network_of_a_user:build")
    assert kernel.engine == "stax"
    assert kernel.identity()["source"] == StaxKernel("network_of_a_user:build").source
    x = np.random.default_rng(12).standard_normal((4, 5))
    np.testing.assert_allclose(kernel(x), FullyConnectedNTK(2)(x), rtol=1e-7)
    with pytest.raises(InputError, match="cannot be imported"):
        NetworkKernel("no_such_module:build")


def test_identity_is_content():
    first, second = NetworkKernel(GELU), NetworkKernel(tuple(GELU))
    assert first.identity() == second.identity()
    assert first.identity()["kind"] == "network"
    assert NetworkKernel(GELU, "nngp").identity() != first.identity()
    assert NetworkKernel(ERF).identity() != first.identity()
