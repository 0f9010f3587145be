"""Kernels as they are written in YAML."""

from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import PositiveFloat, ValidationError

from kernel_regime import kernels
from kernel_regime.core.source import source_digest
from kernel_regime.kernels import Kernel
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
    ],
)
def test_every_kind_builds_its_kernel(spec, kernel):
    assert KernelParameters.model_validate({"k": spec}).build() == {"k": kernel}


def test_a_stax_kernel_is_a_list_of_layers():
    layers = [{"Dense": {"out_dim": 1}}, "Relu", {"Dense": {"out_dim": 1}}]
    spec = {"kind": "stax", "architecture": layers, "get": "nngp"}
    kernel = KernelParameters.model_validate({"k": spec}).build()["k"]
    assert kernel == kernels.StaxKernel(layers, "nngp")


def test_a_network_is_a_list_of_layers_and_a_wrong_one_is_named_by_its_place():
    dense = {"Dense": {"out_dim": 1, "b_std": 0.1}}
    layers = [dense, "Gelu", dense]
    given = {"k": {"kind": "network", "architecture": layers}}
    assert KernelParameters.model_validate(given).build()["k"] == kernels.NetworkKernel(layers)
    given["k"]["architecture"] = [dense, "Gleu", dense]
    message = r"architecture\[1\]: there is no layer 'Gleu'; did you mean 'Gelu'\?"
    with pytest.raises(ValidationError, match=message):
        KernelParameters.model_validate(given)


@dataclass(frozen=True)
class Gaussian(Kernel):
    """A kernel that a user might bring."""

    width: PositiveFloat

    def _cross(self, x1, x2):
        gaps = x1[:, None] - x2
        return np.exp(-(gaps**2).sum(axis=2) / (2 * self.width**2))


def test_a_kernel_from_outside_is_named_by_module_and_class():
    kind = f"{Gaussian.__module__}:Gaussian"
    given = {"k": {"kind": kind, "width": 2.0}}
    kernel = KernelParameters.model_validate(given).build()["k"]
    assert kernel == Gaussian(2.0)
    source = source_digest(Gaussian)
    assert kernel.identity() == {"kind": kind, "width": 2.0, "source_code": source}
    for entry, message in (
        ({"kind": kind, "width": 0}, "width: 0 should be greater than 0"),
        ({"kind": kind, "wdth": 2}, "no parameter 'wdth'; did you mean 'width'"),
        ({"kind": "no_such_package:Gaussian"}, "cannot be imported"),
        ({"kind": "fractions:Fraction"}, "no kernel: derive it from"),
        ({"kind": "kernel_regime.kernels:Kernel"}, "is a base of the family kernel: it lacks"),
    ):
        with pytest.raises(ValidationError, match=message):
            KernelParameters.model_validate({"k": entry})


def test_both_kernels_of_a_network_are_two_with_names_of_their_own():
    layers = [{"Dense": {"out_dim": 1}}]
    given = {"linear": {"kind": "network", "architecture": layers, "get": ["ntk", "nngp"]}}
    parameters = KernelParameters.model_validate(given)
    assert parameters.names == ["linear_ntk", "linear_nngp"]
    assert parameters.build()["linear_nngp"] == kernels.NetworkKernel(layers, "nngp")
    assert [parameters.knows(name) for name in ("linear", "linear_ntk")] == [False, True]


def test_null_drops_a_kernel():
    given = {"a": {"kind": "two_layer_ntk"}, "b": None}
    parameters = KernelParameters.model_validate(given)
    assert parameters.names == ["a"]
    assert list(parameters.build()) == ["a"]


LINEAR = {"kind": "network", "architecture": [{"Dense": {"out_dim": 1}}]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": {"kind": "fully_conected_ntk", "layers": 3}}, "did you mean 'fully_connected_ntk'"),
        ({"a": {"kind": "rbf"}}, "give one of fully_connected_nngp, fully_connected_ntk, gaussian"),
        ({"a": {"layers": 3}}, "a kernel needs a kind; give one of fully_connected_nngp"),
        ({"a": {"kind": "polynomial", "degre": 2}}, "no parameter 'degre'; did you mean 'degree'"),
        ({"a": {"kind": "fully_connected_ntk", "layers": 0}}, "greater than 0"),
        ({"a": {"kind": "polynomial", "degree": 2, "intercept": -1}}, "greater than or equal to 0"),
        ({"a": {"kind": "myrtle_ntk", "depth": 6}}, "5, 7 or 10"),
        ({"a": {"kind": "two_layer_ntk", "device": "gpu"}}, "no parameter 'device'; remove it"),
        ({"a": {"kind": "stax", "architecture": ["Rellu"]}}, "has no layer 'Rellu'"),
        ({"a": {**LINEAR, "get": ["ntk", "ntk"]}}, r"get: \['ntk', 'ntk'\] names no kernel, or"),
        ({"a": {**LINEAR, "get": []}}, r"get: \[\] names no kernel, or one twice; give \[ntk"),
        ({"a": {**LINEAR, "get": ["ntk", "nngpp"]}}, "get: 'nngpp' should be 'ntk' or 'nngp'"),
        ({"a": {"kind": "myrtle_ntk", "get": ["ntk", "nngp"]}}, "has no parameter 'get'"),
        (
            {"a": {**LINEAR, "get": ["ntk"]}, "a_ntk": LINEAR},
            "a_ntk and a are both called a_ntk; rename one",
        ),
        ({"a/b": {"kind": "two_layer_ntk"}}, "pattern"),
        ({"a": None}, "no kernel is left"),
        ({}, "no kernel is left"),
        ({"a": "polynomial"}, "dictionary"),
    ],
)
def test_mistakes_are_named_with_the_remedy(given, message):
    with pytest.raises(ValidationError, match=message):
        KernelParameters.model_validate(given)
