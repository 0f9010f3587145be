"""The whole ridge path against one solve per ridge: n = 4000, 10 outputs, 20 ridges."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh, solve
from sklearn.kernel_ridge import KernelRidge

from benchmarks.harness import Row, compare, emit
from kernel_regime.kernels.dense.fully_connected_kernels import FullyConnectedNTK
from kernel_regime.regression.fit import fit_ridge_path

Array = NDArray[Any]

POINTS, FEATURES, OUTPUTS = 4000, 784, 10
RIDGES = 10 ** np.linspace(-1, 5, 20)


def problem(points: int = POINTS) -> tuple[Array, Array]:
    """A real kernel of random inputs, and targets; what the inputs are changes no timing."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((points, FEATURES))
    return FullyConnectedNTK(3)(inputs), rng.standard_normal((points, OUTPUTS))


def path(kernel: Array, targets: Array, ridges: Array = RIDGES) -> Callable[[], Any]:
    """Ours: solutions, leave-one-out and GCV of all ridges."""

    def run() -> Any:
        fitted = fit_ridge_path(kernel, targets, ridges)
        return fitted.loo_loss, fitted.gcv_loss

    return run


def symmetric_solves(kernel: Array, targets: Array) -> Callable[[], Any]:
    """As published: scipy.linalg.solve per ridge; solutions only."""
    identity = np.eye(len(kernel))
    return lambda: [solve(kernel + r * identity, targets, assume_a="sym") for r in RIDGES]


def cholesky_solves(kernel: Array, targets: Array) -> Callable[[], Any]:
    """A Cholesky factor per ridge; solutions only."""
    identity = np.eye(len(kernel))
    return lambda: [cho_solve(cho_factor(kernel + r * identity), targets) for r in RIDGES]


def eigenvector_path(kernel: Array, targets: Array) -> Callable[[], Any]:
    """The usual way to a whole path: divide and conquer, then everything in eigenvectors."""

    def run() -> Any:
        values, vectors = eigh(kernel, driver="evd")
        inverse = 1 / (values[:, None] + RIDGES)
        rotated = (vectors.T @ targets)[:, None, :] * inverse[:, :, None]
        solutions = vectors @ rotated.reshape(len(values), -1)
        return solutions, np.square(vectors) @ inverse

    return run


def scikit_learn(kernel: Array, targets: Array) -> Callable[[], Any]:
    """A `KernelRidge` per ridge, as a user writes it; no leave-one-out."""
    return lambda: [
        KernelRidge(alpha=r, kernel="precomputed").fit(kernel, targets).dual_coef_ for r in RIDGES
    ]


def himalaya(kernel: Array, targets: Array) -> Callable[[], Any]:
    """`KernelRidgeCV` over the same ridges with its default five folds."""
    from himalaya.kernel_ridge import KernelRidgeCV

    return lambda: KernelRidgeCV(alphas=RIDGES, kernel="precomputed", warn=False).fit(
        kernel, targets
    )


def peak_matrices(kernel: Array, targets: Array) -> Row:
    """Peak memory of a path, the kernel included, in kernel matrices."""
    tracemalloc.start()
    path(kernel, targets)()
    peak = tracemalloc.get_traced_memory()[1] / kernel.nbytes + 1
    tracemalloc.stop()
    return Row(
        work="memory of a path, n = 4000, 20 ridges",
        ours=peak,
        against="2.5 kernel matrices",
        other=2.5,
        unit="matrices",
        required=1.0,
        note="the kernel itself included",
    )


def measure() -> list[Row]:
    """The rows of this topic."""
    kernel, targets = problem()
    ours = path(kernel, targets)
    smaller = problem(2000)
    twice = path(kernel, targets, 10 ** np.linspace(-1, 5, 40))
    note = "ours with leave-one-out and GCV, theirs without"
    return [
        compare(
            "20 ridges, n = 4000, 10 outputs",
            ours,
            'scipy.linalg.solve(assume_a="sym") per ridge',
            symmetric_solves(kernel, targets),
            required=3.5,
            repeats=1,
            note=note,
        ),
        compare(
            "20 ridges, n = 4000, 10 outputs",
            ours,
            "Cholesky per ridge",
            cholesky_solves(kernel, targets),
            required=2.4,
            repeats=1,
            note=note,
        ),
        compare(
            "20 ridges, n = 4000, 10 outputs",
            ours,
            'scipy.linalg.eigh(driver="evd"), with leave-one-out',
            eigenvector_path(kernel, targets),
            repeats=1,
        ),
        compare(
            "20 ridges, n = 2000, 10 outputs",
            path(*smaller),
            "scikit-learn KernelRidge per ridge",
            scikit_learn(*smaller),
            repeats=1,
            note=note,
        ),
        compare(
            "20 ridges, n = 2000, 10 outputs",
            path(*smaller),
            "himalaya KernelRidgeCV, 5 folds",
            himalaya(*smaller),
            repeats=1,
            note="ours scores by leave-one-out, theirs by folds",
        ),
        compare(
            "40 ridges, n = 4000, 10 outputs",
            twice,
            "20 ridges",
            ours,
            required=1 / 1.1,
            repeats=3,
            note="the factorisation is shared",
        ),
        peak_matrices(kernel, targets),
    ]


if __name__ == "__main__":
    emit(measure())
