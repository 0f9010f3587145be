"""Grey images, and images at another size."""

import numpy as np

from kernel_regime.core.arrays import Array

LUMINANCE = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue in grey images (ITU-R BT.709), as scikit-image takes them."""


def grey(images: Array) -> Array:
    """Luminance (n, s, s) of colour images (n, s, s, 3); grey ones as they are."""
    return images @ np.asarray(LUMINANCE, images.dtype) if images.ndim == 4 else images


def resize(images: Array, side: int) -> Array:
    """Images (n, s, s) at another size: bilinear, as image libraries do, none lost at edges."""
    if images.shape[1:] == (side, side):
        return images
    down, across = (interpolation(old, side).astype(images.dtype) for old in images.shape[1:])
    return down @ images @ across.T


def interpolation(old: int, new: int) -> Array:
    """Bilinear weights (new, old), as image libraries take them.

    The triangle is as wide as the step where images shrink, so that every old pixel counts.
    """
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)) / max(scale, 1)
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)
