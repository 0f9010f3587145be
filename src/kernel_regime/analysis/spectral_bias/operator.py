"""Integral operator of a kernel, known from a large reference sample, and its eigenfunctions."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.eigenvalues import eigensystem


@dataclass(frozen=True)
class TrainingKernel:
    """Integral operator T f = E[K(·, z) f(z)], with z uniform over the reference sample.

    On the reference sample everything is exact; elsewhere eigenfunctions are extended by
    Nyström's formula φ_i(x) = E[K(x, z) φ_i(z)]/σ_i.

    Parameters
    ----------
    eigenvalues : array of shape (m,)
        σ_i, largest first.
    functions : array of shape (m, m)
        φ_i at the reference samples, as columns with E[φ_i²] = 1.

    Examples
    --------
    >>> operator = TrainingKernel.of(np.array([[2.0, 0.0], [0.0, 2.0]]))
    >>> operator.apply(np.array([[1.0], [3.0]])).ravel()  # T = K/m = 1
    array([1., 3.])
    """

    eigenvalues: Array
    functions: Array

    @classmethod
    def of(cls, kernel: Array) -> "TrainingKernel":
        """The operator of a kernel matrix (m, m) of the reference sample."""
        values, vectors = eigensystem(kernel)
        m = len(values)
        return cls(np.maximum(values, 0) / m, vectors * np.sqrt(m))

    def extend(self, kernel: Array, modes: int) -> Array:
        """φ_1 … φ_modes (n, modes) at samples with this kernel (n, m) to the reference sample."""
        scale = self.eigenvalues[:modes] * len(self.functions)
        return np.asarray(kernel, np.float64) @ self.functions[:, :modes] / scale

    def project(self, values: Array) -> Array:
        """Coefficients E[φ_i f] of functions given at the reference samples, (..., m, outputs)."""
        return self.functions.T @ values / len(self.functions)

    def apply(self, values: Array) -> Array:
        """T f at the reference samples."""
        return self.functions @ (self.eigenvalues[:, None] * self.project(values))

    def decayed(self, values: Array, times: Array) -> Array:
        """Coefficients of e^{−tT} f at each time, (times, m, outputs)."""
        decay = np.exp(-np.asarray(times)[:, None, None] * self.eigenvalues[:, None])
        return decay * self.project(values)
