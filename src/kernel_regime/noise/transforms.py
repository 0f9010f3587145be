"""What the perturbations share: the cosine transform, centring and scaling, image by image."""

import numpy as np
from scipy import fft

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError


def as_float(images: Array) -> Array:
    """Floating images as they are, integer pixels in float64."""
    images = np.asarray(images)
    return images if np.issubdtype(images.dtype, np.floating) else images.astype(np.float64)


def cosine_transform(images: Array) -> Array:
    """Orthonormal two-dimensional DCT-II over height and width, each channel by itself."""
    return fft.dctn(images, axes=(1, 2), norm="ortho")


def inverse_cosine_transform(coefficients: Array) -> Array:
    """Inverse of `cosine_transform`."""
    return fft.idctn(coefficients, axes=(1, 2), norm="ortho")


def norms(images: Array) -> Array:
    """Euclidean norm of every sample, shaped to broadcast against the samples.

    Raises
    ------
    ValueError
        If a sample has norm 0: all callers divide by it.
    """
    flat = images.reshape(len(images), -1)
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    if not lengths.all():
        raise InputError(
            f"sample {int(np.argmin(lengths))} has norm 0 and cannot be scaled; remove it"
        )
    return lengths.reshape(-1, *(1 for _ in images.shape[1:]))


def centre(images: Array) -> Array:
    """Subtract every image's own mean.

    Raises
    ------
    ValueError
        If an image is constant: nothing is left of it, and scaling would divide by zero.
    """
    if refused := refuse_constant(images):
        raise InputError(refused)
    images = as_float(images)
    means = images.reshape(len(images), -1).mean(axis=1)
    return images - means.reshape(-1, *(1 for _ in images.shape[1:]))


def refuse_constant(images: Array) -> str | None:
    """Why these images cannot all be centred and scaled, or None."""
    flat = images.reshape(len(images), -1)
    constant = flat.min(axis=1) == flat.max(axis=1)
    if not constant.any():
        return None
    first = int(np.argmax(constant))
    return (
        f"image {first} is constant (all pixels {flat[first, 0]:g}), so it cannot be centred and "
        "scaled; remove it from the data"
    )


def scale(images: Array) -> Array:
    """Scale every image to Euclidean norm √d, d its number of features."""
    return images * (np.sqrt(images[0].size).astype(images.dtype) / norms(images))


def centre_and_scale(images: Array) -> Array:
    """Grey images with mean 0 and Euclidean norm √d each (Ghorbani et al. 2020, appendix A)."""
    return scale(centre(images))
