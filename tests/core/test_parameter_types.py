"""Dataclasses as parameter types: every way to build one holds it to its annotations."""

from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import PositiveInt

from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterType, build
from kernel_regime.execution.settings import Execution
from kernel_regime.kernels import Polynomial
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.feature_machines import FeatureMachineParameters
from kernel_regime.pipelines.model_training.gaussian_processes import GaussianProcessParameters
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.model_training.ridge_parameters import RidgeParameters
from kernel_regime.pipelines.reporting.parameters import OwnFigures


@dataclass(frozen=True)
class Ranks(ParameterType):
    first: PositiveInt
    last: PositiveInt

    def __post_init__(self):
        super().__post_init__()
        if self.last < self.first:
            raise InputError(f"{self.last} comes before {self.first}")


@dataclass(frozen=True)
class Fits(ParameterType):
    count: PositiveInt
    ranks: dict[str, Ranks | None]


BUILDERS = [lambda given: Fits(**given), lambda given: build(Fits, given, "Fits")]


@pytest.mark.parametrize("make", BUILDERS)
def test_mappings_become_fields_however_deep(make):
    built = make({"count": np.int64(3), "ranks": {"low": {"first": 1, "last": 5}, "high": None}})
    assert built == Fits(3, {"low": Ranks(1, 5), "high": None})
    assert type(built.count) is int


@pytest.mark.parametrize("make", BUILDERS)
def test_all_mistakes_are_named_with_their_places(make):
    low = {"first": 1, "last": 5, "lst": 7}
    with pytest.raises(InputError) as refused:
        make({"count": 0, "ranks": {"low": low, "high": {"first": 2, "last": 1}}})
    assert str(refused.value).split("; ") == [
        "Fits.count: 0 should be greater than 0",
        "Fits.ranks.low.lst: unknown parameter",
        "did you mean 'last'?",
        "Fits.ranks.high: 1 comes before 2",
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NoiseParameters(kind="gausian", levels=[0], seed=0), r"kind: .* mean 'gaussian'"),
        (
            lambda: NoiseParameters(kind="gaussian", levels=[-1], seed=0),
            r"levels\[0\]: not a noise",
        ),
        (lambda: NoiseParameters(kind="gaussian", levels=[0], seed=-1), "seed: -1 should be"),
        (lambda: NoiseParameters(kind="gaussian", levels=[0], seed=0, tau=3), "no parameter 'tau'"),
        (lambda: NoiseParameters(), "NoiseParameters.kind: field required; "),
        (lambda: Execution(engine="spark"), r"Execution\.engine: 'spark' should be 'local' or"),
        (lambda: Execution(memory="lots"), r"Execution\.memory: 'lots' is no size"),
        (lambda: Execution(worker=3), r"Execution\.worker: unknown .* mean 'workers'"),
        (lambda: Execution(memory=True), r"Execution\.memory: True is no size"),
        (lambda: Fits(count=True, ranks={}), r"Fits\.count: True should be a valid integer"),
        (lambda: Polynomial(degree=True), r"Polynomial\.degree: True should be a valid integer"),
        (
            lambda: RidgeParameters(values=[1, True], solver="auto"),
            r"RidgeParameters\.values\[1\]: True should be a valid number, or a valid dictionary",
        ),
        (
            lambda: RidgeParameters(values=[{"from": False, "to": 1, "count": 2}], solver="auto"),
            r"RidgeParameters\.values\[0\]\.from: False should be a valid number",
        ),
        (lambda: KernelParameters({}), "KernelParameters: no kernel is left"),
        (
            lambda: KernelParameters({"k": {"kind": "polynomial", "degree": 0}}),
            r"KernelParameters\.k: polynomial\.degree: 0 should be",
        ),
        (lambda: OwnFigures({"a": {"kind": "spher"}}), r"OwnFigures\.a: .* mean 'sphere'"),
        (lambda: NetworkParameters({"a b": None}), r"NetworkParameters\.a b: string should match"),
        (
            lambda: GaussianProcessParameters({"a": {"kernel": 3}}),
            r"GaussianProcessParameters\.a\.kernel: 3 should be a valid string",
        ),
        (
            lambda: FeatureMachineParameters({"a": {"kernel": {"kind": "cubic"}}}),
            r"FeatureMachineParameters\.a\.kernel: kind 'cubic' is no kernel",
        ),
        (lambda: Execution(workers=3), "Execution: address and workers belong to the dask engine"),
    ],
)
def test_models_built_in_code_are_refused_in_one_line(call, message):
    with pytest.raises(InputError, match=message) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_models_built_in_code_take_integers_of_numpy():
    assert Execution(engine="dask", workers=np.int64(2)).workers == 2


def test_yes_and_no_are_taken_where_they_are_asked_for():
    assert Execution(overwrite=True).overwrite
