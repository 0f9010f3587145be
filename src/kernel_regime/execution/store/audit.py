"""Audit of a stored kernel matrix: symmetry, definiteness, precision."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.execution.devices import TileKernel
from kernel_regime.linalg.eigenvalues import DENSE, RESOLUTION, extreme_eigenvalues
from kernel_regime.linalg.symmetric import asymmetry

_PROBED = 16


@dataclass(frozen=True)
class Audit:
    """Findings about one symmetric kernel matrix.

    Parameters
    ----------
    asymmetry : float
        Largest `|K_ij − K_ji|`.
    largest_eigenvalue, smallest_eigenvalue : float
        Of the stored values, in float64; beyond 1500 samples by Lanczos, which meets the
        smallest one from above, to within about 1e-6 of the largest.
    probe_error : float
        Largest deviation of the stored values from the kernel in float64 over a probe of pairs,
        relative to the root mean square of the probe.
    recommended_jitter : float
        What to add to the diagonal before a Cholesky factorisation; 0 if nothing.

    Examples
    --------
    >>> healthy = Audit(0.0, 49.0, 1.0, probe_error=1e-16, recommended_jitter=0.0)
    >>> healthy.smallest_eigenvalue > healthy.recommended_jitter
    True
    """

    asymmetry: float
    largest_eigenvalue: float
    smallest_eigenvalue: float
    probe_error: float
    recommended_jitter: float


def audit(matrix: Array, kernel: TileKernel, samples: Array, seed: int = 0) -> Audit:
    """Examine the kernel matrix of `samples` with themselves.

    The jitter covers the most negative eigenvalue and what rounding could do to the others:
    independent errors of root mean square σ in the entries move eigenvalues by at most 2σ√n
    (Wigner), and float64 factorisation by n·2⁻⁵³ of the largest; to that comes what Lanczos may
    have missed.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> kernel = Polynomial(degree=1, intercept=0.0)
    >>> x = np.array([[3.0, 4.0], [4.0, 3.0]])
    >>> found = audit(x @ x.T, kernel, x)
    >>> round(found.largest_eigenvalue, 9), round(found.smallest_eigenvalue, 9)
    (49.0, 1.0)
    """
    n = len(matrix)
    largest, smallest = extreme_eigenvalues(matrix)
    probe = np.sort(np.random.default_rng(seed).choice(n, min(n, 2 * _PROBED), replace=False))
    rows, columns = probe[::2], probe[1::2] if n > 1 else probe
    exact = kernel.cross(samples[rows].astype(np.float64), samples[columns].astype(np.float64))
    deviation = matrix[np.ix_(rows, columns)] - exact
    rounding = 2 * sqrt(n * np.mean(deviation**2)) + n * 2.0**-53 * largest
    missed = RESOLUTION * largest if n > DENSE else 0.0
    return Audit(
        asymmetry=asymmetry(matrix),
        largest_eigenvalue=largest,
        smallest_eigenvalue=smallest,
        probe_error=float(np.abs(deviation).max() / np.sqrt(np.mean(exact**2))),
        recommended_jitter=max(0.0, rounding + missed - smallest),
    )
