"""Forecasts of trainings: against what is known of a network, and what they cost themselves."""

from time import sleep

import keras
import numpy as np
import pytest
import tensorflow as tf

from kernel_regime.core.timing import seconds_of
from kernel_regime.networks import NetworkDescription
from kernel_regime.training import (
    Batches,
    ConjugateGradients,
    GradientDescent,
    SampleSplits,
    Schedule,
    TrainingJob,
)
from kernel_regime.training.linear_fit import DualFit, PrimalFit, StreamedFit, linear_fit
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
    ("milliseconds", "samples", "epochs"),
    [(0.1, 100 + 1000, 4), (6, 100, 2)],
    ids=["fast", "slow"],
)
def test_a_slow_network_is_timed_on_one_batch_and_a_fast_one_on_all(milliseconds, samples, epochs):
    architecture = NetworkDescription(f"{__name__}:Slow", (("milliseconds", milliseconds),))
    SEEN.clear()
    job = TrainingJob(architecture, METHOD, penalties=(0.0,), seed=0)
    forecast = training_seconds(job, samples_of(1024), n=50_000)
    scored_too = 2
    assert 0 <= sum(SEEN) - epochs * scored_too * samples <= 10  # Keras builds with a few
    waited = 4 * scored_too * 50_000 * 1e-3 * milliseconds
    assert waited < forecast < 2 * waited


@pytest.mark.parametrize(
    ("kind", "width", "outputs", "equations"),
    [
        ("neural_tangent", 256, 2, StreamedFit),
        ("random_features", 4096, 1, DualFit),
        ("random_features", 512, 1, PrimalFit),
    ],
)
def test_conjugate_gradients_take_the_time_that_was_forecast(kind, width, outputs, equations):
    """Within a factor of five: some parts grow by the square of the samples, others do not."""
    rng, n = np.random.default_rng(0), 2000
    x = rng.standard_normal((n, 100)).astype(np.float32)
    y = rng.standard_normal((n, outputs)).astype(np.float32)
    few = SampleSplits(train=(x[:500], y[:500]), test=(x[:500], y[:500]))
    method, penalties = ConjugateGradients(iterations=50, tolerance=1e-30), (1.0, 0.1)
    description = NetworkDescription(kind, (("width", width),))
    forecast = training_seconds(TrainingJob(description, method, penalties, seed=0), few, n)
    network = description.build(x.shape[1:], outputs=outputs, seed=0)
    linear_fit(network, x[:500], y[:500], method).solve(1.0)  # compiles

    def fit():
        equations_of_all = linear_fit(network, x, y, method)
        assert type(equations_of_all) is equations
        for penalty in penalties:
            equations_of_all.solve(penalty)

    assert forecast / 5 < seconds_of(fit) < 5 * forecast
