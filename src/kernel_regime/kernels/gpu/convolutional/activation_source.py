"""CUDA source of activations: calls of `activations.cuh` with their constants."""

from collections.abc import Iterable

import numpy as np

from kernel_regime.kernels.activation_steps.arcsine import DOUBLE, SINGLE
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

FUNCTIONS = {
    RELU: "rectified_linear",
    PIECEWISE_LINEAR: "piecewise_linear",
    KINK: "jump",
    ERROR_FUNCTION: "error_function",
    GELU: "gelu",
    GAUSSIAN: "gaussian",
    GABOR: "gabor",
    SINE: "sine",
    EXPONENTIAL: "exponential_sum",
    NORMALISED_EXPONENTIAL: "normalised_exponential",
}


def literals(values: Iterable[float], cast: str) -> str:
    """Arguments of C++ that are these numbers to the last bit.

    Examples
    --------
    >>> literals([0.5, 2.0], "T")
    'T(0.5), T(2.0)'
    """
    return ", ".join(f"{cast}({float(value)!r})" for value in values)


def arcsine_source() -> str:
    """Macros of the polynomials that `activations.cuh` evaluates."""
    polynomials = {
        "ARCSINE_FLOAT": (SINGLE, "float"),
        "ARCSINE_DOUBLE": (DOUBLE, "double"),
        "HALVED_ARCSINE_FLOAT": ([c / 2 for c in SINGLE], "float"),
        "HALVED_ARCSINE_DOUBLE": ([c / 2 for c in DOUBLE], "double"),
    }
    lines = (f"#define {name} {literals(*given)}\n" for name, given in polynomials.items())
    return "".join(lines)


def activation_source(name: str, step: ActivationStep, factors: int) -> str:
    """A struct `name` for `activate`; nothing for a series, which has code of its own.

    Examples
    --------
    >>> step = ActivationStep(KINK, (0.0, 2.0), lambda variances: variances)
    >>> print(activation_source("Sign", step, 1).rstrip())
    struct Sign {
      static constexpr int factors = 1;
      template <class T> static DEVICE void apply(T& nngp, T& tangent, const T* a, const T* b) {
        jump(nngp, tangent, a, b, T(0.0), T(2.0));
      }
    };
    """
    if step.code == SERIES:
        return ""
    if step.code == RECTIFIED_POWER:
        body = _rectified_power(step.constants)
    else:
        constants = () if step.code == RELU else step.constants
        arguments = ", ".join(
            ["nngp, tangent, a, b", *([literals(constants, "T")] * bool(constants))]
        )
        body = f"{FUNCTIONS[step.code]}({arguments});"
    return (
        f"struct {name} {{\n  static constexpr int factors = {factors};\n"
        "  template <class T> static DEVICE void apply(T& nngp, T& tangent, const T* a, const T* b)"
        f" {{\n    {body}\n  }}\n}};\n"
    )


def _rectified_power(constants: tuple[float, ...]) -> str:
    """Arc-cosine kernels: see `activation_steps.rectified.rectified_power`."""
    number = int(constants[0]) + 1
    parts = np.array(constants[1:]).reshape(4, number)[:, ::-1]
    value, turned, slope, turned_slope = (f"horner(t, {literals(p, 'T')})" for p in parts)
    return (
        "const T t = nngp * (a[2] * b[2]), y = sine_of_angle(t), "
        "turns = T(0.5) + half_turns(t, y);\n"
        f"    const T value = {value} * y + {turned} * turns;\n"
        f"    const T slope = {slope} * y + {turned_slope} * turns;\n"
        "    finish(nngp, tangent, a[0] * b[0] * value, a[1] * b[1] * slope);"
    )
