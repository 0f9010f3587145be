"""Wrong data and noise parameters end in one line that names key, value and remedy."""

import pytest

from kernel_regime.core.parameters import mistakes
from kernel_regime.noise.levels import NoiseParameters, resolve_levels
from kernel_regime.pipelines.data_processing.parameters import DataParameters


def noise(kind="high_frequency", levels=(0,), **more):
    return {"kind": kind, "levels": list(levels), "seed": 0, **more}


def resolve(kind, levels, shape):
    return resolve_levels(NoiseParameters(**noise(kind, levels)), shape)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (noise(levels=[]), "noise.levels: [] must not be empty; give at least 1 item"),
        (noise(levels=[{"value": -1}]), "noise.levels[0]: not a noise level: {'value': -1}"),
        (noise(levels=[0, -1]), "noise.levels[1]: not a noise level: -1"),
        (noise(levels=[0, 0.5]), "noise.levels[1]: not a noise level: 0.5; give its place"),
        (noise(levels=[True]), "noise.levels[0]: not a noise level: True"),
        (noise(levels=["1"]), "noise.levels[0]: not a noise level: '1'"),
        (
            noise(levels=[{"value": float("nan")}]),
            "noise.levels[0]: not a noise level: {'value': nan}",
        ),
        (noise(levels=[{"valeu": 1}]), "noise.levels[0]: not a noise level: {'valeu': 1}"),
        (noise(levels=[{"value": True}]), "noise.levels[0]: not a noise level: {'value': True}"),
        (
            noise(kind="hgih_frequency"),
            "noise.kind: kind 'hgih_frequency' is no perturbation; did you mean 'high_frequency'?",
        ),
        (noise(seed=-1), "noise.seed: -1 should be greater than or equal to 0"),
        (noise(sed=1), "noise: high_frequency has no parameter 'sed'; did you mean 'seed'?"),
    ],
)
def test_wrong_noise_parameters(given, line):
    (message,) = mistakes(NoiseParameters, given, "noise")
    assert message.startswith(line)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"n_train": 0}, "data.n_train: 0 should be greater than 0"),
        ({"n_train": -5}, "data.n_train: -5 should be greater than 0"),
        ({"n_test": 2.5}, "data.n_test: 2.5 should be a valid integer"),
        ({"n_trian": 5}, "data.n_trian: unknown parameter; did you mean 'n_train'?"),
    ],
)
def test_wrong_data_parameters(given, line):
    (message,) = mistakes(DataParameters, {"n_train": 5, "n_test": 5, "seed": 0, **given}, "data")
    assert message.startswith(line)
    assert "\n" not in message


def test_levels_are_places_in_the_grid_or_values():
    assert resolve("high_frequency", [0, 7, {"value": 2}], (28, 28)) == [0.0, 1.5, 2.0]
    assert resolve("low_frequency", [0, 13], (28, 28)) == [1.0, 27.0]
    assert resolve("low_frequency", [1, {"value": 32}], (32, 32, 3)) == [4.0, 32.0]
    assert resolve("spiked_covariates", [5], (1024,)) == [0.5]
    assert resolve("clean", [0], (8, 8)) == [0.0]


@pytest.mark.parametrize(
    ("kind", "levels", "shape", "message"),
    [
        (
            "low_frequency",
            [0, 1, 2, 14],
            (28, 28),
            "noise.levels[3]: index 14 is out of range for low_frequency on 28×28 images (0–13); "
            "give a cut-off instead: {value: 27}",
        ),
        (
            "high_frequency",
            [15],
            (32, 32),
            "noise.levels[0]: index 15 is out of range for high_frequency on 32×32 images (0–14); "
            "give a noise-to-signal ratio instead: {value: 3}",
        ),
        (
            "low_frequency",
            [0],
            (8, 8, 3),
            "noise.levels[0]: index 0 is out of range for low_frequency on 8×8×3 images (no grid "
            "was published); give a cut-off instead: {value: 1}",
        ),
        (
            "low_frequency",
            [{"value": 29}],
            (28, 28),
            "noise.levels[0]: cut-off 29 is not a whole number from 0 to the image side 28; "
            "give another value",
        ),
        (
            "clean",
            [{"value": 1}],
            (8, 8),
            "noise.levels[0]: clean inputs have the level 0 only, got 1; give another value",
        ),
        (
            "high_frequency",
            [7, {"value": 1.5}],
            (28, 28),
            "noise.levels[1]: 1.5 is what noise.levels[0] means, too; name every level once",
        ),
        (
            "high_frequency",
            [0],
            (32, 32, 3),
            "noise.kind: high_frequency needs square grey images, the data set has 32×32×3 images",
        ),
        (
            "spiked_covariates",
            [0],
            (28, 28),
            "noise.kind: spiked_covariates needs vectors of at least 32 features, the data set has "
            "28×28 images",
        ),
        (
            "low_frequency",
            [0],
            (1024,),
            "noise.kind: low_frequency needs square images, grey or colour, the data set has "
            "vectors of 1024 features",
        ),
    ],
)
def test_levels_that_the_images_do_not_allow(kind, levels, shape, message):
    with pytest.raises(ValueError) as refusal:
        resolve(kind, levels, shape)
    assert str(refusal.value) == message
