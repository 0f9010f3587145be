"""Forecasts of trainings: against what is known of a network, and what they cost themselves."""

from time import sleep

import keras
import numpy as np
import pytest
import tensorflow as tf

from kernel_regime.networks import NetworkDescription
from kernel_regime.training import Batches, GradientDescent, SampleSplits, Schedule, TrainingJob
from kernel_regime.training.training_cost import training_seconds

METHOD = GradientDescent(Schedule(4, 1e-3, warm_up=0), Batches(((0, 50), (2, 100))))
SEEN: list[int] = []


class Slow(keras.Model):
    """A linear model that takes its time for every sample, and remembers how many it has seen."""

    def __init__(self, milliseconds: float, outputs: int, **keywords) -> None:
        super().__init__(**keywords)
        self.milliseconds, self.linear = milliseconds, keras.layers.Dense(outputs)

    def call(self, x):
        with tf.control_dependencies([tf.numpy_function(self.wait, [tf.shape(x)[0]], [])]):
            return self.linear(tf.identity(x))

    def wait(self, count):
        SEEN.append(int(count))
        sleep(1e-3 * self.milliseconds * count)


def samples_of(n: int) -> SampleSplits:
    x = np.random.default_rng(0).standard_normal((n, 5)).astype(np.float32)
    return SampleSplits(train=(x, x[:, :1]), test=(x, x[:, :1]))


@pytest.mark.parametrize(
    ("milliseconds", "samples"), [(0.1, 100 + 1000), (6, 100)], ids=["fast", "slow"]
)
def test_a_slow_network_is_timed_on_one_batch_and_a_fast_one_on_all(milliseconds, samples):
    architecture = NetworkDescription(f"{__name__}:Slow", (("milliseconds", milliseconds),))
    SEEN.clear()
    job = TrainingJob(architecture, METHOD, penalties=(0.0,), seed=0)
    forecast = training_seconds(job, samples_of(1024), n=50_000)
    epochs, scored_too = 2, 2
    assert 0 <= sum(SEEN) - epochs * scored_too * samples <= 10  # Keras builds with a few
    waited = 4 * scored_too * 50_000 * 1e-3 * milliseconds
    assert waited < forecast < 2 * waited
