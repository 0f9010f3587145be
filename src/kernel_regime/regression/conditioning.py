"""Conditioning: what to do with ridges too small for the precision of the kernel, and its scale."""

import logging

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.products import diagonal_of

logger = logging.getLogger(__name__)

EPSILON = float(np.finfo(np.float64).eps)

INDEFINITE = 1e-4
"""Negative eigenvalues beyond this share of the largest are no round-off of any precision here."""


def scale_of(kernel: Matrix) -> float:
    """Power of two near the largest diagonal entry of a kernel; 1 for a kernel of zeros.

    Divided by it, a kernel of any scale can be squared without leaving the range of float64, and
    no digit changes.

    Examples
    --------
    >>> scale_of(np.diag([3.0, 4.5]))
    4.0
    """
    return scale_of_diagonal(diagonal_of(kernel))


def scale_of_diagonal(diagonal: Array) -> float:
    """`scale_of` a kernel with that diagonal (n,).

    Examples
    --------
    >>> scale_of_diagonal(np.array([3.0, 4.5]))
    4.0
    """
    largest = float(np.abs(diagonal).max())
    return 2.0 ** int(np.log2(largest)) if 0 < largest < np.inf else 1.0


def least_ridge(smallest: float, largest: float) -> float:
    """Jitter rule: the least ridge that can be solved with, given the extreme eigenvalues.

    With δ = max(0, −smallest), the round-off that shows, the smallest eigenvalue of K + λ must
    reach max(δ, 10·ε·largest), ε the precision of float64: noise of size −δ comes with noise of
    size +δ, and below 10·ε·largest the solver itself is noise. At most 0 for a kernel that is
    positive definite beyond that: ridge 0 then interpolates.

    Examples
    --------
    >>> least_ridge(0.5, 1.0) < 0 < least_ridge(-1e-9, 1.0)
    True
    """
    required = max(-smallest, 10 * EPSILON * largest, np.finfo(np.float64).tiny)
    return required - smallest


def without_noise(eigenvalues: Array, largest: float) -> Array:
    """Eigenvalues, but 0 for those that are round-off beside the largest: see `least_ridge`.

    Examples
    --------
    >>> without_noise(np.array([-1e-15, 1e-15, 1e-3]), largest=1.0).tolist()
    [0.0, 0.0, 0.001]
    """
    return np.where(np.abs(eigenvalues) < 10 * EPSILON * largest, 0.0, eigenvalues)


def refuse_indefinite(smallest: float, largest: float, ridge: float = 0.0) -> None:
    """Refuse a kernel whose extreme eigenvalues are no round-off of a positive one's.

    Raises
    ------
    InputError
        Naming the ridge that does not make up for it.

    Examples
    --------
    >>> refuse_indefinite(-1e-9, 1.0)
    """
    if -smallest > INDEFINITE * max(largest, 0.0):
        raise InputError(
            f"ridge {ridge:g}: the kernel is indefinite, its eigenvalues reach from "
            f"{smallest:g} to {largest:g}; use ridges above {-smallest:g} or mend the kernel"
        )


def sufficient_shift(ridge: float, norm: float) -> float:
    """A shift σ such that K + σ, if positive definite, proves `ridge` to be at least `least_ridge`.

    `norm` is the largest eigenvalue or more: `ridge` must reach −2·smallest and
    10·ε·largest − smallest.

    Examples
    --------
    >>> sufficient_shift(0.2, norm=1.0)
    0.1
    """
    return min(ridge / 2, ridge - 10 * EPSILON * norm)


def applied_ridges(ridges: Array, smallest: float, largest: float) -> Array:
    """Ridges to solve with: those asked for, raised to `least_ridge`, which is logged.

    Raises
    ------
    InputError
        If the kernel is indefinite beyond round-off and a ridge does not make up for it.

    Examples
    --------
    >>> applied_ridges(np.array([0.0, 0.1]), smallest=0.5, largest=1.0)
    array([0. , 0.1])
    """
    least = least_ridge(smallest, largest)
    raised = ridges < least
    if not raised.any():
        return ridges
    if largest == smallest == 0:
        raise InputError(f"ridge {ridges.min():g}: the kernel is zero; use ridges above 0")
    refuse_indefinite(smallest, largest, float(ridges.min()))
    logger.warning(
        "%d of %d ridges (from %g) are below what round-off allows and were raised to %.3g: "
        "eigenvalues of the kernel reach from %.3g to %.3g",
        *(raised.sum(), len(ridges), ridges.min(), least, smallest, largest),
    )
    return np.maximum(ridges, least)
