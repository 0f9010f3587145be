"""Images at another size, as a product with one small matrix per axis."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LUMINANCE = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue in grey images (ITU-R BT.709)."""


def interpolation(old: int, new: int) -> Array:
    """Bilinear weights (new, old), as image libraries take them.

    The triangle is as wide as the step where images shrink, so that every old pixel counts.
    """
    scale = old / new
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)) / max(scale, 1)
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)
