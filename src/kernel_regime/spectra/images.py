"""Images as the spectral experiments want them: grey, of a given size, centred."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernel_regime.networks.resizing import LUMINANCE, interpolation

Array = NDArray[Any]


def grey(images: Array) -> Array:
    """Luminance (n, s, s) of colour images (n, s, s, 3); grey ones as they are."""
    return images @ np.asarray(LUMINANCE, images.dtype) if images.ndim == 4 else images


def centre_and_scale(inputs: Array) -> Array:
    """Every sample with mean 0 and norm √d.

    Raw pixels are positive: one eigenfunction, nearly constant, would outweigh all others.
    """
    rows = inputs.reshape(len(inputs), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled = rows * np.sqrt(rows.shape[1]) / np.where(norms > 0, norms, 1)
    return scaled.reshape(inputs.shape).astype(inputs.dtype)


def resize(images: Array, side: int) -> Array:
    """Images (n, s, s) at another size: bilinear, as image libraries do, none lost at edges."""
    if images.shape[1:] == (side, side):
        return images
    down, across = (interpolation(old, side).astype(images.dtype) for old in images.shape[1:])
    return down @ images @ across.T
