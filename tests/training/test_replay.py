"""A replayed training goes the way that it went."""

from dataclasses import replace

import numpy as np
import pytest

from kernel_regime.networks.storage import load_network
from kernel_regime.training.job import TrainingResult
from kernel_regime.training.replay import replay
from kernel_regime.training.run import run_training
from tests.training.problems import classification
from tests.training.test_sweep import JOB, LINEAR


def weights(network):
    return [v.numpy().copy() for v in network.trainable_variables]


def test_a_replay_passes_the_start_and_ends_where_the_training_ended(tmp_path):
    samples = classification(validation=0.2)
    dropping = replace(JOB.architecture, options=(("dropout", 0.5), ("width", 8)))
    job = replace(JOB, architecture=dropping, seed=3)
    result = TrainingResult(tmp_path)
    run_training(job, samples, result, every=1, report=lambda row: None)
    passed = {epoch: weights(network) for epoch, network in replay(job, samples, {1, 3})}
    assert list(passed) == [0, 1, 3]
    for epoch, file in ((0, result.initial), (3, result.final)):
        for found, stored in zip(passed[epoch], weights(load_network(file)), strict=True):
            np.testing.assert_array_equal(found, stored)
    assert not np.array_equal(passed[1][0], passed[3][0])


def test_conjugate_gradients_have_no_epochs_to_replay():
    with pytest.raises(TypeError, match="no epochs"):
        list(replay(replace(LINEAR, penalties=(1.0,)), classification(), {1}))
