"""Architectures of neural-tangents through StaxKernel."""

import importlib
import pickle
import sys

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import limited_memory
from kernel_regime.kernels.dense.fully_connected_kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
)
from kernel_regime.kernels.stax import StaxKernel

DENSE = [
    {"Dense": {"out_dim": 1}},
    "Relu",
    {"Dense": {"out_dim": 1}},
    "Relu",
    {"Dense": {"out_dim": 1}},
]
CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
RESIDUAL = [
    CONVOLUTION,
    {"FanOut": {"num": 2}},
    {"parallel": [{"serial": ["Relu", CONVOLUTION]}, "Identity"]},
    "FanInSum",
    "Flatten",
    {"Dense": {"out_dim": 1}},
]


@pytest.fixture
def importable(tmp_path, monkeypatch):
    """A module `my_network` on the path, with the function `dense`."""
    text = (
        "from neural_tangents import stax\n"
        "def dense():\n"
        "    return stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))\n"
    )
    (tmp_path / "my_network.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_network", raising=False)
    return tmp_path / "my_network.py"


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-7), (np.float32, 1e-3)])
def test_dense_layers_give_the_fully_connected_kernels(dtype, tolerance):
    """Equal rows: neural-tangents loses half the digits of the angle there, 1e-8 and 3e-4."""
    x = np.random.default_rng(0).standard_normal((13, 6)).astype(dtype)
    for get, kernel in (("ntk", FullyConnectedNTK(3)), ("nngp", FullyConnectedNNGP(3))):
        ours = StaxKernel(DENSE, get=get)
        values = ours(x)
        assert values.dtype == dtype
        assert (values == values.T).all()
        np.testing.assert_allclose(values, kernel(x), rtol=tolerance)
        np.testing.assert_allclose(ours(x[:5], x), kernel(x[:5], x), rtol=tolerance)
        np.testing.assert_allclose(ours.diagonal(x), kernel.diagonal(x), rtol=tolerance)


def test_images_in_batches_equal_one_call_of_neural_tangents():
    kernel = StaxKernel(RESIDUAL)
    x = np.random.default_rng(1).standard_normal((5, 6, 6, 2))
    whole = kernel(x)
    with limited_memory(4 * 8 * 8 * 36**2 * 4):  # two images a call
        np.testing.assert_allclose(kernel(x), whole, rtol=1e-12)
        np.testing.assert_allclose(kernel(x[:3], x), whole[:3], rtol=1e-7)
        np.testing.assert_allclose(kernel.diagonal(x), np.diagonal(whole), rtol=1e-7)


def test_grey_images_get_a_channel():
    x = np.random.default_rng(2).standard_normal((4, 6, 6))
    kernel = StaxKernel(RESIDUAL)
    np.testing.assert_array_equal(kernel(x), kernel(x[..., None]))


def test_importable_function(importable):
    x = np.random.default_rng(3).standard_normal((4, 5))
    kernel = StaxKernel("my_network:dense")
    np.testing.assert_allclose(kernel(x), FullyConnectedNTK(2)(x), rtol=1e-7)
    before = kernel.identity()["source"]
    importable.write_text(importable.read_text() + "# changed\n")
    assert StaxKernel("my_network:dense").identity()["source"] != before
    assert kernel.identity()["source"] == before


@pytest.mark.parametrize("reload", [True, False])
def test_a_changed_module_has_new_values_under_its_new_source(importable, reload):
    x = np.random.default_rng(4).standard_normal((4, 5))
    before, old = StaxKernel("my_network:dense"), FullyConnectedNTK(2)(x)
    np.testing.assert_allclose(before(x), old, rtol=1e-7)
    importable.write_text(importable.read_text().replace("Relu", "Erf"))
    if reload:
        importlib.invalidate_caches()
        importlib.reload(sys.modules["my_network"])
    after = StaxKernel("my_network:dense")
    layers = [{"Dense": {"out_dim": 1}}, "Erf", {"Dense": {"out_dim": 1}}]
    np.testing.assert_allclose(after(x), StaxKernel(layers)(x), rtol=1e-12)
    np.testing.assert_allclose(before(x[:2], x), old[:2], rtol=1e-7)
    assert after != before
    assert after.identity() != before.identity()


def test_a_helper_that_was_edited_after_its_import_is_refused(importable):
    helper = importable.with_name("helper_of_my_network.py")
    helper.write_text("from neural_tangents import stax\ndef layer():\n    return stax.Relu()\n")
    importable.write_text(
        "from helper_of_my_network import layer\nfrom neural_tangents import stax\n"
        "def dense(): return stax.serial(stax.Dense(1), layer(), stax.Dense(1))\n"
    )
    StaxKernel("my_network:dense")
    helper.write_text(helper.read_text().replace("Relu", "Erf"))
    with pytest.raises(InputError, match=r"helper_of_my_network: .* was edited after"):
        StaxKernel("my_network:dense")


def test_a_worker_with_another_version_of_the_module_is_refused(importable):
    sent = pickle.dumps(StaxKernel("my_network:dense"))
    assert pickle.loads(sent) == StaxKernel("my_network:dense")
    importable.write_text(importable.read_text().replace("Relu", "Erf"))
    with pytest.raises(ValueError, match="bring all machines to one version"):
        pickle.loads(sent)


def test_identity_is_content():
    assert StaxKernel(list(DENSE)).identity() == StaxKernel(tuple(DENSE)).identity()
    assert StaxKernel(DENSE).identity() != StaxKernel(DENSE, get="nngp").identity()
    assert StaxKernel(DENSE).identity() != StaxKernel(DENSE[:1]).identity()


@pytest.mark.parametrize(
    "architecture, message",
    [
        (["Rellu"], r"architecture\[0\]: neural_tangents.stax has no layer 'Rellu'; it has .*Relu"),
        (["Flatten", {"Dense": {"width": 3}}], r"architecture\[1\]: Dense does not take .*out_dim"),
        ([{"Monomial": {"degree": 9}}], r"architecture\[0\]: Monomial does not take .*between"),
        (
            [{"Dense": {"out_dim": 1, "W_std": 1e300}}],
            r"architecture\[0\]: Dense.W_std: 1e\+300; give one between -1e\+15 and 1e\+15",
        ),
        ([{"serial": ["Dense"]}], r"architecture\[0\]\[0\]: Dense does not take {}.*'out_dim'"),
        ([{"serial": []}], r"architecture\[0\]: serial holds \[\]; give it layers"),
        ([], r"architecture: serial holds \[\]"),
        ([3], r"architecture\[0\]: 3 is no layer; write a name"),
        ([{"Relu": {}, "Erf": {}}], r"architecture\[0\]: .* is no layer"),
        (
            "no_such_module:f",
            r"'no_such_module:f' cannot be imported .*give package.module:function",
        ),
        ("numpy", r"'numpy' is neither a list of layers nor package.module:function"),
        ("math:sqrt", r"'math:sqrt' cannot be imported \(it is not written in Python\)"),
        ("json:dumps", r"'json:dumps' is no function that needs no arguments and returns"),
        ("platform:node", r"'platform:node' is no function that needs no arguments and returns"),
    ],
)
def test_wrong_architectures_are_refused(architecture, message):
    with pytest.raises(ValueError, match=message):
        StaxKernel(architecture)


def test_messages_name_the_kind_without_its_layers():
    assert str(StaxKernel(["Flatten", {"Dense": {"out_dim": 1}}])) == "stax (ntk)"


def test_wrong_kernel_name_and_left_over_pixels_are_refused():
    with pytest.raises(ValueError, match=r"StaxKernel.get: 'ntkk' should be 'ntk' or 'nngp'"):
        StaxKernel(DENSE, get="ntkk")
    with pytest.raises(ValueError, match=r"shape \(4, 4, 4, 4\), not one number; end"):
        StaxKernel([CONVOLUTION])(np.ones((2, 4, 4, 1)))
