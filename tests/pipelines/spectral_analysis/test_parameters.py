"""Parameters of spectral_analysis: the shipped ones, on data sets of any size, and mistakes."""

from pathlib import Path

import pytest
import yaml

from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.analysis.spectral_bias import SpectralBiasStudy
from kernel_regime.analysis.spectrum.initialisations import ShallowAtRandom
from kernel_regime.core.parameters import build
from kernel_regime.pipelines.spectral_analysis.laziness_nodes import LazinessParameters
from kernel_regime.pipelines.spectral_analysis.parameters import (
    LimitParameters,
    RegimeParameters,
    SpectrumParameters,
)

FILE = Path(__file__).parents[3] / "conf" / "base" / "parameters_spectral_analysis.yml"
MORE = ("spectral_analysis_regime", "spectral_analysis_laziness")
BASE = yaml.safe_load(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("available", [20, 150, 1255, 1256, 100_000])
def test_the_study_never_asks_for_more_samples_than_there_are(available):
    given = SpectralBiasStudy(**BASE["spectral_bias_study"])
    fitted = given.within(available)
    assert fitted.train + fitted.reference + fitted.held_out <= available
    assert 2 <= fitted.modes <= min(fitted.train, fitted.reference)
    assert (fitted == given) == (available >= 1256)


@pytest.mark.parametrize("available", [4, 90, 500, 1000, 60_000])
def test_forecasts_and_regressions_share_the_training_set(available):
    given = LearningCurveSettings(**BASE["learning_curve_forecasts"])
    fitted = given.within(available)
    assert min(fitted.sizes) >= 1
    assert max(fitted.sizes) <= available - fitted.forecast_from
    assert (fitted == given) == (available >= 800)


def test_an_environment_drops_what_base_lists_with_null():
    given = BASE["spectrum"] | {
        "initialisations": {"fresh": {"kind": "shallow", "runs": 1, "samples": 9}, "old": None}
    }
    spectrum = SpectrumParameters(**given)
    assert spectrum.fresh_networks() == {"fresh": ShallowAtRandom(runs=1, samples=9)}
    assert spectrum.power_law.last == BASE["spectrum"]["power_law"]["last"]
    study = SpectralBiasStudy(
        **BASE["spectral_bias_study"]
        | {"architectures": {"fully_connected": None, "residual": {"widths": [8, 4]}}}
    )
    assert study.widths() == {"residual": [4, 8]}
    with pytest.raises(ValueError, match="none is left"):
        SpectralBiasStudy(**BASE["spectral_bias_study"] | {"architectures": {"residual": None}})


@pytest.mark.parametrize(
    ("parameter", "key", "value", "message"),
    [
        ("spectrum", "power_law", {"first": 5, "last": 9}, "spectrum.power_law: 5–9 holds fewer"),
        ("spectrum", "power_law", {"first": 5, "lst": 90}, "spectrum.power_law.lst: unknown"),
        (
            *("spectrum", "initialisations", {"a": {"kind": "lenet", "runs": 1, "samples": 1}}),
            "spectrum.initialisations.a: kind 'lenet' is no .* did you mean 'lenet5'",
        ),
        ("limits", "sphere", {"dimension": 2}, "limits.sphere.dimension: 2 should be greater"),
        ("regime_verdict", "kernel_below", 0.5, r"kernel_below \(0.5\) must not exceed"),
        ("spectral_bias_study", "step", 2, "spectral_bias_study.step: 2 should be less"),
        ("spectral_bias_study", "modes", 600, "600 need as many reference and training samples"),
        ("learning_curve_forecasts", "sizes", [], "sizes: .* at least 1 item"),
        ("learning_curve_forecasts", "sizes", [50, 50], "sizes: 50 is listed twice"),
        ("learning_curve_forecasts", "ridges", [1, 0.1, 1.0], "ridges: 1.0 is listed twice"),
        (
            *("spectral_bias_study", "architectures", {"residual": {"widths": [8, 8]}}),
            "residual.widths: 8 is listed twice",
        ),
        (
            *("limits", "infinite_width", {"widths": [16], "runs": 1, "samples": 9}),
            r"limits.infinite_width.widths: \[16\] is too short; give at least 2 items",
        ),
        (
            *("limits", "infinite_width", {"widths": [16, 16], "runs": 1, "samples": 9}),
            "limits.infinite_width.widths: 16 is listed twice",
        ),
        ("laziness", "widths", [64, 64], "laziness.widths: 64 is listed twice"),
        ("laziness", "alphas", [1, 1], "laziness.alphas: 1.0 is listed twice"),
        ("laziness", "alphas", [1e300], r"laziness.alphas\[0\]: 1e\+300 should be less than"),
        ("laziness", "alphas", [1e-300], r"laziness.alphas\[0\]: 1e-300 is too small for single"),
    ],
)
def test_mistakes_are_refused_with_their_place(parameter, key, value, message):
    files = [FILE.with_name(f"parameters_{name}.yml") for name in MORE]
    base = BASE | {k: v for f in files for k, v in yaml.safe_load(f.read_text("utf-8")).items()}
    given = base[parameter]
    kind = {
        "spectrum": SpectrumParameters,
        "limits": LimitParameters,
        "regime_verdict": RegimeParameters,
        "spectral_bias_study": SpectralBiasStudy,
        "learning_curve_forecasts": LearningCurveSettings,
        "laziness": LazinessParameters,
    }[parameter]
    build(kind, given, parameter)
    with pytest.raises(ValueError, match=message):
        build(kind, given | {key: value}, parameter)
