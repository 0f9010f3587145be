"""What a plan says of work beside kernels is what a run then takes, and what it leaves on disk."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.analysis.analysis_cost import evolution_seconds, learning_curve_seconds
from kernel_regime.analysis.kernel_evolution import KernelEvolutionStudy
from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.analysis.spectral_bias import SpectralBiasStudy, Widths
from kernel_regime.analysis.spectral_bias.study_cost import study_seconds
from kernel_regime.core.memory import limited_memory
from kernel_regime.linalg.throughput import eigensystem_seconds
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.ntk.kernel_cost import TangentKernelCost, tangent_kernel_cost
from kernel_regime.ntk.network_kernel import EmpiricalNTK
from kernel_regime.pipelines.model_training.plan import PlannedTrainings
from kernel_regime.pipelines.planned_inputs import PlannedInputs
from kernel_regime.pipelines.planning import plan_disk
from kernel_regime.regression.feature_machine_cost import feature_machine_seconds
from kernel_regime.regression.feature_machines import FeatureMachine
from kernel_regime.regression.path_cost import path_seconds
from kernel_regime.training.job import TrainingJob
from kernel_regime.training.methods import ConjugateGradients


class Slow(EmpiricalNTK):
    """A tangent kernel that takes 2 ms a sample and 50 µs a pair, by a clock of its own."""

    now = 0.0

    def _gram(self, x):
        Slow.now += 2e-3 * len(x) + 5e-5 * len(x) ** 2 / 2
        return np.eye(len(x))


def test_samples_and_pairs_of_a_tangent_kernel_are_told_apart(monkeypatch):
    monkeypatch.setattr("kernel_regime.core.timing.perf_counter", lambda: Slow.now)
    kernel = Slow(lambda w, x: x @ w, np.ones((2, 1)), "slow")
    cost = tangent_kernel_cost(kernel, np.ones((512, 2)))
    assert (cost.sample, cost.pair) == pytest.approx((2e-3, 5e-5))


def test_samples_that_do_not_fit_the_memory_are_counted_as_often_as_they_are_pulled_back():
    kernel = EmpiricalNTK(lambda w, x: x @ w, np.ones((8, 1)), "linear")
    with limited_memory(64 * 1024):
        cost = tangent_kernel_cost(kernel, np.ones((100, 8)))
    # A gradient of eight numbers in float64, in half of the memory.
    assert cost.at_once == 32 * 1024 // (8 * 8)
    pulls = TangentKernelCost(0.0, sample=1.0, pair=0.0, at_once=10)
    # Ten tables, each against itself and all later ones; then each of ten against two.
    assert pulls.gram(100) == sum(100 - 10 * i for i in range(10))
    assert pulls.cross(100, 20) == 100 + 10 * 20


def test_a_learning_curve_is_an_eigensystem_and_its_regressions():
    settings = LearningCurveSettings(500, [100, 400], [0.1, 1.0], repeats=3)
    regressions = 3 * (path_seconds(100, 2) + path_seconds(400, 2))
    least = eigensystem_seconds(500) + regressions
    assert least < learning_curve_seconds(settings, m=10, outputs=1) < 1.1 * least


def test_a_kernel_is_followed_on_as_many_samples_and_moments_as_the_study_says():
    kernel = TangentKernelCost(0.0, sample=0.0, pair=1.0, at_once=64)
    study = KernelEvolutionStudy(times=3, samples=10)
    seconds = evolution_seconds(study, kernel, training=7.0, n=1000, m=5)
    assert seconds == pytest.approx(7 + 4 * (10 * 10 / 2 + 5 * 10), rel=1e-3)


def test_a_study_takes_longer_with_a_longer_horizon():
    sizes = {"train": 32, "reference": 32, "held_out": 32, "modes": 3, "runs": 2}

    def seconds(horizon):
        widths = {"fully_connected": Widths([32])}
        study = SpectralBiasStudy(architectures=widths, **sizes, horizon=horizon)
        return study_seconds(study, np.random.default_rng(0).standard_normal((64, 5)), 2)

    assert seconds(horizon=50_000.0) > 10 * seconds(horizon=5.0) > 0


def test_iterations_of_a_machine_are_counted_and_grow_with_the_pairs():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    once, more = (FeatureMachine(kernel={"kind": "laplace"}, iterations=count) for count in (1, 9))
    small = feature_machine_seconds(once, x, x[:, :1], n=200, m=200)
    assert feature_machine_seconds(more, x, x[:, :1], n=2000, m=2000) > 50 * small


def test_the_disk_holds_samples_kernels_and_both_ends_of_every_training():
    loads = {level: lambda: np.zeros((50, 4), np.float32) for level in ("a", "b")}
    levels = pd.DataFrame({"level": ["a", "b"], "value": [0, 1]})
    inputs = PlannedInputs(loads, loads, np.zeros(50), np.zeros(50), levels, stored=False)
    kernels = pd.DataFrame({"gigabytes": [3.0], "gigabytes_to_come": [1.0], "free_gigabytes": 9.0})
    job = TrainingJob(NetworkDescription("random_features"), ConjugateGradients(), (0.1,), 0)
    sweep = {"net": PlannedTrainings(job, "square", count=10, done=4, weights=1000)}
    table = plan_disk(inputs, kernels, sweep).set_index("what")
    assert table["gigabytes"].to_dict() == pytest.approx(
        {"samples": 2 * 100 * 4 * 4e-9, "kernels": 3, "networks": 8e-5, "total": 3.0000832}
    )
    assert table["gigabytes_to_come"].to_dict() == pytest.approx(
        {"samples": 2 * 100 * 4 * 4e-9, "kernels": 1, "networks": 4.8e-5, "total": 1.0000512}
    )
