"""A Gaussian process against the ridge path on the same kernel: n = 4000 and n = 10,000.

Both rest on one reduction. The process adds the noise that maximises the log evidence, and
variances at test points; it may take twice the time of a path at most.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import Row, compare, emit, seconds
from kernel_regime.kernels import FullyConnectedNTK
from kernel_regime.regression import GaussianProcess, fit_ridge_path

Array = NDArray[Any]

FEATURES, OUTPUTS, TEST = 784, 10, 1000
RIDGES = 10 ** np.linspace(-1, 5, 20)
REQUIRED = 0.5


def problem(points: int) -> tuple[Array, Array, Array, Array]:
    """Kernel of random inputs, float32, that with test points, their diagonal, and targets."""
    rng, kernel = np.random.default_rng(0), FullyConnectedNTK(3)
    inputs = rng.standard_normal((points, FEATURES), dtype=np.float32)
    new = rng.standard_normal((TEST, FEATURES), dtype=np.float32)
    targets = rng.standard_normal((points, OUTPUTS))
    return kernel.gram(inputs), kernel.cross(new, inputs), kernel.diagonal(new), targets


def process(train: Array, test: Array, diagonal: Array, targets: Array) -> Callable[[], Any]:
    """The best noise, and posterior means and variances under it."""

    def run() -> Any:
        fitted = GaussianProcess.fit(train, targets)
        return fitted.predict(test, diagonal, [fitted.best_noise_variance()])

    return run


def path(train: Array, test: Array, targets: Array) -> Callable[[], Any]:
    """20 ridges with leave-one-out and GCV, and their predictions."""

    def run() -> Any:
        fitted = fit_ridge_path(train, targets, RIDGES, solver="direct")
        return fitted.loo_loss, fitted.gcv_loss, fitted.predict(test)

    return run


def measure() -> list[Row]:
    """The rows of this topic."""
    work = "Gaussian process, n = {}, best noise, 1000 test points"
    against = "ridge path, 20 ridges, 1000 test points"
    train, test, diagonal, targets = problem(4000)
    ours, theirs = process(train, test, diagonal, targets), path(train, test, targets)
    small = compare(work.format("4000"), ours, against, theirs, required=REQUIRED, repeats=3)
    train, test, diagonal, targets = problem(10_000)
    large = Row(
        work.format("10,000"),
        seconds(process(train, test, diagonal, targets)),
        against,
        seconds(path(train, test, targets)),
        required=REQUIRED,
        note="one run each",
    )
    return [small, large]


if __name__ == "__main__":
    emit(measure())
