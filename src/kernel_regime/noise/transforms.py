"""What the perturbations share: the cosine transform, centring and scaling, image by image."""

from math import prod

import numpy as np
from scipy import fft

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating, require_finite
from kernel_regime.core.errors import InputError
from kernel_regime.core.samples import checked_samples


def cosine_transform(images: Array) -> Array:
    """Orthonormal two-dimensional DCT-II over height and width, each channel by itself.

    Examples
    --------
    >>> cosine_transform(np.ones((1, 2, 2)))
    array([[[2., 0.],
            [0., 0.]]])
    """
    return fft.dctn(images, axes=(1, 2), norm="ortho")


def inverse_cosine_transform(coefficients: Array) -> Array:
    """Inverse of `cosine_transform`.

    Examples
    --------
    >>> inverse_cosine_transform(np.array([[[2.0, 0.0], [0.0, 0.0]]]))
    array([[[1., 1.],
            [1., 1.]]])
    """
    return fft.idctn(coefficients, axes=(1, 2), norm="ortho")


def centre_and_scale(samples: Array) -> Array:
    """Samples with mean 0 and Euclidean norm √d each (Ghorbani et al. 2020, appendix A).

    Parameters
    ----------
    samples : array-like (n, ...)
        Images or vectors of d features on any scale; float64 gives float64.

    Raises
    ------
    InputError
        If a sample is constant: nothing is left of it once its mean is subtracted, and no factor
        gives nothing a norm.

    Examples
    --------
    >>> centre_and_scale([[1, 3], [10, 4]])
    array([[-1.,  1.],
           [ 1., -1.]])
    """
    return scale(centre(samples))


def centre(samples: Array) -> Array:
    """Samples minus their own means, up to a power of two each where values are huge or tiny.

    Raises
    ------
    InputError
        If a sample is constant, or not finite.
    """
    samples = checked_samples(samples, "images")
    if refused := constant_sample(samples):
        raise InputError(refused)
    samples = _within_range(samples)
    means = _rows(samples).mean(axis=1)
    return samples - _per_sample(means, samples)


def scale(samples: Array) -> Array:
    """Samples at Euclidean norm √d, d their number of features.

    Raises
    ------
    InputError
        If a sample has norm 0.
    """
    samples = _within_range(samples)
    features = np.prod(samples.shape[1:])
    return samples * (np.sqrt(features).astype(samples.dtype) / norms(samples))


def norms(samples: Array) -> Array:
    """Euclidean norm of every sample, shaped to broadcast against the samples.

    Raises
    ------
    InputError
        If a sample has norm 0: all callers divide by it.
    """
    flat = _rows(samples)
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    if not lengths.all():
        raise InputError(
            f"sample {int(np.argmin(lengths))} has norm 0 and cannot be scaled; remove it"
        )
    return _per_sample(lengths, samples)


def constant_sample(samples: Array) -> str | None:
    """Why these samples cannot all be centred and scaled, or None.

    Examples
    --------
    >>> constant_sample(np.array([[1, 2], [7, 7]]))[:22]
    'vector 1 is constant ('
    """
    if not samples.size:
        return None
    flat = _rows(samples)
    constant = flat.min(axis=1) == flat.max(axis=1)
    if not constant.any():
        return None
    first = int(np.argmax(constant))
    sample, values = ("image", "pixels") if samples.ndim > 2 else ("vector", "features")
    return (
        f"{sample} {first} is constant (all {values} {flat[first, 0]:g}), so it cannot be centred "
        "and scaled; remove it from the data"
    )


def training_samples(samples: ArrayLike) -> Array:
    """Samples (n, ...) to measure, as an array in their own dtype: bytes stay bytes.

    Raises
    ------
    InputError
        If there are none, they are no numbers, or one is not finite.
    """
    samples = as_array(samples, "training samples")
    if samples.ndim < 2 or not samples.size:
        raise InputError(f"training samples: shape {samples.shape} has nothing to measure")
    as_floating(samples[:1], "training samples")
    if samples.dtype.kind not in "iub":
        require_finite(samples, "training samples")
    return samples


def matching_draws(draws: ArrayLike, samples: Array) -> Array:
    """Draws (n, ...) shaped like the samples, of which they must have as many features.

    Raises
    ------
    InputError
        If there are more or fewer.
    """
    draws = checked_samples(draws, "draws")
    if len(draws) != len(samples) or draws.size != samples.size:
        raise InputError(
            f"draws: shape {draws.shape} does not fit samples of shape {samples.shape}; "
            "draw one number for every feature"
        )
    return draws.reshape(samples.shape)


def within_dtype(samples: Array, level: float) -> Array:
    """Perturbed samples as they are, unless the level was too much for their dtype.

    Raises
    ------
    InputError
        If one is not finite.

    Examples
    --------
    >>> within_dtype(np.float32([[1e38, np.inf]]), level=1e300)
    Traceback (most recent call last):
    ...
    kernel_regime.core.errors.InputError: level 1e+300 makes numbers beyond the range...
    """
    if not np.isfinite(samples).all():
        raise InputError(
            f"level {level:g} makes numbers beyond the range of the samples' dtype; give a smaller "
            "one"
        )
    return samples


def _within_range(samples: Array) -> Array:
    """Samples whose squares neither overflow nor vanish: a power of two off where they would."""
    flat = _rows(samples)
    peaks = np.maximum(flat.max(axis=1, initial=0), -flat.min(axis=1, initial=0))
    limit = 2.0 ** (np.finfo(samples.dtype).maxexp // 4)
    beyond = (peaks > limit) | ((peaks < 1 / limit) & (peaks > 0))
    if not beyond.any():
        return samples
    exponents = np.where(beyond, np.frexp(peaks)[1], 0)
    return np.ldexp(samples, -_per_sample(exponents, samples))


def _rows(samples: Array) -> Array:
    return samples.reshape(len(samples), prod(samples.shape[1:]))


def _per_sample(values: Array, samples: Array) -> Array:
    return values.reshape(-1, *(1 for _ in samples.shape[1:]))
