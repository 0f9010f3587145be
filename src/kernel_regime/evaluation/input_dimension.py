"""Effective dimension of inputs: how many directions they really fill."""

from math import prod

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_floating, require_finite
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks


def input_dimensions(images: ArrayLike) -> dict[str, float]:
    r"""Effective dimensions of inputs, from the eigenvalues of their covariance Σ.

    Parameters
    ----------
    images : array (n, ...)
        Flattened to (n, d).

    Returns
    -------
    dict
        `effective_dimension`, :math:`\operatorname{tr}\Sigma/\|\Sigma\|`: for spiked covariates
        it is :math:`d_0 + (d-d_0)/d^\kappa`, of the order of :math:`\max(d_0, d/d^\kappa)` as
        Ghorbani et al. (2020) define it; and `participation_ratio`,
        :math:`(\operatorname{tr}\Sigma)^2/\|\Sigma\|_F^2`, to which every direction counts.

    Raises
    ------
    InputError
        If all inputs are equal, or one is not finite.

    Examples
    --------
    >>> input_dimensions([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])["effective_dimension"]
    2.0
    """
    x = as_floating(images, "images")
    require_finite(x, "images")
    x = _within_range(x.reshape(len(x), prod(x.shape[1:])))
    # Their mean need not be what they all are, to the last digit.
    if (x == x[:1]).all():
        raise InputError("images: all are equal, so they fill no dimension")
    mean = x.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((x.shape[1], x.shape[1]))
    for rows in row_blocks(len(x), 8 * x.shape[1]):
        centred = x[rows] - mean
        scatter += centred.T @ centred
    variances = np.linalg.eigvalsh(scatter)
    total, largest = float(variances.sum()), float(variances[-1])
    return {
        "effective_dimension": total / largest,
        "participation_ratio": total**2 / float(np.square(variances).sum()),
    }


def _within_range(x: Array) -> Array:
    """Inputs whose squares neither overflow nor vanish: a power of two off where they would."""
    peak = float(max(x.max(initial=0), -x.min(initial=0)))
    if not peak or 1e-100 < peak < 1e100:
        return x
    return np.ldexp(x, -np.frexp(peak)[1])
