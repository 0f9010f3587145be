"""Bootstrap over test samples."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.seeds import seeded


def resampled_means(values: Array, resamples: int, seed: int) -> Array:
    """Means of `values` over samples drawn with replacement.

    The same seed draws the same samples, so means of different methods on the same test set are
    paired: their differences carry only the noise that does not cancel.

    Parameters
    ----------
    values : array (..., samples)
        A loss or hit per sample.

    Returns
    -------
    array (resamples, ...)

    Examples
    --------
    >>> resampled_means(np.array([1.0, 1.0]), resamples=3, seed=0)
    array([1., 1., 1.])
    """
    samples = values.shape[-1]
    rng = seeded(seed)
    weights = rng.multinomial(samples, np.full(samples, 1 / samples), size=resamples) / samples
    means = weights @ values.reshape(-1, samples).T.astype(np.float64)
    return means.reshape(resamples, *values.shape[:-1])


def percentile_interval(means: Array, confidence: float) -> tuple[Array, Array]:
    """Lower and upper end of the central interval over the first axis.

    Raises
    ------
    InputError
        If the confidence is no share.

    Examples
    --------
    >>> low, high = percentile_interval(np.arange(101.0), confidence=0.9)
    >>> round(float(low)), round(float(high))
    (5, 95)
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence: {confidence}; give a share between 0 and 1, such as 0.95")
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return low, high
