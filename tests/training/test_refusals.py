"""Trainings that cannot be run are refused where they are described, in one line."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.networks.shallow import Shallow
from kernel_regime.training.job import TrainingJob
from kernel_regime.training.linear_fit import linear_fit
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.schedule import Batches, Schedule

SCHEDULE, BATCHES = Schedule(3, 0.1, warm_up=1), Batches(((0, 5),))
METHOD = GradientDescent(SCHEDULE, BATCHES)
JOB = TrainingJob(NetworkDescription("shallow", (("width", 3),)), METHOD, (0.1,), seed=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Schedule(0, 0.1), r"Schedule\.epochs: 0 should be greater than 0"),
        (lambda: Schedule(3, -0.1), r"Schedule\.learning_rate: -0.1 should be greater than 0"),
        (lambda: Schedule(3, np.nan), r"Schedule\.learning_rate: nan should be a finite number"),
        (lambda: Schedule(3, 0.1, warm_up=-1), r"Schedule\.warm_up: -1 should be"),
        (lambda: Schedule(3, 0.1, warm_up=3), r"Schedule\.warm_up: 3 is no shorter than 3 epochs"),
        (lambda: Batches(((0, 0),)), r"Batches\.sizes\[0\]\[1\]: 0 should be greater than 0"),
        (lambda: Batches(()), r"Batches\.sizes: \(\) do not begin with epoch 0"),
        (lambda: Batches(((2, 5),)), "do not begin with epoch 0"),
        (lambda: Batches(((0, 5), (9, 2), (3, 4))), "out of order"),
        (lambda: GradientDescent(SCHEDULE, BATCHES, "sdg"), r"optimiser: 'sdg' should be"),
        (lambda: GradientDescent(SCHEDULE, BATCHES, loss="hinge"), r"loss: 'hinge' should be"),
        (lambda: GradientDescent(SCHEDULE, 500), r"GradientDescent\.batches: 500 should be"),
        (lambda: ConjugateGradients(iterations=0), r"iterations: 0 should be greater than 0"),
        (lambda: ConjugateGradients(tolerance=-1.0), r"tolerance: -1.0 should be greater"),
        (lambda: replace(JOB, penalties=()), r"TrainingJob\.penalties: \(\) must not be empty"),
        (lambda: replace(JOB, penalties=(-1.0,)), r"penalties\[0\]: -1.0 should be greater"),
        (lambda: replace(JOB, penalties=(np.inf,)), r"penalties\[0\]: inf should be a finite"),
        (lambda: replace(JOB, penalties=(1.0, 0.1)), "gradient descent trains one"),
        (lambda: replace(JOB, seed=-1), r"TrainingJob\.seed: -1 should be greater"),
        (lambda: replace(JOB, method="adam"), r"TrainingJob\.method: 'adam' should be"),
    ],
)
def test_what_cannot_be_trained_is_refused_where_it_is_described(call, message):
    with pytest.raises(InputError, match=message) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_a_job_of_mappings_and_numbers_of_numpy_is_the_same_job():
    architecture = {"kind": "shallow", "options": (("width", 3),)}
    same = TrainingJob(architecture, METHOD, np.array([0.1]), seed=np.int64(0))
    assert same.fingerprint("of the samples") == JOB.fingerprint("of the samples")
    whole = replace(JOB, penalties=(1,))
    assert whole.fingerprint("x") != replace(JOB, penalties=(1.0,)).fingerprint("x")


@pytest.mark.parametrize(
    "network", [Shallow(width=3), keras.Sequential([keras.layers.Dense(1), keras.layers.Dense(1)])]
)
def test_conjugate_gradients_are_for_networks_that_are_linear_in_their_weights(network):
    network.build((None, 2))
    with pytest.raises(InputError, match="is not linear in its weights, as ConjugateGradients"):
        linear_fit(network, np.ones((5, 2)), np.ones((5, 1)), ConjugateGradients())


def test_lists_are_sizes_and_integers_stay_what_fingerprints_hold():
    assert Batches([[0, 500], [15, 1000]]) == Batches(((0, 500), (15, 1000)))
    method = replace(METHOD, schedule=Schedule(np.int64(30), 1))
    whole = replace(JOB, method=method, penalties=(1,))
    assert type(whole.method.schedule.learning_rate) is type(whole.method.schedule.epochs) is int
    assert whole.fingerprint("data") == "b8dbb2df961e8b41d38fda47671d7dcf"
