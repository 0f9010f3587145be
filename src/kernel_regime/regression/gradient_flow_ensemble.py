"""Gaussian predictions of an ensemble of infinitely wide networks, trained by gradient flow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from kernel_regime.core.arrays import Array, as_floating
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_targets
from kernel_regime.linalg.products import as_matrix
from kernel_regime.linalg.symmetric import check_symmetric
from kernel_regime.regression.conditioning import applied_ridges
from kernel_regime.regression.gaussian_process import (
    checked_prior,
    nonnegative,
    refuse_beyond_memory,
)


@dataclass(frozen=True)
class GradientFlowEnsemble:
    r"""Ensemble of infinitely wide networks over their initial weights, at any time of training.

    Every network follows the gradient flow of :math:`\frac12\|f(X) - y\|^2`, so that modes of the
    NTK Θ decay as :math:`e^{-\lambda t}`. It starts as a Gaussian process with the NNGP kernel K,
    and stays one. With :math:`A_t = \Theta_*\Theta^{-1}(1 - e^{-\Theta t})` its mean is
    :math:`A_t y` and its covariance
    :math:`K_{**} + A_t K A_t^\top - A_t K_*^\top - K_* A_t^\top`.

    Parameters
    ----------
    eigenvalues, eigenvectors : arrays (n,), (n, n)
        Of Θ.
    targets : array (n, outputs)
        In the basis of the eigenvectors.
    covariance : array (n, n)
        K, in that basis.

    References
    ----------
    Lee et al. (2019), arXiv 1902.06720, equations 14 to 16.

    Examples
    --------
    >>> ensemble = GradientFlowEnsemble.fit(np.eye(2), np.eye(2), [1.0, -1.0])
    >>> means, variances = ensemble.predict([[0.5, 0.0]], [[0.5, 0.0]], [1.0], [0.0, np.inf])
    >>> means.ravel().tolist(), variances.ravel().tolist()
    ([0.0, 0.5], [1.0, 0.75])
    """

    eigenvalues: Array
    eigenvectors: Array
    targets: Array
    covariance: Array

    @classmethod
    def fit(cls, ntk: ArrayLike, nngp: ArrayLike, targets: ArrayLike) -> "GradientFlowEnsemble":
        """Ensemble given both kernels (n, n) of the training points, and targets (n, outputs).

        Raises
        ------
        InputError
            If shapes do not match, or a kernel is not finite or not symmetric.
        TooLargeError
            If its matrices exceed the memory that is free.
        """
        columns = checked_targets(targets, "train_targets")
        kernels = {"ntk": as_matrix(ntk, "ntk"), "nngp": as_matrix(nngp, "nngp")}
        for name, kernel in kernels.items():
            check_symmetric(kernel, name)
            if len(kernel) != len(columns):
                raise InputError(
                    f"{name}: shape {kernel.shape} does not fit {len(columns)} training targets; "
                    "give both kernels at the training points"
                )
        refuse_beyond_memory(5 * 8 * len(columns) ** 2, len(columns))  # LAPACK copies twice
        values, vectors = eigh(np.asarray(kernels["ntk"], np.float64))
        covariance = vectors.T @ np.asarray(kernels["nngp"], np.float64) @ vectors
        return cls(values, vectors, vectors.T @ columns, covariance)

    def predict(
        self, ntk: ArrayLike, nngp: ArrayLike, nngp_diagonal: ArrayLike, times: ArrayLike
    ) -> tuple[Array, Array]:
        """Means and variances over the ensemble at new points, for every time.

        Parameters
        ----------
        ntk, nngp : array-likes (m, n)
            Between new and training points.
        nngp_diagonal : array-like (m,)
            NNGP of every new point with itself.
        times : sequence of float
            At least 0; infinity trains to the end.

        Returns
        -------
        means : array (times, m, outputs)
        variances : array (times, m)
            One for all outputs.

        Raises
        ------
        InputError
            If a time is negative, shapes do not match, or variances are not those of one kernel.
        """
        kernels = as_matrix(ntk, "test_ntk"), as_matrix(nngp, "test_nngp")
        for kernel in kernels:
            prior = checked_prior(nngp_diagonal, kernel.shape, len(self.eigenvalues))
        learned, initial = (np.asarray(k, np.float64) @ self.eigenvectors for k in kernels)
        means, variances = [], []
        for progress in self._progress(times):
            weights = learned * progress
            means.append(weights @ self.targets)
            change = np.einsum("mi,mi->m", weights, weights @ self.covariance - 2 * initial)
            variances.append(prior + change)
        return np.stack(means), nonnegative(np.stack(variances), prior)

    def _progress(self, times: ArrayLike) -> Array:
        """(1 − e^{−λt})/λ, (times, n)."""
        values = as_floating(times, "times").astype(np.float64).reshape(-1)
        if not len(values) or not (values >= 0).all():
            raise InputError(f"times: got {values.tolist()}; give numbers from 0 on, or infinity")
        smallest, largest = float(self.eigenvalues[0]), float(self.eigenvalues[-1])
        # What round-off made singular is learned at the pace of the least ridge.
        paces = self.eigenvalues + applied_ridges(np.zeros(1), smallest, largest)
        return -np.expm1(-np.outer(values, paces)) / paces
