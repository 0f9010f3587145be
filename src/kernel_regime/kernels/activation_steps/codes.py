"""Numbers by which compiled loops know activations, and what they need to know of each."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kernel_regime.core.arrays import Array

RELU, PIECEWISE_LINEAR, KINK, RECTIFIED_POWER = range(1, 5)
ERROR_FUNCTION, GELU, GAUSSIAN, GABOR = range(5, 9)
SINE, EXPONENTIAL, NORMALISED_EXPONENTIAL = range(9, 12)
SERIES = 12


@dataclass(frozen=True)
class ActivationStep:
    """What compiled loops need of one dual activation.

    Parameters
    ----------
    code : int
        Which step of `activation_steps`.
    constants : tuple of float
        The activation's own numbers.
    factors : callable
        Maps variances (...) to what each pixel contributes by itself, (..., F), in their dtype.
        F is the same for all variances, but for `SERIES`: fill up the fewer with zeros.
    """

    code: int
    constants: tuple[float, ...]
    factors: Callable[[Array], Array] = field(repr=False)
