"""A perturbation of one's own is called by module and class, with parameters of its own."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pytest
from pydantic import Field

from kernel_regime.noise import PERTURBATIONS, NoiseParameters, Perturbation, Sweep, resolve_levels

KIND = f"{__name__}:Fading"


@dataclass(frozen=True)
class Fading(Perturbation):
    """Inputs that fade to grey."""

    grey: Annotated[float, Field(ge=0)] = 0.5

    level: ClassVar[str] = "share of grey"

    def apply(self, images, draws, level):
        return (1 - level) * images + level * self.grey


def noise(**more):
    return NoiseParameters(kind=KIND, levels=[{"value": 0}, {"value": 0.25}], seed=0, **more)


def test_built_in_kinds_are_declared_at_their_classes():
    kinds = {"clean", "gaussian", "high_frequency", "low_frequency", "spiked_covariates"}
    assert set(PERTURBATIONS.kinds()) == kinds
    assert all(PERTURBATIONS.find(kind).kind == kind for kind in kinds)
    assert all(PERTURBATIONS.find(kind).level_label() for kind in kinds)


def test_it_is_swept_with_its_parameters():
    samples = np.random.default_rng(0).random((6, 5))
    given = noise(grey=2.0)
    values = resolve_levels(given, samples.shape[1:])
    assert values == [0.0, 0.25]
    sweep = Sweep(given.fit(samples), samples[:4], samples[4:], given.seed)
    np.testing.assert_allclose(sweep.train(0.25), 0.75 * samples[:4] + 0.5, rtol=1e-6)
    np.testing.assert_allclose(sweep.test(0.0), samples[4:], rtol=1e-6)
    assert given.perturbation.level_label() == "share of grey"
    assert given.perturbation.kind == KIND


def test_its_parameters_are_checked():
    with pytest.raises(ValueError, match=r"has no parameter 'gray'; did you mean 'grey'\?"):
        noise(gray=1.0)
    with pytest.raises(ValueError, match=r"Fading.grey: -1 should be greater than or equal to 0"):
        noise(grey=-1)


def test_what_is_no_perturbation_is_refused():
    with pytest.raises(ValueError, match="is no perturbation: derive it from"):
        NoiseParameters(kind="fractions:Fraction", levels=[0], seed=0)
    with pytest.raises(ValueError, match="cannot be imported"):
        NoiseParameters(kind="nowhere.at_all:Fading", levels=[0], seed=0)


def test_parameters_are_written_as_they_are_read():
    given = noise(grey=2.0).model_dump()
    assert given["levels"] == [{"value": 0.0}, {"value": 0.25}]
    assert NoiseParameters(**given) == noise(grey=2.0)
    places = NoiseParameters(kind="high_frequency", levels=[0, 3], seed=0)
    assert places.model_dump()["levels"] == [0, 3]
