"""Sweeps: finished cells are recognised by content, here and on Dask."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kernel_regime.evaluation.selection import mark_selected
from kernel_regime.execution.settings import Execution
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.networks.storage import load_network
from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingResult
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule
from kernel_regime.training.sweep import run_sweep
from tests.training.problems import classification

METHOD = GradientDescent(Schedule(3, 0.05, warm_up=1), Batches(((0, 16),)))
CELL = TrainingJob(NetworkDescription("fully_connected", (("width", 8),)), METHOD, (1e-4,), seed=0)
LINEAR = TrainingJob(
    NetworkDescription("random_features", (("width", 30),)),
    ConjugateGradients(),
    (1.0, 1e-2, 1e-4),
    0,
)
HERE = Execution()


def sweep(cells, folder, execution=HERE, samples=None):
    samples = samples or classification(validation=0.2)
    trainings = [NamedTraining(f"cell {i}", cell, lambda: samples) for i, cell in enumerate(cells)]
    return run_sweep(trainings, folder, execution, checkpoint_every=1)


def test_a_finished_cell_is_not_trained_again(tmp_path):
    (first,) = sweep([CELL], tmp_path)
    written = first.record.stat().st_mtime_ns
    (second,) = sweep([CELL], tmp_path)
    assert second == first
    assert second.record.stat().st_mtime_ns == written
    assert not first.checkpoint.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"penalties": (1e-3,)},
        {"architecture": NetworkDescription("fully_connected", (("width", 9),))},
        {"method": replace(METHOD, loss="cross_entropy")},
        {"method": replace(METHOD, schedule=Schedule(3, 0.04, warm_up=1))},
    ],
)
def test_every_part_of_the_description_makes_another_cell(change):
    assert replace(CELL, **change).fingerprint("data") != CELL.fingerprint("data")


def test_other_data_make_another_cell():
    samples = classification(validation=0.2)
    x, y = samples.test
    changed = replace(samples, test=(np.where(np.arange(len(x))[:, None] == 3, x + 1e-3, x), y))
    assert changed.digest != samples.digest == classification(validation=0.2).digest


def test_results_hold_scores_curve_and_both_networks(tmp_path):
    (result,) = sweep([CELL], tmp_path)
    (score,) = result.tables["scores"]
    assert score["status"] == "finished"
    assert [row["epoch"] for row in result.tables["curve"]] == [0, 1, 2]
    samples = classification(validation=0.2)
    x, y = samples.test
    outputs = load_network(result.final)(x).numpy()
    assert score["test_loss"] == pytest.approx(np.mean(np.sum((y - outputs) ** 2, 1)), rel=1e-5)
    initial = CELL.architecture.build((6,), 3, seed=0)
    np.testing.assert_array_equal(load_network(result.initial)(x), initial(x))


def test_a_path_of_penalties_keeps_the_network_that_validates_best(tmp_path):
    (result,) = sweep([LINEAR], tmp_path)
    scores = pd.DataFrame(result.tables["scores"])
    assert list(scores["penalty"]) == [1.0, 1e-2, 1e-4]
    samples = classification(validation=0.2)
    x, y = samples.validation
    loss = np.mean(np.sum((y - load_network(result.final)(x).numpy()) ** 2, axis=1))
    assert loss == pytest.approx(scores["validation_loss"].min(), rel=1e-5)


def test_an_interrupted_path_continues_behind_its_last_penalty(tmp_path, monkeypatch):
    straight = sweep([LINEAR], tmp_path / "straight")[0].tables["scores"]

    def stop(row):
        if row["penalty"] == 1e-2:
            raise KeyboardInterrupt

    from kernel_regime.training.run import run_cell

    samples = classification(validation=0.2)
    result = TrainingResult(tmp_path / "interrupted")
    with pytest.raises(KeyboardInterrupt):
        run_cell(LINEAR, samples, result, 1, stop)
    assert not result.finished
    run_cell(LINEAR, samples, result, 1, report=lambda row: None)
    resumed = result.tables["scores"]
    assert [row["test_loss"] for row in resumed] == [row["test_loss"] for row in straight]


def test_a_diverged_training_is_recorded_and_never_chosen(tmp_path):
    wild = replace(CELL, method=replace(METHOD, schedule=Schedule(30, 1e4, warm_up=1)))
    results = sweep([wild, CELL], tmp_path)
    scores = pd.DataFrame([row for result in results for row in result.tables["scores"]])
    assert list(scores["status"]) == ["diverged", "finished"]
    scores = scores.assign(level=0, network="a", seed=0)
    marked = mark_selected(scores, classification=True)
    assert list(marked["selected"]) == list(marked["selected_on_test"]) == [False, True]


@pytest.mark.slow
def test_workers_give_what_this_process_gives(tmp_path):
    cells = [CELL, replace(CELL, seed=1), LINEAR]
    here = sweep(cells, tmp_path / "here")
    there = sweep(cells, tmp_path / "there", Execution(engine="dask", workers=2))
    for ours, theirs in zip(here, there, strict=True):
        assert ours.folder.name == theirs.folder.name
        for a, b in zip(ours.tables["scores"], theirs.tables["scores"], strict=True):
            # Other threads may add in another order.
            assert a["test_loss"] == pytest.approx(b["test_loss"], rel=1e-4)
        x = classification().test[0]
        np.testing.assert_allclose(
            load_network(ours.final)(x), load_network(theirs.final)(x), rtol=1e-3, atol=1e-4
        )


def test_the_validated_choice_and_the_published_one_are_both_marked():
    scores = pd.DataFrame(
        {
            "level": 0,
            "network": "a",
            "seed": 0,
            "penalty": [1.0, 0.1, 0.01],
            "validation_loss": [0.3, 0.1, 0.2],
            "test_loss": [0.3, 0.2, 0.1],
            "test_accuracy": [0.9, 0.8, 0.7],
            "status": "finished",
        }
    )
    marked = mark_selected(scores, classification=True)
    assert list(marked["selected"]) == [False, True, False]
    assert list(marked["selected_on_test"]) == [True, False, False]
    marked = mark_selected(scores.drop(columns="validation_loss"), classification=False)
    assert list(marked["selected"]) == list(marked["selected_on_test"]) == [False, False, True]


def test_splits_are_disjoint_and_complete():
    x = np.arange(50.0)[:, None]
    samples = SampleSplits.divide((x, x), (x, x), validation=0.2)
    inside, outside = samples.train[0][:, 0], samples.validation[0][:, 0]
    assert len(outside) == 10
    np.testing.assert_array_equal(np.sort(np.concatenate([inside, outside])), x[:, 0])
    assert SampleSplits.divide((x, x), (x, x), validation=0).validation is None
