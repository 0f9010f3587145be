"""Random streams from seeds that users give."""

from operator import index
from typing import SupportsIndex

import numpy as np

from kernel_regime.core.errors import InputError


def seeded(seed: SupportsIndex, *part: int) -> np.random.Generator:
    """Random stream of a seed, or of a part of what it decides: the same numbers everywhere.

    Parameters
    ----------
    seed : int
        From 0 on.
    *part : int
        Which part: every one has a stream of its own.

    Raises
    ------
    InputError
        If it is negative or no integer.

    Examples
    --------
    >>> int(seeded(0).integers(100)), int(seeded(0, 7).integers(100))
    (85, 79)
    >>> seeded(-1)
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: seed: -1 is no seed; give an integer from 0 on
    """
    try:
        number = index(seed)
    except TypeError:
        number = -1
    if number < 0 or isinstance(seed, bool):
        raise InputError(f"seed: {seed!r} is no seed; give an integer from 0 on")
    return np.random.default_rng([number, *part])
