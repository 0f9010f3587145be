"""Eigenvalues of kernel matrices: all of them, the ends, or the largest.

LAPACK finds everything while a float64 copy fits in memory. Lanczos iterations read the
(memory-mapped) matrix in row blocks and find the largest. How many lie where in a matrix of any
size: see `spectral_density`.
"""

import logging

import numpy as np
import psutil
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError, TooLargeError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.lanczos import BlockLanczos
from kernel_regime.linalg.products import as_matrix, multiply
from kernel_regime.linalg.symmetric import check_symmetric
from kernel_regime.linalg.symmetric_products import symmetric_multiply

logger = logging.getLogger(__name__)

LARGEST_FOR_32_BIT = 32_766
"""1 + 6n + 2n², the work size of LAPACK's divide and conquer, passes 2³¹ after this n."""

RESOLUTION = 1e-6
"""Of the largest eigenvalue: what `extreme_eigenvalues` may miss at the other end."""

DENSE = 1500
"""Up to this size the whole spectrum costs less than a careful look at its ends."""


def eigenvalues(kernel: Matrix) -> Array:
    """All eigenvalues of a symmetric matrix (n, n), largest first, in float64.

    Raises
    ------
    InputError
        If the matrix is not square, finite and symmetric.
    OverflowError
        If n > 32,766 and NumPy's LAPACK counts in 32 bits.
    MemoryError
        If the float64 copy that LAPACK destroys would not fit.

    Examples
    --------
    >>> eigenvalues([[2, 1], [1, 2]]).round(12)
    array([3., 1.])
    """
    matrix = _checked(kernel)
    _check_lapack(len(matrix), copies=1)
    return np.linalg.eigvalsh(matrix.astype(np.float64))[::-1]


def eigensystem(kernel: Matrix) -> tuple[Array, Array]:
    """All eigenvalues, largest first, and eigenvectors as columns; see `eigenvalues`.

    Needs about three float64 copies of the matrix.

    Examples
    --------
    >>> values, vectors = eigensystem(np.diag([1.0, 2.0]))
    >>> values
    array([2., 1.])
    """
    matrix = _checked(kernel)
    _check_lapack(len(matrix), copies=3)
    values, vectors = np.linalg.eigh(matrix.astype(np.float64))
    return values[::-1], vectors[:, ::-1]


def top_eigensystem(kernel: Matrix, count: int, seed: int = 0) -> tuple[Array, Array]:
    """The `count` largest eigenvalues, largest first, and their eigenvectors as columns.

    The matrix is only ever multiplied, a row block at a time: a memory-mapped one stays on disk.
    Errors are those of float64 Lanczos iterations run to convergence.

    Raises
    ------
    InputError
        If the matrix is not square, finite and symmetric, the count does not fit it, or the
        iterations do not converge.

    Examples
    --------
    >>> values, vectors = top_eigensystem(np.diag([1.0, 3.0, 2.0]), 2)
    >>> values.round(12)
    array([3., 2.])
    """
    matrix = _checked(kernel)
    n = len(matrix)
    if not 0 < count < n:
        raise InputError(f"count: {count} of {n} eigenvalues; give 1…{n - 1}, or use eigenvalues")
    # ARPACK's tolerances are absolute for tiny matrices, and it refuses zero.
    scale = max(float(np.abs(matrix[rows]).max()) for rows in row_blocks(n, matrix[:1].nbytes))
    if scale == 0:
        return np.zeros(count), np.eye(n, count)
    operator = LinearOperator(
        (n, n), matvec=lambda v: multiply(matrix, v) / scale, dtype=np.float64
    )
    start = seeded(seed).standard_normal(n)
    try:
        values, vectors = eigsh(operator, k=count, which="LA", v0=start)
    except ArpackError as error:
        raise InputError(
            f"count: the largest {count} of {n} eigenvalues did not converge ({error}); ask for "
            "fewer, or use spectral_density"
        ) from error
    return scale * values[::-1], vectors[:, ::-1]


def extreme_eigenvalues(kernel: Matrix, most_products: int = 300) -> tuple[float, float]:
    """Largest and smallest eigenvalue of a symmetric matrix, in float64.

    Beyond 1500 rows by `lanczos_ends`.

    Examples
    --------
    >>> largest, smallest = extreme_eigenvalues(np.diag([1.0, 2.0, 3.0]))
    >>> round(largest, 12), round(smallest, 12)
    (3.0, 1.0)
    """
    matrix = as_matrix(kernel, "kernel")
    if len(matrix) > DENSE:
        return lanczos_ends(matrix, most_products)
    spectrum = np.linalg.eigvalsh(matrix.astype(np.float64))
    return float(spectrum[-1]), float(spectrum[0])


def lanczos_ends(kernel: Array, most_products: int = 300) -> tuple[float, float]:
    """Largest and smallest eigenvalue by one fully reorthogonalised Lanczos run.

    The smallest is met from above, to within about `RESOLUTION` of the largest. The run ends when
    neither end moved by more than a tenth of that over ten products. Library routines stop at a
    tolerance relative to each eigenvalue, which one next to zero never meets.

    Examples
    --------
    >>> largest, smallest = lanczos_ends(np.eye(50) + 1.0)
    >>> round(largest, 9), round(smallest, 9)
    (51.0, 1.0)
    """
    start = np.random.default_rng(0).standard_normal((len(kernel), 1))
    lanczos = BlockLanczos(lambda block: symmetric_multiply(kernel, block), start)
    ends = np.full(2, np.inf)
    while lanczos.next.shape[1] and lanczos.products < most_products:
        lanczos.grow()
        if lanczos.products % 10 == 0:
            before, ends = ends, _ends(lanczos)
            if np.abs(ends - before).max() <= RESOLUTION / 10 * ends[0]:
                break
    largest, smallest = _ends(lanczos)
    return float(largest), float(smallest)


def _ends(lanczos: BlockLanczos) -> Array:
    return np.linalg.eigvalsh(lanczos.projected_matrix())[[-1, 0]]


def round_off_floor(kernel: Array) -> float:
    """Size below which eigenvalues of the stored matrix are rounding noise.

    Independent rounding errors of `ε/2·|K_ij|` at most have a spectral norm below `ε·max|K|·√n`.

    Examples
    --------
    >>> round_off_floor(np.eye(4, dtype=np.float32)) < 3e-7
    True
    """
    largest = float(np.abs(np.diagonal(kernel)).max())
    return float(np.finfo(kernel.dtype).eps) * largest * float(np.sqrt(len(kernel)))


def _checked(kernel: Matrix) -> Array:
    matrix: Array = as_matrix(kernel, "kernel")
    check_symmetric(matrix, "kernel")
    return matrix


def _check_lapack(n: int, copies: int) -> None:
    """Refuse a factorisation that would overflow or not fit, saying what to use instead."""
    remedy = "use top_eigensystem or spectral_density"
    if n > LARGEST_FOR_32_BIT and not lapack_has_64_bit_integers():
        raise OverflowError(
            f"n = {n}: NumPy's LAPACK counts in 32 bits and overflows beyond "
            f"{LARGEST_FOR_32_BIT}; {remedy}, or install a NumPy wheel from PyPI"
        )
    needed, free = copies * 8 * n**2, psutil.virtual_memory().available
    if needed > free:
        raise TooLargeError(
            f"n = {n}: all eigenvalues need {needed / 1e9:.1f} GB in float64, "
            f"{free / 1e9:.1f} GB are free; {remedy}"
        )
    if n > 10_000:
        logger.info("eigenvalues of a matrix of n = %d: %.1f GB, minutes", n, needed / 1e9)


def lapack_has_64_bit_integers() -> bool:
    """Whether NumPy is linked to an ILP64 LAPACK, as its wheels are; SciPy's never is."""
    build = np.show_config(mode="dicts")
    lapack = build["Build Dependencies"]["lapack"]
    return "USE64BITINT" in lapack.get("openblas configuration", "") or "ilp64" in lapack["name"]
