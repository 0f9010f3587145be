"""Scores of Gaussian predictions: negative log-likelihood, and coverage of intervals."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from kernel_regime.core.arrays import Array, checked_numbers
from kernel_regime.core.errors import InputError
from kernel_regime.evaluation.scores import squared_errors


def negative_log_likelihood(means: Array, variances: Array, targets: Array) -> Array:
    """Negative log-likelihood per target, a mean over samples and outputs.

    Parameters
    ----------
    means : array (..., m, outputs)
    variances : array (..., m)
        Of observations, above 0; one for all outputs.
    targets : array (m, outputs)

    Raises
    ------
    InputError
        If a variance is not finite or not above 0, or shapes do not match.

    Examples
    --------
    >>> negative_log_likelihood(np.zeros((1, 1)), np.ones(1), np.zeros((1, 1))).round(4)
    np.float64(0.9189)
    """
    _refuse_no_variance(variances, means)
    errors = squared_errors(means, targets) / targets.shape[-1]
    return 0.5 * (np.log(2 * np.pi * variances) + errors / variances).mean(axis=-1)


def interval_coverage(
    means: Array, variances: Array, targets: Array, levels: Sequence[float]
) -> Array:
    """Share of targets inside the central intervals that should hold each share `levels`.

    Parameters
    ----------
    means, variances, targets : arrays
        As in `negative_log_likelihood`.
    levels : sequence of float
        Between 0 and 1.

    Returns
    -------
    array (levels, ...)
        Near the levels for calibrated predictions, below them for overconfident ones.

    Examples
    --------
    >>> interval_coverage(np.zeros((2, 1)), np.ones(2), np.array([[0.0], [3.0]]), [0.9])
    array([0.5])
    """
    _refuse_no_variance(variances, means)
    squared_errors(means, targets)  # refuses shapes that NumPy would broadcast
    shares = checked_numbers(levels, "levels")
    if not ((shares > 0) & (shares < 1)).all():
        raise InputError(f"levels: {levels}; give shares between 0 and 1, such as 0.95")
    off = np.abs(means - targets) / np.sqrt(variances)[..., None]
    widths = ndtri(0.5 + 0.5 * shares)
    return np.stack([(off <= width).mean(axis=(-2, -1)) for width in widths])


def _refuse_no_variance(variances: Array, means: Array) -> None:
    if variances.shape != means.shape[:-1]:
        raise InputError(
            f"variances: shape {variances.shape} does not fit means {means.shape}; give one for "
            "all outputs of a sample"
        )
    bad = ~(np.isfinite(variances) & (variances > 0))
    if bad.any():
        raise InputError(
            f"variances: got {variances[bad][0]:g}; give finite variances of observations, above "
            "0: add a noise variance"
        )
