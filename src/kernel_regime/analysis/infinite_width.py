"""Convergence of finite networks to their infinite-width limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.core.seeds import seeded
from kernel_regime.networks.neural_tangent import NeuralTangent
from kernel_regime.networks.shallow import Shallow
from kernel_regime.training.descent import Descent
from kernel_regime.training.linear_fit import DualFit
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule


@dataclass(frozen=True)
class Task:
    """Regression on the unit sphere: smooth scalar targets.

    Parameters
    ----------
    n, m : int
        Training and test samples.
    dimension : int
        Of the sphere's space.
    seed : int
        Of the samples.
    """

    n: int = 40
    m: int = 60
    dimension: int = 6
    seed: int = 0

    def draw(self) -> tuple[Array, Array, Array]:
        """Training inputs (n, d), test inputs (m, d), training targets (n, 1)."""
        draws = seeded(self.seed)
        x = draws.standard_normal((self.n + self.m, self.dimension))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        return x[: self.n], x[self.n :], np.sin(3 * x[: self.n, :1])


def tangent_limit(x1: Array, x2: Array) -> Array:
    r"""Kernel of `NeuralTangent` over N as N → ∞, for unit vectors.

    With w uniform on the sphere and :math:`a^0 \sim N(0, 1)`:
    :math:`\cos\theta\,(\pi - \theta)/(2\pi) + (\sin\theta + (\pi - \theta)\cos\theta)/(2\pi d)`.

    Examples
    --------
    >>> tangent_limit(np.eye(1, 2), np.eye(1, 2))  # 1/2 + 1/(2d)
    array([[0.75]])
    """
    cosine = np.clip(x1 @ x2.T, -1, 1)
    angle = np.arccos(cosine)
    moving = cosine * (np.pi - angle) / (2 * np.pi)
    outer = (np.sin(angle) + (np.pi - angle) * cosine) / (2 * np.pi * x1.shape[1])
    return moving + outer


def tangent_distances(
    task: Task, widths: Sequence[int], seeds: Sequence[int], ridge: float = 1e-2
) -> pd.DataFrame:
    """Distance of fitted `NeuralTangent` models from kernel ridge regression with their limit.

    Returns
    -------
    DataFrame
        `model`, `width`, `seed`, `distance`: relative, on test samples.
    """
    x, x_test, y = task.draw()
    weights = np.linalg.solve(tangent_limit(x, x) + ridge * np.eye(len(x)), y)
    limit = tangent_limit(x_test, x) @ weights
    rows = []
    for width in widths:
        for seed in seeds:
            network = NeuralTangent(width, seed=seed, dtype="float64")
            network.build((None, task.dimension))
            method = ConjugateGradients(iterations=2000, tolerance=1e-10)
            # The model's AAᵀ is N times the limit, and the penalty counts per sample.
            DualFit(network, x, y, method).solve(ridge * width / len(x))
            distance = np.linalg.norm(network(x_test).numpy() - limit) / np.linalg.norm(limit)
            rows.append(("neural tangent", width, seed, distance))
    return pd.DataFrame(rows, columns=["model", "width", "seed", "distance"])


def trained_networks(
    task: Task, widths: Sequence[int], seeds: Sequence[int], epochs: int = 400
) -> list[tuple[int, int, Shallow, Shallow]]:
    """Shallow networks before and after many small steps: (width, seed, initial, final)."""
    x, x_test, y = task.draw()
    samples = SampleSplits.divide((x, y), (x_test, np.zeros((len(x_test), 1))), validation=0)
    method = GradientDescent(
        Schedule(epochs, learning_rate=0.05, warm_up=0), Batches(((0, len(x)),)), "sgd"
    )
    trained = []
    for width in widths:
        descent = Descent(_shallow(width, 0, task), method)
        for seed in seeds:
            initial, final = (_shallow(width, seed, task) for _ in range(2))
            descent.start_from(initial)
            descent.train(samples, penalty=0.0, seed=seed)
            descent.hand_over(final)
            trained.append((width, seed, initial, final))
    return trained


def _shallow(width: int, seed: int, task: Task) -> Shallow:
    network = Shallow(width, "softplus", seed=seed)
    network.build((None, task.dimension))
    return network


def slope_over_width(distances: pd.DataFrame) -> float:
    """Slope of log distance over log width, of the root mean squares over seeds."""
    mean = distances.groupby("width")["distance"].apply(lambda d: float((d**2).mean() ** 0.5))
    return float(np.polyfit(np.log(mean.index.to_numpy(float)), np.log(mean.to_numpy()), 1)[0])
