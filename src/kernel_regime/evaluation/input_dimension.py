"""How many directions the inputs really fill."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.linalg.row_blocks import row_panels


def input_dimensions(images: Array) -> dict[str, float]:
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
    ValueError
        If all inputs are equal.
    """
    x = images.reshape(len(images), -1)
    mean = x.mean(axis=0, dtype=np.float64)
    scatter = np.zeros((x.shape[1], x.shape[1]))
    for rows in row_panels(*x.shape):
        centred = x[rows] - mean
        scatter += centred.T @ centred
    variances = np.linalg.eigvalsh(scatter)
    total, largest = float(variances.sum()), float(variances[-1])
    if largest <= 0:
        raise InputError("images: all are equal, so they fill no dimension")
    return {
        "effective_dimension": total / largest,
        "participation_ratio": total**2 / float(np.square(variances).sum()),
    }
