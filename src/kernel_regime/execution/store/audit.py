"""What a stored kernel matrix is worth: symmetry, definiteness, precision, cost."""

from dataclasses import dataclass
from math import sqrt

import numba
import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.execution.devices import TileKernel

_BLOCK = 1024
_PROBED = 16
_CHECK_EVERY = 10  # Lanczos steps between looks at the ends of the spectrum
_MOST_STEPS = 300
_RESOLUTION = 1e-6  # of the largest eigenvalue: what Lanczos may miss at the other end
# Up to this size the whole spectrum costs less than a careful look at its ends.
_DENSE = 1500


@dataclass(frozen=True)
class Audit:
    """Findings about one symmetric kernel matrix.

    Parameters
    ----------
    asymmetry : float
        Largest |K_ij − K_ji|.
    largest_eigenvalue, smallest_eigenvalue : float
        Of the stored values, in float64; beyond 1500 samples by Lanczos, which meets the
        smallest one from above, to within about 1e-6 of the largest.
    probe_error : float
        Largest deviation of the stored values from the kernel in float64 over a probe of pairs,
        relative to the root mean square of the probe.
    recommended_jitter : float
        What to add to the diagonal before a Cholesky factorisation; 0 if nothing.
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
    """
    n = len(matrix)
    largest, smallest = extreme_eigenvalues(matrix)
    probe = np.sort(np.random.default_rng(seed).choice(n, min(n, 2 * _PROBED), replace=False))
    rows, columns = probe[::2], probe[1::2] if n > 1 else probe
    exact = kernel.cross(samples[rows].astype(np.float64), samples[columns].astype(np.float64))
    deviation = matrix[np.ix_(rows, columns)] - exact
    rounding = 2 * sqrt(n * np.mean(deviation**2)) + n * 2.0**-53 * largest
    missed = _RESOLUTION * largest if n > _DENSE else 0.0
    return Audit(
        asymmetry=asymmetry(matrix),
        largest_eigenvalue=largest,
        smallest_eigenvalue=smallest,
        probe_error=float(np.abs(deviation).max() / np.sqrt(np.mean(exact**2))),
        recommended_jitter=max(0.0, rounding + missed - smallest),
    )


def asymmetry(matrix: Array) -> float:
    """Largest |K_ij − K_ji|, read in blocks."""
    starts = range(0, len(matrix), _BLOCK)
    return max(
        float(np.abs(matrix[i : i + _BLOCK, i:] - matrix[i:, i : i + _BLOCK].T).max())
        for i in starts
    )


def extreme_eigenvalues(matrix: Array) -> tuple[float, float]:
    """Largest and smallest eigenvalue of a symmetric matrix, in float64."""
    if len(matrix) > _DENSE:
        return lanczos(matrix)
    spectrum = np.linalg.eigvalsh(matrix.astype(np.float64))
    return float(spectrum[-1]), float(spectrum[0])


def lanczos(matrix: Array) -> tuple[float, float]:
    """Largest and smallest eigenvalue by one fully reorthogonalised Lanczos run.

    It ends when neither moved by more than 1e-7 of the largest over ten steps. Library routines
    stop at a tolerance relative to each eigenvalue, which one next to zero never meets.
    """
    matrix, n = np.asarray(matrix), len(matrix)
    basis = np.empty((min(n, _MOST_STEPS), n))
    start = np.random.default_rng(0).standard_normal(n)
    basis[0] = start / np.linalg.norm(start)
    diagonal: list[float] = []
    beside: list[float] = []
    ends = np.full(2, np.inf)
    for step in range(1, len(basis) + 1):
        vector = multiply_vector(matrix, basis[step - 1])
        diagonal.append(float(vector @ basis[step - 1]))
        for _ in range(2):  # once is not orthogonal enough
            vector -= basis[:step].T @ (basis[:step] @ vector)
        length = float(np.linalg.norm(vector))
        if step % _CHECK_EVERY == 0 or step == len(basis):
            before, ends = ends, eigvalsh_tridiagonal(diagonal, beside)[[-1, 0]]
            if np.abs(ends - before).max() <= _RESOLUTION / 10 * ends[0]:
                break
        if step == len(basis) or length <= np.finfo(float).eps * abs(diagonal[0]):
            ends = eigvalsh_tridiagonal(diagonal, beside)[[-1, 0]]
            break
        beside.append(length)
        basis[step] = vector / length
    return float(ends[0]), float(ends[1])


@compiled(parallel=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
def multiply_vector(matrix: Array, vector: Array) -> Array:
    """K v with float64 sums, whatever the type of K: as fast as K is read, and no copy of it."""
    product = np.empty(len(matrix))
    for i in numba.prange(len(matrix)):
        total = 0.0
        for j in range(matrix.shape[1]):
            total += np.float64(matrix[i, j]) * vector[j]
        product[i] = total
    return product
