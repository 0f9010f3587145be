"""Leave-one-out and GCV losses from random probes of the diagonal of the inverse."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.regression.diagonal_model import DiagonalModel
from kernel_regime.regression.expanded_space import ExpandedSpace
from kernel_regime.regression.krylov_space import KrylovAccuracy
from kernel_regime.regression.nearest_points import NearestPoints

UNKNOWN = 0.1
"""A loss that may be off by more than this share of itself is not known: it becomes NaN."""

_STANDARD_ERRORS = 2.0
"""Half of the width of an interval that covers the truth 19 times of 20."""

_HIGHER_ORDERS = 0.25
"""Share of the second-order term that those beyond it may have."""


@dataclass(frozen=True)
class ProbedDiagonal:
    r"""Diagonal of :math:`A^{-1}`, :math:`A=K+\lambda`, and its trace, from random probes.

    For random signs z, :math:`z_i(A^{-1}z)_i` is an unbiased estimate of the entry :math:`d_i`,
    far too noisy for a single point. In sums over all points that noise averages out. So every
    entry gets a smooth proxy :math:`p_i` (`DiagonalModel`), and with :math:`a_i=\alpha_i^2/p_i^2`

    .. math::
        \sum_i \frac{\alpha_i^2}{d_i^2} = \sum_i a_i
        \Big(1 - 2\Big(\frac{d_i}{p_i}-1\Big) + 3\Big(\frac{d_i}{p_i}-1\Big)^2 - \dots\Big).

    Proxies share a factor that makes the first-order term vanish. The second is known without bias
    too, from products of different probes, and is added.

    Parameters
    ----------
    values : array (ridges, n)
        The diagonal, such that the leave-one-out loss from it is the estimate; NaN where that is
        not known to a tenth.
    trace : array (ridges,)
        Of the inverse; NaN likewise.
    loo_relative_error, gcv_relative_error : arrays (ridges,)
        Two standard errors over the probes, what higher orders may add, and what solutions may be
        off, relative to the losses.

    References
    ----------
    Hutchinson (1990), for the trace; Bekas, Kokiopoulou & Saad (2007), for the diagonal.
    """

    values: Array
    trace: Array
    loo_relative_error: Array
    gcv_relative_error: Array

    @classmethod
    def of(
        cls, space: ExpandedSpace, nearest: NearestPoints, ridges: Array, accuracy: KrylovAccuracy
    ) -> "ProbedDiagonal":
        """Estimate from the solutions for probes and targets, all of K over its scale."""
        values, errors = np.empty(space.known.shape), np.empty(len(ridges))
        squares = _squares(space.coefficients)
        traces = np.empty((len(ridges), space.noise.shape[1]))
        for r, ridge in enumerate(ridges):
            model = DiagonalModel.of(space, r, ridge, nearest)
            proxies, estimates = _fitted(model, space.estimates[r], space.noise, squares[r])
            values[r], errors[r] = _corrected(proxies, squares[r], estimates)
            traces[r] = estimates.sum(axis=0)
        trace = traces.mean(axis=1)
        trace_error = _STANDARD_ERRORS * _standard_error(traces) / trace
        loo_error = errors + accuracy.coefficients + 2 * accuracy.probes
        gcv_error = 2 * trace_error + accuracy.coefficients + 2 * accuracy.probes
        values[loo_error > UNKNOWN], trace[gcv_error > UNKNOWN] = np.nan, np.nan
        return cls(values, trace, loo_error, gcv_error)


def _squares(coefficients: Array) -> Array:
    """Squares of α summed over outputs, (ridges, n), each relative to the largest."""
    peaks = np.abs(coefficients).max(axis=(1, 2), keepdims=True)
    # So that squares stay within the range of float64.
    squares: Array = np.square(coefficients / np.where(peaks > 0, peaks, 1)).sum(axis=-1)
    return squares


def _fitted(
    model: DiagonalModel, estimates: Array, noise: Array, squares: Array
) -> tuple[Array, Array]:
    """Proxies (n,) that fit estimates (n, probes), and the estimates with less of the noise.

    What a proxy has beside the known eigenvectors says how much of the noise is in an estimate.
    """
    proxies = model.unfitted
    for _ in range(2):
        quiet = estimates + model.rest_per_share(proxies)[:, None] * noise
        proxies = model.fitted_to(quiet.mean(axis=1), squares)
    return proxies, quiet


def _corrected(proxies: Array, squares: Array, estimates: Array) -> tuple[Array, float]:
    """Proxies times one factor, so that Σ α²/d² is known to second order, and its relative error.

    `proxies` and `squares` are (n,), `estimates` (n, probes).
    """
    # Over the largest, whose square may be beyond the range of float64; only ratios count.
    weights = squares / (proxies / proxies.max()) ** 2
    total = weights.sum()
    if total == 0:
        return proxies, 0.0
    proxies = proxies * (weights @ (estimates.mean(axis=1) / proxies)) / total
    off = estimates / proxies[:, None] - 1
    first = 2 * (weights @ off) / total
    second, second_error = _mean_product(3 * (off * weights[:, None]).T @ off / total)
    second = max(second, 0.0)
    error = _STANDARD_ERRORS * np.hypot(_standard_error(first), second_error)
    error = (error + _HIGHER_ORDERS * second) / (1 + second)
    return proxies / np.sqrt(1 + second), float(error)


def _standard_error(values: Array) -> Array:
    """Of the mean over the last axis; infinite for a single value."""
    count = values.shape[-1]
    if count == 1:
        return np.full(values.shape[:-1], np.inf)
    error: Array = values.std(axis=-1, ddof=1) / np.sqrt(count)
    return error


def _mean_product(products: Array) -> tuple[float, float]:
    """Mean of the entries beside the diagonal of a symmetric matrix, and its jackknife error."""
    count = len(products)
    beside = products - np.diag(np.diag(products))
    total, rows = beside.sum(), beside.sum(axis=1)
    without = (total - 2 * rows) / ((count - 1) * (count - 2))
    error = np.sqrt((count - 1) / count * np.square(without - without.mean()).sum())
    return total / (count * (count - 1)), float(error)
