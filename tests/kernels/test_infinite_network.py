"""NetworkKernel: which engine computes what, what is refused, and what identifies a network."""

import importlib
import logging
import sys

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.kernels import (
    FullyConnectedNTK,
    NetworkKernel,
    StaxKernel,
    infinite_network,
)


def dense(weights=1.0, biases=None, **others):
    return {"Dense": {"out_dim": 3, "W_std": weights, "b_std": biases, **others}}


GELU = [dense(1.3, 0.3), "Gelu", dense(1.4, 0.2), "Gelu", dense(1, 0.1)]


ERF = [dense(1.3, 0.3), "Erf", dense(1.4, 0.2), "Erf", dense(1, 0.1)]


def test_images_are_flattened_unless_layers_would_see_pixels():
    x = np.random.default_rng(7).standard_normal((4, 3, 3))
    flat = x.reshape(4, 9)
    np.testing.assert_array_equal(NetworkKernel(GELU)(x), NetworkKernel(GELU)(flat))
    np.testing.assert_array_equal(NetworkKernel(["Flatten", *GELU])(x), NetworkKernel(GELU)(flat))
    late = NetworkKernel([dense(), "Gelu", "Flatten", dense()])
    late(flat)
    with pytest.raises(InputError, match=r"architecture\[2\]: Flatten stands behind layers"):
        late(x)


@pytest.mark.parametrize("activation", ["Relu", "Exp"])
def test_messages_name_the_kind_without_its_layers(activation):
    kernel = NetworkKernel([dense(1e15), activation, dense(1e15), activation, dense(1e15)], "nngp")
    with pytest.raises(FloatingPointError, match=r"^network \(nngp\): "):
        kernel(np.ones((2, 3), np.float32))


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
