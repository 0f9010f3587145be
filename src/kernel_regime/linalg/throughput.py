"""Speed of this machine's matrix products, from which the time of factorisations follows."""

from functools import cache

import numpy as np

from kernel_regime.core.timing import shortest_seconds

_EDGE = 1024


@cache
def product_rate() -> float:
    """Float64 operations per second of a matrix product, measured once per process.

    The fastest of three products of 1024 × 1024: a twentieth of a second on two cores.

    Examples
    --------
    >>> product_rate() > 1e8
    True
    """
    matrix = np.random.default_rng(0).standard_normal((_EDGE, _EDGE))
    matrix @ matrix  # starts the threads
    return 2.0 * _EDGE**3 / shortest_seconds(lambda: matrix @ matrix)


def eigensystem_seconds(n: int) -> float:
    """Seconds of all eigenvalues and eigenvectors of a symmetric matrix (n, n), in float64.

    LAPACK's divide and conquer takes 9 n³ operations at half the rate of products: half of the
    reduction to tridiagonal form is bound by memory.

    Examples
    --------
    >>> eigensystem_seconds(2000) / eigensystem_seconds(1000)
    8.0
    """
    return 2 * 9.0 * n**3 / product_rate()
