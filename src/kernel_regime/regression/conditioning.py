"""What to do with ridges too small for the precision of the kernel."""

import logging

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError

logger = logging.getLogger(__name__)

EPSILON = float(np.finfo(np.float64).eps)

INDEFINITE = 1e-4
"""Negative eigenvalues beyond this share of the largest are no round-off of any precision here."""


def least_ridge(smallest: float, largest: float) -> float:
    """The jitter rule: the least ridge that can be solved with, given the extreme eigenvalues.

    With δ = max(0, −smallest), the round-off that shows, the smallest eigenvalue of K + λ must
    reach max(δ, 10·ε·largest), ε the precision of float64: noise of size −δ comes with noise of
    size +δ, and below 10·ε·largest the solver itself is noise. At most 0 for a kernel that is
    positive definite beyond that: ridge 0 then interpolates.
    """
    required = max(-smallest, 10 * EPSILON * largest, np.finfo(np.float64).tiny)
    return required - smallest


def sufficient_shift(ridge: float, norm: float) -> float:
    """A shift σ such that K + σ, if positive definite, proves `ridge` to be at least `least_ridge`.

    `norm` is the largest eigenvalue or more: `ridge` must reach −2·smallest and
    10·ε·largest − smallest.
    """
    return min(ridge / 2, ridge - 10 * EPSILON * norm)


def applied_ridges(ridges: Array, smallest: float, largest: float) -> Array:
    """Ridges to solve with: those asked for, raised to `least_ridge`, which is logged.

    Raises
    ------
    ValueError
        If the kernel is indefinite beyond round-off and a ridge does not make up for it.
    """
    floor = least_ridge(smallest, largest)
    raised = ridges < floor
    if not raised.any():
        return ridges
    if largest <= 0 or -smallest > INDEFINITE * largest:
        raise InputError(
            f"ridge {ridges.min():g}: the kernel is indefinite, its eigenvalues reach from "
            f"{smallest:g} to {largest:g}; use ridges above {-smallest:g} or mend the kernel"
        )
    logger.warning(
        "%d of %d ridges (from %g) are below what round-off allows and were raised to %.3g: "
        "eigenvalues of the kernel reach from %.3g to %.3g",
        *(raised.sum(), len(ridges), ridges.min(), floor, smallest, largest),
    )
    return np.maximum(ridges, floor)
