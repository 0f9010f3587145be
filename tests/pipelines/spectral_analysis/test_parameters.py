"""Parameters of spectral_analysis on data sets of any size."""

from pathlib import Path

import pytest
import yaml

from kernel_regime.pipelines.spectral_analysis.parameters import (
    LearningCurveParameters,
    SpectralBiasParameters,
)

FILE = Path(__file__).parents[3] / "conf" / "base" / "parameters_spectral_analysis.yml"
BASE = yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("available", [20, 150, 1255, 1256, 100_000])
def test_the_study_never_asks_for_more_samples_than_there_are(available):
    given = SpectralBiasParameters.model_validate(BASE["spectral_bias_study"])
    fitted = given.fitted(available)
    assert fitted.train + fitted.reference + fitted.held_out <= available
    assert 2 <= fitted.modes <= min(fitted.train, fitted.reference)
    assert (fitted == given) == (available >= 1256)


@pytest.mark.parametrize("available", [4, 90, 500, 1000, 60_000])
def test_forecasts_and_regressions_share_the_training_set(available):
    given = LearningCurveParameters.model_validate(BASE["learning_curve_forecasts"])
    fitted = given.fitted(available)
    assert min(fitted.sizes) >= 1
    assert max(fitted.sizes) <= min(fitted.forecast_from, available - fitted.forecast_from)
    assert (fitted == given) == (available >= 1000)
