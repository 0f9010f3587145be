"""Grey images, and images at another size."""

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_array, as_floating

LUMINANCE = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue in grey images (ITU-R BT.709), as scikit-image takes them."""


def grey(images: ArrayLike) -> Array:
    """Luminance (n, s, s) of colour images (n, s, s, 3); grey ones as they are.

    Examples
    --------
    >>> float(grey(np.full((1, 1, 1, 3), 200, np.uint8))[0, 0, 0].round(9))
    200.0
    """
    array = as_array(images, "images")
    if array.ndim != 4:
        return array
    colours = as_floating(array, "images")
    return colours @ np.asarray(LUMINANCE, colours.dtype)


def resize(images: ArrayLike, side: int) -> Array:
    """Images (n, s, s) at another size: bilinear, as image libraries do, none lost at edges.

    Examples
    --------
    >>> resize(np.array([[[0.0, 2.0], [4.0, 6.0]]]), 1).tolist()
    [[[3.0]]]
    """
    array = as_array(images, "images")
    if array.shape[1:] == (side, side):
        return array
    values = as_floating(array, "images")
    down, across = (interpolation(old, side).astype(values.dtype) for old in values.shape[1:])
    return down @ values @ across.T


def interpolation(old: int, new: int) -> Array:
    """Bilinear weights (new, old), as image libraries take them.

    The triangle is as wide as the step where images shrink, so that every old pixel counts.

    Examples
    --------
    >>> interpolation(4, 2).round(3).tolist()
    [[0.429, 0.429, 0.143, 0.0], [0.0, 0.143, 0.429, 0.429]]
    """
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)) / max(scale, 1)
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)
