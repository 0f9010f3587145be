"""Sweeps: finished trainings are recognised by content, here and on Dask."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from kernel_regime.evaluation.selection import mark_selected
from kernel_regime.execution.settings import Execution
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.networks.storage import load_network
from kernel_regime.training.descent import Descent
from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingResult, TrainingStore
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.run import run_training
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule
from kernel_regime.training.sweep import run_sweep
from tests.training.problems import classification

METHOD = GradientDescent(Schedule(3, 0.05, warm_up=1), Batches(((0, 16),)))
JOB = TrainingJob(NetworkDescription("fully_connected", (("width", 8),)), METHOD, (1e-4,), seed=0)
LINEAR = TrainingJob(
    NetworkDescription("random_features", (("width", 30),)),
    ConjugateGradients(),
    (1.0, 1e-2, 1e-4),
    0,
)
HERE = Execution()


def sweep(jobs, folder, execution=HERE, samples=None):
    samples = samples or classification(validation=0.2)
    trainings = [NamedTraining(f"job {i}", job, samples) for i, job in enumerate(jobs)]
    return run_sweep(trainings, TrainingStore(folder), execution, checkpoint_every=1)


def test_a_finished_training_is_not_trained_again(tmp_path):
    (first,) = sweep([JOB], tmp_path)
    written = first.record.stat().st_mtime_ns
    (second,) = sweep([JOB], tmp_path)
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
def test_every_part_of_the_description_makes_another_training(change):
    assert replace(JOB, **change).fingerprint("data") != JOB.fingerprint("data")


def test_other_data_make_another_training():
    samples = classification(validation=0.2)
    x, y = samples.test
    changed = replace(samples, test=(np.where(np.arange(len(x))[:, None] == 3, x + 1e-3, x), y))
    assert changed.digest != samples.digest == classification(validation=0.2).digest


def test_results_hold_scores_curve_and_both_networks(tmp_path):
    (result,) = sweep([JOB], tmp_path)
    (score,) = result.tables["scores"]
    assert score["status"] == "finished"
    assert [row["epoch"] for row in result.tables["curve"]] == [0, 1, 2]
    samples = classification(validation=0.2)
    x, y = samples.test
    outputs = load_network(result.final)(x).numpy()
    assert score["test_loss"] == pytest.approx(np.mean(np.sum((y - outputs) ** 2, 1)), rel=1e-5)
    initial = JOB.architecture.build((6,), 3, seed=0)
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

    samples = classification(validation=0.2)
    result = TrainingResult(tmp_path / "interrupted")
    with pytest.raises(KeyboardInterrupt):
        run_training(LINEAR, samples, result, 1, stop)
    assert not result.finished
    run_training(LINEAR, samples, result, 1, report=lambda row: None)
    resumed = result.tables["scores"]
    assert [row["test_loss"] for row in resumed] == [row["test_loss"] for row in straight]


def test_a_diverged_training_is_recorded_and_never_chosen(tmp_path):
    wild = replace(JOB, method=replace(METHOD, schedule=Schedule(30, 1e4, warm_up=1)))
    results = sweep([wild, JOB], tmp_path)
    scores = pd.DataFrame([row for result in results for row in result.tables["scores"]])
    assert list(scores["status"]) == ["diverged", "finished"]
    scores = scores.assign(level=0, network="a", seed=0)
    marked = mark_selected(scores, classification=True)
    assert list(marked["selected"]) == list(marked["selected_on_test"]) == [False, True]


@pytest.mark.slow
def test_workers_give_what_this_process_gives(tmp_path):
    jobs = [JOB, replace(JOB, seed=1), LINEAR]
    here = sweep(jobs, tmp_path / "here")
    there = sweep(jobs, tmp_path / "there", Execution(engine="dask", workers=2))
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


def test_samples_are_asked_for_one_after_the_other(tmp_path):
    """The next level is loaded when the one before is trained, not before."""
    order = []

    def trainings():
        for seed in (0, 1):
            order.append(f"asked {seed}")
            yield NamedTraining(f"job {seed}", replace(JOB, seed=seed), classification())
            order.append(f"trained {seed}")

    run_sweep(trainings(), TrainingStore(tmp_path), HERE, checkpoint_every=1)
    assert order == ["asked 0", "trained 0", "asked 1", "trained 1"]


def job_of(kind, options, method, penalties):
    return TrainingJob(NetworkDescription(kind, tuple(options.items())), method, penalties, seed=3)


DESCENT = GradientDescent(Schedule(3, 0.01, warm_up=1), Batches(((0, 16),)))
FROZEN = {
    "6ca2ade86cfef73577682ef737997e99": job_of(
        "fully_connected", {"dropout": 0.0, "hidden_layers": 1, "width": 12}, DESCENT, (1e-3,)
    ),
    "5afeff2b990c79dbdd40f4ae3ab2b762": job_of(
        "random_features", {"width": 20}, ConjugateGradients(), (0.1, 0.01, 0.001)
    ),
    "02f8b8182c3d5d8754f5813a0feebd06": job_of(
        "neural_tangent", {"width": 20}, ConjugateGradients(), (0.1,)
    ),
    "684c8521d203418a9bca6308b1f3bd40": job_of(
        "myrtle",
        {"width": 4},
        replace(DESCENT, optimiser="adam", loss="cross_entropy"),
        (1e-3,),
    ),
    "a6b7ba6cad00417832a8529444f4d024": job_of(
        "lenet5",
        {},
        GradientDescent(Schedule(9, 0.01, warm_up=1), Batches(((0, 5), (3, 7))), "sgd"),
        (0.0,),
    ),
    "871290598fd803ffbe4a3c81a93e7cae": job_of(
        "shallow", {"activation": "tanh", "width": 7}, DESCENT, (1e-3,)
    ),
}


@pytest.mark.parametrize("digest", FROZEN)
def test_trainings_of_the_first_version_are_found_again(digest):
    """Computed by the code that named kinds by their classes."""
    assert FROZEN[digest].fingerprint("0" * 64) == digest


OWN = "tests.networks.own_models:"


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("Plain", {"width": 6, "rate": 0.2}, 0.02),
        ("Convolutional", {}, 0.02),
        ("Quadratic", {"width": 6}, 0.002),
    ],
)
def test_a_users_model_is_trained_stored_and_found_again(name, options, rate, tmp_path):
    draws = np.random.default_rng(0)
    x = draws.standard_normal((40, 4, 4))
    y = np.stack([x[:, 0, 0], x[:, 1, 1] - x[:, 2, 2]], axis=1)
    samples = SampleSplits.divide((x, y), (x[:10], y[:10]), 0)
    method = GradientDescent(Schedule(30, rate, warm_up=0), Batches(((0, 16),)))
    job = TrainingJob(NetworkDescription(OWN + name, tuple(options.items())), method, (1e-4,), 0)
    (result,) = sweep([job], tmp_path, samples=samples)
    curve = result.tables["curve"]
    assert curve[-1]["train_loss"] < 0.9 * curve[0]["train_loss"]
    outputs = load_network(result.final)(samples.test[0]).numpy()
    (score,) = result.tables["scores"]
    loss = np.mean(np.sum((samples.test[1] - outputs) ** 2, axis=1))
    assert score["test_loss"] == pytest.approx(loss, rel=1e-5)
    written = result.record.stat().st_mtime_ns
    (again,) = sweep([job], tmp_path, samples=samples)
    assert again.record.stat().st_mtime_ns == written


def test_a_killed_training_of_a_users_model_goes_on_with_the_same_numbers(tmp_path):
    """Moving averages and the states of dropout are part of a checkpoint."""
    options = (("rate", 0.3), ("width", 6))
    method = GradientDescent(Schedule(6, 0.02, warm_up=0), Batches(((0, 16),)), "adam")
    job = TrainingJob(NetworkDescription(f"{OWN}Plain", options), method, (1e-4,), 0)
    samples = classification()

    def stop(row):
        if row["epoch"] == 3:
            raise KeyboardInterrupt

    result = TrainingResult(tmp_path / "interrupted")
    with pytest.raises(KeyboardInterrupt):
        run_training(job, samples, result, 1, stop)
    run_training(job, samples, result, 1, report=lambda row: None)
    (straight,) = sweep([job], tmp_path / "straight", samples=samples)

    def losses(tables):
        return [(row["train_loss"], row["test_loss"]) for row in tables["curve"]]

    assert losses(result.tables) == losses(straight.tables)


def test_the_regularisers_of_keras_layers_are_part_of_the_objective():
    def trained(strength):
        keras.utils.set_random_seed(0)
        layer = keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(strength))
        model = keras.Sequential([keras.layers.Input((6,)), layer])
        Descent(model, replace(DESCENT, schedule=Schedule(20, 0.05, 0))).train(
            classification(), penalty=0.0, seed=0
        )
        return np.linalg.norm(model.weights[0])

    assert trained(1.0) < 0.5 * trained(0.0)


def test_another_text_of_a_users_class_is_another_training(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    text = "import keras\n\n\nclass Rewritten(keras.Model):\n    rate = 1\n"
    (tmp_path / "own_rewritten.py").write_text(text)
    job = TrainingJob(NetworkDescription("own_rewritten:Rewritten"), METHOD, (1e-4,), 0)
    before = job.fingerprint("data")
    (tmp_path / "own_rewritten.py").write_text(text.replace("rate = 1", "rate = 2"))
    assert job.fingerprint("data") != before
