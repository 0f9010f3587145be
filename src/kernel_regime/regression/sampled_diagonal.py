"""Leave-one-out and GCV losses from the exact diagonal of the inverse at a sample of points."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array

UNKNOWN = 0.1
"""A loss that may be off by more than this share of itself is not known: it becomes NaN."""

_STANDARD_ERRORS = 2.0
"""Half of the width of an interval that covers the truth 19 times of 20."""


@dataclass(frozen=True)
class SampledDiagonal:
    r"""Diagonal of :math:`(K+\lambda)^{-1}`, exact at sampled points and estimated at the others.

    A mean over s sampled points alone would be off by 10 % at s = 200, since a few points carry
    most of a loss. So every point has a cheap proxy :math:`p_i` for its entry :math:`d_i`, made
    without regard to the sample, and the sample says only by how much proxies are off on average
    (a ratio estimator: Cochran, Sampling Techniques, chapter 6):

    .. math::
        \sum_i \frac{\alpha_i^2}{d_i^2} \approx \sum_i \frac{\alpha_i^2}{p_i^2}\,
        \frac{\sum_{i\in S}\alpha_i^2/d_i^2}{\sum_{i\in S}\alpha_i^2/p_i^2}, \qquad
        \sum_i d_i \approx \sum_i p_i\,\frac{\sum_{i\in S} d_i}{\sum_{i\in S} p_i}.

    Parameters
    ----------
    values : array (ridges, n)
        The diagonal, such that the leave-one-out loss from it is the first estimate.
    trace : array (ridges,)
        The second.
    loo_relative_error, gcv_relative_error : arrays (ridges,)
        Two standard errors of the estimates over the sampled points, and bounds of what the
        solutions and the sampled entries may be off, relative to the losses.

    Examples
    --------
    >>> diagonal = SampledDiagonal.of(
    ...     np.ones((1, 4, 1)),
    ...     np.full((1, 4), 0.5),
    ...     np.array([0, 2]),
    ...     np.full((1, 2), 0.4),
    ...     missing=np.zeros((1, 2)),
    ...     coefficient_error=np.zeros(1),
    ... )
    >>> diagonal.values.tolist(), diagonal.trace.tolist()
    ([[0.4, 0.4, 0.4, 0.4]], [1.6])
    """

    values: Array
    trace: Array
    loo_relative_error: Array
    gcv_relative_error: Array

    @classmethod
    def of(
        cls,
        coefficients: Array,
        proxies: Array,
        sample: Array,
        exact: Array,
        *,
        missing: Array,
        coefficient_error: Array,
    ) -> "SampledDiagonal":
        """Estimate from proxies, and exact entries at the sampled points.

        Parameters
        ----------
        coefficients : array (ridges, n, outputs)
            α.
        proxies : array (ridges, n)
        sample : int array (s,)
            The sampled points.
        exact : array (ridges, s)
            Their entries, at most.
        missing : array (ridges, s)
            What these may lack.
        coefficient_error : array (ridges,)
            Of α, relative to it.
        """
        # Relative to the largest, so that squares stay within the range of float64.
        peaks = np.abs(coefficients).max(axis=(1, 2), keepdims=True)
        squares = np.square(coefficients / np.where(peaks > 0, peaks, 1)).sum(axis=-1)
        loo, loo_error = _ratio_estimate(
            squares / proxies**2, squares[:, sample] / exact**2, sample
        )
        trace, trace_error = _ratio_estimate(proxies, exact, sample)
        lacking = missing / exact
        losses, entries = squares[:, sample] / exact**2, exact
        loo_error += 2 * _mean(lacking, losses) + 2 * coefficient_error
        gcv_error = 2 * (trace_error + _mean(lacking, entries) + coefficient_error)
        values = _calibrated(proxies, squares, loo, sample, exact)
        values[loo_error > UNKNOWN], trace[gcv_error > UNKNOWN] = np.nan, np.nan
        return cls(values, trace, loo_error, gcv_error)


def _ratio_estimate(proxies: Array, exact: Array, sample: Array) -> tuple[Array, Array]:
    """Sums over all points, (ridges,), and two standard errors relative to them."""
    n, s = proxies.shape[1], len(sample)
    there = proxies[:, sample]
    total = there.sum(axis=1)
    ratio = np.divide(exact.sum(axis=1), total, out=np.ones_like(total), where=total > 0)
    sums = exact.sum(axis=1) + ratio * (proxies.sum(axis=1) - total)
    scatter = (exact - ratio[:, None] * there).std(axis=1, ddof=1)
    error = _STANDARD_ERRORS * scatter * n * np.sqrt((1 - s / n) / s)
    return sums, np.divide(error, sums, out=np.zeros_like(sums), where=sums > 0)


def _mean(values: Array, weights: Array) -> Array:
    """Weighted means of rows; of weights that are all zero, 0."""
    total = weights.sum(axis=1)
    return np.divide(
        (values * weights).sum(axis=1), total, out=np.zeros_like(total), where=total > 0
    )


def _calibrated(proxies: Array, squares: Array, total: Array, sample: Array, exact: Array) -> Array:
    """Exact entries, and proxies times one factor per ridge, so that Σ α²/d² is `total`."""
    others = np.ones(proxies.shape[1], bool)
    others[sample] = False
    by_proxy = (squares[:, others] / proxies[:, others] ** 2).sum(axis=1)
    wanted = total - (squares[:, sample] / exact**2).sum(axis=1)
    factor = np.divide(by_proxy, wanted, out=np.ones_like(total), where=wanted > 0)
    values = proxies * np.sqrt(factor)[:, None]
    values[:, sample] = exact
    return values
