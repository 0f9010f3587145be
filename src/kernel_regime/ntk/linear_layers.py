"""Linear layers in JAX programs: equations that multiply activations by a parameter.

A dense or convolutional layer computes y = a W, at one position or at many. The gradient of a
logit with respect to W is then the outer product of the signal δ = ∂f/∂y with a, and a neural
tangent kernel never needs that product written out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from kernel_regime.core.extras import from_extra

with from_extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax import lax
    from jax.extend.core import JaxprEqn


@dataclass(frozen=True)
class Weight:
    """Parameter number `leaf` times `scale`, with its entries in some other order or shape."""

    leaf: int
    scale: float = 1.0


@dataclass(frozen=True)
class LinearLayer:
    """One product y = a W of a program.

    Parameters
    ----------
    weight : Weight
        W.
    operand : int
        Which operand of the equation is a.
    y : jax.ShapeDtypeStruct
        What the equation results in.
    inputs, outputs : callable
        Read a as (T, in) and y as (T, out), for the T positions of one sample.
    """

    weight: Weight
    operand: int
    y: jax.ShapeDtypeStruct
    inputs: Callable[[jax.Array], jax.Array]
    outputs: Callable[[jax.Array], jax.Array]


def layer_of(equation: JaxprEqn, weights: Sequence[Weight | None]) -> LinearLayer | None:
    """The dense or convolutional layer an equation is, if it is one."""
    name = equation.primitive.name
    if name == "dot_general" and sum(weight is not None for weight in weights) == 1:
        (weight,) = filter(None, weights)
        return _dense(equation, operand=1 if weights[0] else 0, weight=weight)
    if name == "conv_general_dilated" and weights[0] is None and weights[1] is not None:
        return _convolution(equation, weights[1])
    return None


def _dense(equation: JaxprEqn, operand: int, weight: Weight) -> LinearLayer | None:
    """A contraction of activations with a weight; batched weights are not one layer."""
    contracted, batched = equation.params["dimension_numbers"]
    if batched[0]:
        return None
    axes, sizes = contracted[operand], shape_of(equation.invars[operand])
    fan_in = prod(sizes[axis] for axis in axes)
    fan_out = prod(shape_of(equation.invars[1 - operand])) // fan_in

    def inputs(activation: jax.Array) -> jax.Array:
        last = range(activation.ndim - len(axes), activation.ndim)
        return jnp.moveaxis(activation, axes, last).reshape(-1, fan_in)

    def outputs(y: jax.Array) -> jax.Array:
        return y.reshape(fan_out, -1).T if operand else y.reshape(-1, fan_out)

    return LinearLayer(weight, operand, _result(equation), inputs, outputs)


def _convolution(equation: JaxprEqn, weight: Weight) -> LinearLayer | None:
    """A convolution as a dense layer over patches; grouped ones are not one layer."""
    parameters = equation.params
    if parameters["feature_group_count"] != 1 or parameters["batch_group_count"] != 1:
        return None
    numbers = parameters["dimension_numbers"]
    window = [shape_of(equation.invars[1])[axis] for axis in numbers.rhs_spec[2:]]
    places = [shape_of(equation.outvars[0])[axis] for axis in numbers.out_spec[2:]]
    features = shape_of(equation.outvars[0])[numbers.out_spec[1]]

    def inputs(activation: jax.Array) -> jax.Array:
        image = jnp.transpose(activation, numbers.lhs_spec)
        borders = zip(parameters["padding"], parameters["lhs_dilation"], strict=True)
        edges = [(0, 0, 0)] * 2 + [(low, high, step - 1) for (low, high), step in borders]
        image = lax.pad(image, jnp.zeros((), image.dtype), edges)
        patches = [
            _strided(image, start, places, parameters["window_strides"])
            for start in _starts(window, parameters["rhs_dilation"])
        ]
        return jnp.moveaxis(jnp.stack(patches, 1), (1, 2), (-1, -2)).reshape(prod(places), -1)

    def outputs(y: jax.Array) -> jax.Array:
        batch, feature, *spatial = numbers.out_spec
        return jnp.transpose(y, (batch, *spatial, feature)).reshape(-1, features)

    return LinearLayer(weight, 0, _result(equation), inputs, outputs)


def _result(equation: JaxprEqn) -> jax.ShapeDtypeStruct:
    """Shape and dtype of what an equation results in."""
    aval: Any = equation.outvars[0].aval
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype)


def _starts(window: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, ...]]:
    """Where each tap of a filter starts to read the padded image."""
    taps = np.ndindex(*window)
    return [tuple(i * step for i, step in zip(tap, dilation, strict=True)) for tap in taps]


def _strided(
    image: jax.Array, start: Sequence[int], places: Sequence[int], strides: Sequence[int]
) -> jax.Array:
    """What one tap sees: the image (batch, channels, ...) read from `start` on."""
    steps = zip(start, places, strides, strict=True)
    ends = [low + (count - 1) * stride + 1 for low, count, stride in steps]
    return lax.slice(image, (0, 0, *start), (*image.shape[:2], *ends), (1, 1, *strides))


def shape_of(atom: Any) -> tuple[int, ...]:
    """Shape of a value of the program."""
    return atom.aval.shape
