"""Dual activations on rows of vectors, for the loops of the engines.

`step_of` says of a dual activation, in Python, what compiled loops need: a code, constants, and the
factors that each pixel contributes, which are computed once an image (a sample of a dense network
is as one pixel). `activate_columns` is what those loops call: Σ becomes E[φ(u)φ(v)], and the
tangent kernel Θ·E[φ'(u)φ'(v)] + E[φ(u)φ(v)], which is what the next layer takes. Which activation
it is is decided once a row.

Σ, σ and σ' are all that is given, so that near |ρ| = 1 angles have half of the digits: what a kink
makes of them is wrong by √ε there, as in any implementation, though not where pixels coincide.
"""

from typing import Any

from kernel_regime.core.arrays import Array
from kernel_regime.core.compilation import compiled
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.activation_steps.codes import (
    ERROR_FUNCTION,
    EXPONENTIAL,
    GABOR,
    GAUSSIAN,
    GELU,
    KINK,
    NORMALISED_EXPONENTIAL,
    PIECEWISE_LINEAR,
    RECTIFIED_POWER,
    RELU,
    SERIES,
    SINE,
    ActivationStep,
)
from kernel_regime.kernels.activation_steps.exponentials import (
    exponential_of_distance,
    exponential_of_sum,
    exponential_step,
    gabor,
    gabor_step,
    normalised_exponential,
    normalised_exponential_step,
    sine,
    sine_step,
)
from kernel_regime.kernels.activation_steps.rectified import (
    kink,
    kink_step,
    piecewise_linear,
    piecewise_linear_columns,
    rectified_power,
    rectified_power_step,
)
from kernel_regime.kernels.activation_steps.series import (
    hermite_series,
    power_series,
    series_columns,
)
from kernel_regime.kernels.activation_steps.smooth import (
    error_function,
    error_function_step,
    gaussian,
    gaussian_step,
    gelu,
    gelu_step,
)
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.exponentials import (
    ExpActivation,
    ExpNormalizedActivation,
    RbfActivation,
    Sine,
)
from kernel_regime.kernels.dual_activations.numerical import HermiteSeries
from kernel_regime.kernels.dual_activations.polynomial_powers import Powers
from kernel_regime.kernels.dual_activations.rectified import (
    PiecewiseLinear,
    ReluActivation,
    SignActivation,
)
from kernel_regime.kernels.dual_activations.rectified_powers import RectifiedMonomialActivation
from kernel_regime.kernels.dual_activations.smooth import (
    ErrorFunction,
    GaborActivation,
    GaussianActivation,
    GeluActivation,
)
from kernel_regime.linalg.simd import load, store


def step_of(activation: DualActivation) -> ActivationStep:
    """Code, constants and factors of a dual activation.

    Raises
    ------
    InputError
        If no step has been written for it.

    Examples
    --------
    >>> import numpy as np
    >>> step_of(ReluActivation()).factors(np.array([np.pi / 2, 0.0])).round(3)
    array([[0.5  , 0.798],
           [0.   , 0.   ]])
    """
    match activation:
        case PiecewiseLinear():
            return piecewise_linear(activation)
        case SignActivation():
            return kink(0.0, 2.0)
        case RectifiedMonomialActivation(degree=0):
            return kink(0.25, 0.5)
        case RectifiedMonomialActivation(degree=1):
            return piecewise_linear(ReluActivation())
        case RectifiedMonomialActivation():
            return rectified_power(activation.degree)
        case ErrorFunction():
            return error_function(activation)
        case GeluActivation():
            return gelu()
        case GaussianActivation():
            return gaussian(activation)
        case GaborActivation():
            return gabor()
        case Sine():
            return sine(activation)
        case ExpActivation():
            return exponential_of_sum(activation)
        case RbfActivation():
            return exponential_of_distance(activation)
        case ExpNormalizedActivation():
            return normalised_exponential(activation)
        case Powers():
            return power_series(activation)
        case HermiteSeries():
            return hermite_series(activation)
    raise InputError(f"{activation.label}: no step for compiled loops; use another activation")


@compiled(inline="always")
def step_columns(
    step: Any, constants: Array, rows: Array, places: Any, first: Any, second: Any, span: Any
) -> None:
    """One step on the columns of `activate_columns`."""
    (factors1, at1), (factors2, at2) = first, second
    nngp, tangent_in, tangent_out = places
    start, stop, number = span
    for x in range(start, stop):
        value, tangent = step(
            load(rows, (nngp + x,)),
            load(rows, (tangent_in + x,)),
            factors1,
            at1 + number * x,
            factors2,
            at2 + number * x,
            constants,
        )
        store(rows, (nngp + x,), value)
        store(rows, (tangent_out + x,), tangent + value)


@compiled(nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def activate_columns(
    code: int, constants: Array, rows: Array, places: Any, first: Any, second: Any, span: Any
) -> None:
    """Columns of a row of Σ and Θ become those of E[φφ'] and of Θ·E[φ'φ'] + E[φφ'].

    Parameters
    ----------
    code : int
        Of `ActivationStep`.
    constants : array (c,)
        The activation's, float64.
    rows : array (m, 16)
        Where all rows lie.
    places : (int, int, int)
        Where the row of Σ begins, which is changed in place, the row of Θ, and the row that
        takes the new one, which may be the same.
    first, second : (array, int)
        Factors of the pixels of either image, (f,) or (f, 16), and where those of column 0 begin.
    span : (int, int, int)
        First column, the one after the last, and factors per pixel.
    """
    if code in (RELU, PIECEWISE_LINEAR):
        piecewise_linear_columns(constants, rows, places, first, second, span)
    elif code == KINK:
        step_columns(kink_step, constants, rows, places, first, second, span)
    elif code == RECTIFIED_POWER:
        step_columns(rectified_power_step, constants, rows, places, first, second, span)
    elif code == ERROR_FUNCTION:
        step_columns(error_function_step, constants, rows, places, first, second, span)
    elif code == GELU:
        step_columns(gelu_step, constants, rows, places, first, second, span)
    elif code == GAUSSIAN:
        step_columns(gaussian_step, constants, rows, places, first, second, span)
    elif code == GABOR:
        step_columns(gabor_step, constants, rows, places, first, second, span)
    elif code == SINE:
        step_columns(sine_step, constants, rows, places, first, second, span)
    elif code == EXPONENTIAL:
        step_columns(exponential_step, constants, rows, places, first, second, span)
    elif code == NORMALISED_EXPONENTIAL:
        step_columns(normalised_exponential_step, constants, rows, places, first, second, span)
    elif code == SERIES:
        series_columns(constants, rows, places, first, second, span)
