"""Feature machines of a run: which samples they see, which iteration stands, what is compared."""

import numpy as np
import pytest

from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.model_training.feature_machines import (
    DIAGONALS,
    SCORES,
    FeatureMachineParameters,
    fit_feature_machines,
)
from kernel_regime.pipelines.model_training.network_parameters import TrainingParameters
from tests.pipelines.model_training.test_kernel_regression import (
    LEVELS,
    Experiment,
    network_scores,
)

NOISE = NoiseParameters(kind="high_frequency", levels=[0], seed=0)
GIVEN = {"rfm": {"kernel": {"kind": "laplace"}, "iterations": 2}, "dropped": None}


def fitted(folder, given=GIVEN, validation=0.2, images=None):
    experiment = Experiment()
    images = images or experiment.images
    return fit_feature_machines(
        *(images, images, experiment.labels, experiment.test_labels, LEVELS, folder),
        FeatureMachineParameters.model_validate(given),
        TrainingParameters.model_construct(validation=validation),
        NOISE,
    )


def test_a_row_per_iteration_and_the_validation_samples_pick_one(tmp_path):
    scores, errors, diagonals = fitted(tmp_path)
    assert list(scores.columns) == SCORES and list(diagonals.columns) == DIAGONALS
    for level in LEVELS["level"]:
        rows = scores[scores["level"] == level]
        assert rows["iteration"].tolist() == [0, 1, 2]
        assert rows["selected"].idxmax() == rows["validation_loss"].idxmin()
        chosen = rows[rows["selected"]].iloc[0]
        squared, hits = errors[f"{level}/rfm"]
        assert chosen["test_loss"] == pytest.approx(squared.mean(), rel=1e-5)
        assert chosen["test_accuracy"] == pytest.approx(hits.mean(), rel=1e-5)
        weights = diagonals[diagonals["level"] == level]
        assert weights["column"].tolist() == [0, 1, 2, 3]
    assert rows["overlap_before"].isna().tolist() == [True, True, False]


def test_without_validation_samples_the_last_iteration_stands(tmp_path):
    scores, _, _ = fitted(tmp_path, validation=0.0)
    assert scores.loc[scores["selected"], "iteration"].tolist() == [2, 2]
    assert scores["validation_loss"].isna().all()


def test_an_image_of_the_metric_sums_its_colours(tmp_path):
    rng = np.random.default_rng(0)
    images = {level: lambda: rng.standard_normal((60, 3, 2, 2)) for level in LEVELS["level"]}
    _, _, diagonals = fitted(tmp_path, images=images)
    pixels = diagonals[diagonals["level"] == "level_0"]
    assert list(zip(pixels["row"], pixels["column"], strict=True)) == [
        (row, column) for row in range(3) for column in range(2)
    ]


def test_a_machine_enters_the_comparison_at_its_selected_iteration(tmp_path):
    scores, errors, _ = fitted(tmp_path)
    experiment = Experiment()
    experiment.machines = scores, {name: lambda e=e: e for name, e in errors.items()}
    curves, diagram = experiment.phase(network_scores())
    own = curves[curves["method"] == "rfm"]
    assert set(own["family"]) == {"feature machine"}
    chosen = scores[scores["selected"]]
    np.testing.assert_allclose(own["score"], chosen["test_accuracy"])
    assert (own["score_low"] <= own["score"]).all()
    assert {"rfm"} < {*diagram["first"], *diagram["second"]}


def test_no_machine_gives_empty_tables(tmp_path):
    scores, errors, diagonals = fitted(tmp_path, given={"rfm": None})
    assert scores.empty and diagonals.empty and errors == {}
