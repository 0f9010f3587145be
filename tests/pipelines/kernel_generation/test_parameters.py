"""Kernels as they are written in YAML."""

import pytest
from pydantic import ValidationError

from kernel_regime import kernels
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters


@pytest.mark.parametrize(
    ("spec", "kernel"),
    [
        ({"kind": "fully_connected_ntk", "layers": 3}, kernels.FullyConnectedNTK(3)),
        ({"kind": "fully_connected_nngp", "layers": 8}, kernels.FullyConnectedNNGP(8)),
        ({"kind": "two_layer_ntk"}, kernels.TwoLayerNTK()),
        ({"kind": "two_layer_nngp"}, kernels.TwoLayerNNGP()),
        ({"kind": "polynomial", "degree": 2}, kernels.Polynomial(2, 1.0)),
        ({"kind": "random_features", "width": 64, "seed": 3}, kernels.RandomFeatures(64, 3)),
        ({"kind": "myrtle_ntk"}, kernels.MyrtleNTK(5)),
        ({"kind": "myrtle_nngp", "depth": 10}, kernels.MyrtleNNGP(10)),
        ({"kind": "myrtle_ntk", "device": "gpu"}, kernels.MyrtleNTK(5, "gpu")),
        (
            {"kind": "fully_connected_ntk", "layers": 3, "device": "gpu"},
            kernels.FullyConnectedNTK(3, "gpu"),
        ),
        (
            {"kind": "fully_connected_nngp", "layers": 3, "device": "gpu"},
            kernels.FullyConnectedNNGP(3, "gpu"),
        ),
        ({"kind": "two_layer_ntk", "device": "gpu"}, kernels.TwoLayerNTK("gpu")),
        ({"kind": "two_layer_nngp", "device": "gpu"}, kernels.TwoLayerNNGP("gpu")),
        (
            {"kind": "polynomial", "degree": 2, "device": "gpu"},
            kernels.Polynomial(2, 1.0, "gpu"),
        ),
        (
            {"kind": "random_features", "width": 64, "device": "gpu"},
            kernels.RandomFeatures(64, 0, "gpu"),
        ),
    ],
)
def test_every_kind_builds_its_kernel(spec, kernel):
    assert KernelParameters.model_validate({"k": spec}).build() == {"k": kernel}


def test_a_stax_kernel_is_a_list_of_layers():
    layers = [{"Dense": {"out_dim": 1}}, "Relu", {"Dense": {"out_dim": 1}}]
    spec = {"kind": "stax", "architecture": layers, "get": "nngp"}
    kernel = KernelParameters.model_validate({"k": spec}).build()["k"]
    assert kernel == kernels.StaxKernel(layers, "nngp")


def test_null_drops_a_kernel():
    given = {"a": {"kind": "two_layer_ntk"}, "b": None}
    parameters = KernelParameters.model_validate(given)
    assert parameters.names == ["a"]
    assert list(parameters.build()) == ["a"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": {"kind": "fully_conected_ntk", "layers": 3}}, "did you mean 'fully_connected_ntk'"),
        ({"a": {"kind": "rbf"}}, "give one of fully_connected_nngp, fully_connected_ntk, myrtle"),
        ({"a": {"layers": 3}}, "kind None is no kernel"),
        ({"a": {"kind": "polynomial", "degre": 2}}, "no parameter 'degre'; did you mean 'degree'"),
        ({"a": {"kind": "fully_connected_ntk", "layers": 0}}, "greater than 0"),
        ({"a": {"kind": "polynomial", "degree": 2, "intercept": -1}}, "greater than or equal to 0"),
        ({"a": {"kind": "myrtle_ntk", "depth": 6}}, "5, 7 or 10"),
        ({"a": {"kind": "two_layer_ntk", "device": "tpu"}}, "'cpu' or 'gpu'"),
        ({"a": {"kind": "stax", "architecture": ["Rellu"]}}, "has no layer 'Rellu'"),
        ({"a/b": {"kind": "two_layer_ntk"}}, "pattern"),
        ({"a": None}, "no kernel is left"),
        ({}, "no kernel is left"),
        ({"a": "polynomial"}, "dictionary"),
    ],
)
def test_mistakes_are_named_with_the_remedy(given, message):
    with pytest.raises(ValidationError, match=message):
        KernelParameters.model_validate(given)
