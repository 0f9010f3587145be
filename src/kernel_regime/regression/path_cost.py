"""Time of a ridge path, before it is computed."""

from kernel_regime.linalg.throughput import product_rate
from kernel_regime.regression.solvers.choice import LARGEST_DIRECT

PRODUCTS = 110
"""Products with the kernel that the published grid takes for the RF kernel of 60,000 points."""

COLUMNS = 26
"""Right-hand sides of a product: ten outputs, and 16 probes."""


def path_seconds(n: int, ridges: int) -> float:
    """Seconds that a path over `ridges` ridges takes on `n` training points, on this machine.

    A reduction takes 8/3 n³ operations at the rate of matrix products, a Cholesky factor and its
    inverse n³ for a single ridge. Beyond `LARGEST_DIRECT` points every product with the kernel
    passes over half of it; how many there will be depends on kernel and ridges, so that this is
    an order of magnitude.

    Examples
    --------
    >>> path_seconds(8000, ridges=20) > path_seconds(4000, ridges=20)
    True
    """
    if n > LARGEST_DIRECT:
        return 2.0 * PRODUCTS * COLUMNS * n**2 / product_rate()
    return (1.0 if ridges == 1 else 8 / 3) * n**3 / product_rate()


def process_seconds(n: int, m: int, *, ensemble: bool) -> float:
    """Seconds of a Gaussian process on `n` training and `m` test points, on this machine.

    A posterior takes a reduction, and for a test point what its rotation and a decade of noise
    variances take; an ensemble takes eigenvectors, and the covariance in their basis. In
    operations at the rate of products, as measured at n = 3000 and m = 1000.

    Examples
    --------
    >>> process_seconds(4000, 1000, ensemble=True) > process_seconds(4000, 1000, ensemble=False)
    True
    """
    points = (14.5 * n + 11 * m) if ensemble else (8 / 3 * n + 7 * m)
    return points * n**2 / product_rate()
