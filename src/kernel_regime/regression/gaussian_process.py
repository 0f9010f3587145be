"""Gaussian process regression on a kernel matrix: posterior, log evidence, and best noise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from psutil import virtual_memory
from scipy.optimize import minimize_scalar

from kernel_regime.core.arrays import Array, as_floating
from kernel_regime.core.errors import InputError, TooLargeError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.samples import checked_targets
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.products import as_matrix, is_distributed
from kernel_regime.linalg.tridiagonal.block_tridiagonal import BlockTridiagonal, reduction_bytes
from kernel_regime.linalg.tridiagonal.reduction import block_tridiagonalise
from kernel_regime.regression.conditioning import scale_of
from kernel_regime.regression.solvers.direct import solvable_ridges

ROUND_OFF = 1e-3
"""How far, beside the prior, a variance may fall below zero for the round-off of float32."""

_DECADES = (-6, 2)  # of the mean diagonal, between which the noise variance is looked for
_PER_DECADE = 4


@dataclass(frozen=True)
class GaussianProcess:
    r"""Gaussian process with a kernel as covariance, observed with noise, at a kernel's points.

    The outputs are independent, :math:`y = f + \varepsilon` with
    :math:`f \sim \mathcal N(0, K)` and :math:`\varepsilon \sim \mathcal N(0, \sigma^2 I)`. One
    reduction of the kernel, that of a ridge path, serves every σ²: the log evidence of one more
    costs O(n) operations.

    Parameters
    ----------
    targets : array (n, outputs)
    reduction : BlockTridiagonal
        Of the kernel over `scale`.
    scale : float

    References
    ----------
    Rasmussen & Williams (2006), algorithm 2.1.

    Examples
    --------
    >>> process = GaussianProcess.fit(np.eye(2), [1.0, -1.0])
    >>> means, variances = process.predict([[0.5, 0.0]], [1.0], [1.0])
    >>> means.round(12).ravel().tolist(), variances.round(12).ravel().tolist()
    ([0.25], [0.875])
    """

    targets: Array
    reduction: BlockTridiagonal
    scale: float

    @classmethod
    def fit(cls, kernel: Matrix, targets: ArrayLike) -> "GaussianProcess":
        """Process given a kernel (n, n), NumPy or memory-mapped, and targets (n, outputs).

        Raises
        ------
        InputError
            If shapes do not match, or the kernel is not finite or not symmetric.
        TooLargeError
            If the reduction exceeds the memory that is free.
        """
        columns, matrix = (
            checked_targets(targets, "train_targets"),
            as_matrix(kernel, "train_kernel"),
        )
        if is_distributed(matrix):
            raise InputError(
                "train_kernel: a Dask array, and a Gaussian process reduces its kernel in memory; "
                "give kernel.compute()"
            )
        if matrix.shape != (len(columns), len(columns)) or len(columns) < 2:
            raise InputError(
                f"train_kernel: shape {matrix.shape} does not fit {len(columns)} training targets; "
                "give the square kernel of at least two points"
            )
        refuse_beyond_memory(reduction_bytes(len(columns), 1), len(columns))
        scale = scale_of(matrix)
        return cls(columns, block_tridiagonalise(matrix, 1 / scale), scale)

    def log_evidence(self, noise_variances: ArrayLike) -> Array:
        r"""Log evidence :math:`\log p(y)` for every noise variance, summed over outputs.

        Examples
        --------
        >>> GaussianProcess.fit(np.eye(2), [1.0, -1.0]).log_evidence([1.0]).round(4)
        array([-3.031])
        """
        asked = _checked_noise(noise_variances)
        applied = solvable_ridges(asked, self.reduction, self.scale)
        return np.array([self._log_evidence(noise) for noise in applied])

    def best_noise_variance(self) -> float:
        """The noise variance that maximises the log evidence, from 1e-6 to 100 mean diagonals.

        An end of that range says that the evidence still grows beyond it.

        Examples
        --------
        >>> process = GaussianProcess.fit(np.eye(2), [2.0, -2.0])
        >>> round(process.best_noise_variance(), 3)
        3.0
        """
        diagonal = self.scale * self.reduction.mean_diagonal()
        grid = diagonal * np.logspace(*_DECADES, (_DECADES[1] - _DECADES[0]) * _PER_DECADE + 1)
        grid = np.unique(solvable_ridges(_checked_noise(grid), self.reduction, self.scale))
        best = int(np.argmax([self._log_evidence(noise) for noise in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        if low == high:
            return float(low)
        found = minimize_scalar(
            lambda logarithm: -self._log_evidence(np.exp(logarithm)),
            bounds=(np.log(low), np.log(high)),
            method="bounded",
        )
        return float(np.exp(found.x))

    def predict(
        self, test_kernel: Matrix, test_diagonal: ArrayLike, noise_variances: ArrayLike
    ) -> tuple[Array, Array]:
        """Posterior means and variances of f at new points, for every noise variance.

        Parameters
        ----------
        test_kernel : array-like (m, n)
            Between new and training points; a memory-mapped one is read in row blocks.
        test_diagonal : array-like (m,)
            The kernel of every new point with itself.
        noise_variances : sequence of float
            The variance of an observation is that of f and this one.

        Returns
        -------
        means : array (noises, m, outputs)
        variances : array (noises, m)
            One for all outputs.

        Raises
        ------
        InputError
            If shapes do not match, or prior variances are not those of this kernel.
        """
        matrix = as_matrix(test_kernel, "test_kernel")
        prior = checked_prior(test_diagonal, matrix.shape, len(self.targets))
        applied = solvable_ridges(_checked_noise(noise_variances), self.reduction, self.scale)
        means = np.empty((len(applied), len(prior), self.targets.shape[1]))
        variances = np.empty((len(applied), len(prior)))
        whitened = [self._whitened_targets(noise) for noise in applied]
        for rows in row_blocks(len(prior), 3 * 8 * len(self.targets)):
            rotated = self.reduction.rotate(np.asarray(matrix[rows], np.float64).T)
            for k, noise in enumerate(applied):
                features = self.reduction.whiten(rotated, noise / self.scale) / self.scale**0.5
                means[k, rows] = features.T @ whitened[k]
                variances[k, rows] = prior[rows] - np.square(features).sum(axis=0)
        return means, nonnegative(variances, prior)

    @cached_property
    def _rotated(self) -> Array:
        return self.reduction.rotate(self.targets)

    def _whitened_targets(self, noise: float) -> Array:
        return self.reduction.whiten(self._rotated, noise / self.scale) / self.scale**0.5

    def _log_evidence(self, noise: float) -> float:
        n, outputs = self.targets.shape
        determinant = self.reduction.log_determinant(noise / self.scale) + n * np.log(self.scale)
        fit = np.square(self._whitened_targets(noise)).sum()
        return float(-0.5 * (fit + outputs * (determinant + n * np.log(2 * np.pi))))


def checked_prior(diagonal: ArrayLike, shape: tuple[int, ...], n: int) -> Array:
    """Prior variances (m,) in float64, held to the shape (m, n) of the kernel beside them.

    Raises
    ------
    InputError
        Naming the shapes, or the first variance that is none.
    """
    prior = as_floating(diagonal, "test_diagonal").astype(np.float64)
    if prior.ndim != 1 or shape != (len(prior), n):
        raise InputError(
            f"test_kernel: shape {shape} does not fit {n} training points and the diagonal "
            f"{prior.shape} of the test points; rows are test points"
        )
    bad = ~(np.isfinite(prior) & (prior >= 0))
    if bad.any():
        raise InputError(
            f"test_diagonal: {prior[bad][0]:g} at point {int(np.argmax(bad))} is no variance; give "
            "kernel.diagonal(test points), finite and not negative"
        )
    return prior


def nonnegative(variances: Array, prior: Array) -> Array:
    """Variances (..., m), those below zero by round-off raised to it.

    Raises
    ------
    InputError
        If one is not finite, or below zero by more than `ROUND_OFF` of its prior (m,).

    Examples
    --------
    >>> nonnegative(np.array([-1e-7, 0.5]), np.ones(2)).tolist()
    [0.0, 0.5]
    """
    bad = ~(variances >= -ROUND_OFF * prior)
    if bad.any():
        point = int(np.argwhere(bad)[0, -1])
        raise InputError(
            f"test_diagonal: the variance of test point {point} is {variances[bad][0]:g}, which no "
            "covariance allows; take all kernels and the diagonal from one kernel object"
        )
    return np.maximum(variances, 0)


def refuse_beyond_memory(needed: int, n: int) -> None:
    """Refuse a process on n points whose matrices need more bytes than are free.

    Raises
    ------
    TooLargeError
        Naming both.
    """
    free = virtual_memory().available
    if needed > free:
        raise TooLargeError(
            f"a Gaussian process on {n:,} points needs {needed / 1e9:.2f} GB beside its kernel, "
            f"{free / 1e9:.2f} GB are free; use fewer training points"
        )


def _checked_noise(noise_variances: ArrayLike) -> Array:
    values = as_floating(noise_variances, "noise_variances").astype(np.float64).reshape(-1)
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any() or not len(values):
        found = values[bad][0] if bad.any() else "an empty list"
        raise InputError(f"noise_variances: got {found}; give finite numbers above 0")
    return values
