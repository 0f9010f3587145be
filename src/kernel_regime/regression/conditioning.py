"""What to do with ridges too small for the precision of the kernel."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

logger = logging.getLogger(__name__)

INDEFINITE = 1e-4
"""Negative eigenvalues beyond this share of the largest are no round-off of any precision here."""


def applied_ridges(ridges: Array, smallest: float, largest: float, precision: float) -> Array:
    """Ridges to solve with: those asked for, raised where round-off makes K + λ singular.

    With δ = max(0, −smallest), the round-off that shows, the smallest eigenvalue of K + λ must
    reach max(δ, 10·precision·largest): noise of size −δ comes with noise of size +δ, and below
    10·precision·largest the factorisation itself is noise. Ridges that fall short are raised
    to the least that does not, which is logged. A positive definite kernel keeps ridge 0.

    Parameters
    ----------
    ridges : array (ridges,)
    smallest, largest : float
        Extreme eigenvalues of the kernel.
    precision : float
        Machine epsilon of the factorisation.

    Raises
    ------
    ValueError
        If the kernel is indefinite beyond round-off and a ridge does not make up for it.
    """
    roundoff = max(0.0, -smallest)
    floor = max(roundoff, 10 * precision * max(largest, 0.0), np.finfo(float).tiny) - smallest
    raised = ridges < floor
    if not raised.any():
        return ridges
    if roundoff > INDEFINITE * largest or largest <= 0:
        raise ValueError(
            f"ridge {ridges.min():g}: the kernel is indefinite, its eigenvalues reach from "
            f"{smallest:g} to {largest:g}; use ridges above {roundoff:g} or mend the kernel"
        )
    logger.warning(
        "%d of %d ridges (from %g) are below what round-off allows and were raised to %.3g: "
        "eigenvalues of the kernel reach from %.3g to %.3g",
        raised.sum(), len(ridges), ridges.min(), floor, smallest, largest,
    )  # fmt: skip
    return np.maximum(ridges, floor)
