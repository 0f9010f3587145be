"""Where a network's weights meet its activations, found by reading its JAX program.

A dense or convolutional layer computes y = a W, at one position or at many. The gradient of a
logit with respect to W is then the outer product of the signal δ = ∂f/∂y with a, and a neural
tangent kernel never needs that product written out. This module walks the traced program of
any `apply`, follows every parameter through reshapes and transposes, and reports the products
it enters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Jaxpr, JaxprEqn, Literal

RELAYOUTS = {"reshape", "transpose", "squeeze", "rev", "copy", "copy_p", "convert_element_type"}
CALLS = {"pjit": "jaxpr", "jit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr"}


@dataclass(frozen=True)
class Weight:
    """The parameter `leaf` times `scale`, with its entries in some other order or shape."""

    leaf: int
    scale: float = 1.0


@dataclass(frozen=True)
class Product:
    """One y = a W: how to read a as (T, in) and y as (T, out), T positions of one sample."""

    weight: Weight
    inputs: Callable[[jax.Array], jax.Array]
    outputs: Callable[[jax.Array], jax.Array]


OnProduct = Callable[[Product, jax.Array, jax.Array], jax.Array]
OnOtherUse = Callable[[Weight], None]


def interpret(
    program: Jaxpr,
    constants: Sequence[Any],
    arguments: Sequence[Any],
    weights: Sequence[Weight | None],
    on_product: OnProduct,
    on_other_use: OnOtherUse,
) -> tuple[list[Any], list[Weight | None]]:
    """Evaluate a program, letting `on_product(product, a, y)` replace the y of every product.

    `weights` says which arguments are parameters. `on_other_use` hears of every parameter that
    enters anything else, results included. Returns the results, and which of them are plain
    parameters.
    """
    values = dict(zip(program.constvars, constants, strict=True))
    values.update(zip(program.invars, arguments, strict=True))
    known = {v: w for v, w in zip(program.invars, weights, strict=True) if w}

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    def role(atom: Any) -> Weight | None:
        return None if isinstance(atom, Literal) else known.get(atom)

    for equation in program.eqns:
        operands = [read(atom) for atom in equation.invars]
        roles = [role(atom) for atom in equation.invars]
        found: list[Weight | None] = [None] * len(equation.outvars)
        name = equation.primitive.name
        if not any(roles):
            results = _bind(equation, operands)
        elif name in CALLS:
            inner = equation.params[CALLS[name]]
            body, consts = getattr(inner, "jaxpr", inner), getattr(inner, "consts", ())
            results, found = interpret(body, consts, operands, roles, on_product, on_other_use)
        elif relaid := _relayout(equation, roles):
            results = _bind(equation, operands)
            found = [relaid]
        elif product := _product(equation, roles):
            results = _bind(equation, operands)
            activation = operands[1 if roles[0] else 0]
            results = [on_product(product, activation, results[0])]
        else:
            for weight in filter(None, roles):
                on_other_use(weight)
            results = _bind(equation, operands)
        values.update(zip(equation.outvars, results, strict=True))
        known.update((v, w) for v, w in zip(equation.outvars, found, strict=True) if w)
    return [read(a) for a in program.outvars], [role(a) for a in program.outvars]


def _bind(equation: JaxprEqn, operands: Sequence[Any]) -> list[Any]:
    """Evaluate one equation as it stands."""
    functions, parameters = equation.primitive.get_bind_params(equation.params)
    results = equation.primitive.bind(*functions, *operands, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]


def _shape(atom: Any) -> tuple[int, ...]:
    """Shape of a value of the program."""
    return atom.aval.shape


def _relayout(equation: JaxprEqn, roles: Sequence[Weight | None]) -> Weight | None:
    """The parameter that comes out with the same entries, up to order and one constant."""
    name, weight = equation.primitive.name, roles[0]
    if name in RELAYOUTS:
        return weight
    if name == "broadcast_in_dim" and weight:
        same_size = prod(_shape(equation.invars[0])) == prod(_shape(equation.outvars[0]))
        return weight if same_size else None
    if name in ("mul", "div") and weight and isinstance(equation.invars[1], Literal):
        constant = float(equation.invars[1].val)
        return replace(weight, scale=weight.scale * (constant if name == "mul" else 1 / constant))
    if name == "mul" and roles[1] and isinstance(equation.invars[0], Literal):
        return replace(roles[1], scale=roles[1].scale * float(equation.invars[0].val))
    return None


def _product(equation: JaxprEqn, roles: Sequence[Weight | None]) -> Product | None:
    """The dense or convolutional layer an equation is, if it is one."""
    name = equation.primitive.name
    if name == "dot_general" and sum(role is not None for role in roles) == 1:
        return _dense(equation, roles)
    if name == "conv_general_dilated" and roles[0] is None and roles[1] is not None:
        return _convolution(equation, roles[1])
    return None


def _dense(equation: JaxprEqn, roles: Sequence[Weight | None]) -> Product | None:
    """A contraction of activations with a weight; batched weights are not one layer."""
    contracted, batched = equation.params["dimension_numbers"]
    if batched[0]:
        return None
    weight_first = roles[0] is not None
    weight = roles[0] or roles[1]
    assert weight is not None
    axes = contracted[1 if weight_first else 0]
    sizes = _shape(equation.invars[1 if weight_first else 0])
    fan_in = prod(sizes[axis] for axis in axes)
    fan_out = prod(_shape(equation.invars[0 if weight_first else 1])) // fan_in

    def inputs(activation: jax.Array) -> jax.Array:
        last = range(activation.ndim - len(axes), activation.ndim)
        return jnp.moveaxis(activation, axes, last).reshape(-1, fan_in)

    def outputs(y: jax.Array) -> jax.Array:
        return y.reshape(fan_out, -1).T if weight_first else y.reshape(-1, fan_out)

    return Product(weight, inputs, outputs)


def _convolution(equation: JaxprEqn, weight: Weight) -> Product | None:
    """A convolution as a dense layer over patches; grouped ones are not one layer."""
    parameters = equation.params
    if parameters["feature_group_count"] != 1 or parameters["batch_group_count"] != 1:
        return None
    numbers = parameters["dimension_numbers"]
    window = [_shape(equation.invars[1])[axis] for axis in numbers.rhs_spec[2:]]
    places = [_shape(equation.outvars[0])[axis] for axis in numbers.out_spec[2:]]
    features = _shape(equation.outvars[0])[numbers.out_spec[1]]

    def inputs(activation: jax.Array) -> jax.Array:
        image = jnp.transpose(activation, numbers.lhs_spec)
        borders = zip(parameters["padding"], parameters["lhs_dilation"], strict=True)
        edges = [(0, 0, 0)] * 2 + [(low, high, step - 1) for (low, high), step in borders]
        image = lax.pad(image, jnp.zeros((), image.dtype), edges)
        shifts = [
            _strided(image, offset, places, parameters["window_strides"])
            for offset in _offsets(window, parameters["rhs_dilation"])
        ]
        return jnp.moveaxis(jnp.stack(shifts, 1), (1, 2), (-1, -2)).reshape(prod(places), -1)

    def outputs(y: jax.Array) -> jax.Array:
        batch, feature, *spatial = numbers.out_spec
        return jnp.transpose(y, (batch, *spatial, feature)).reshape(-1, features)

    return Product(weight, inputs, outputs)


def _offsets(window: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, ...]]:
    """Where each tap of a filter starts to read the padded image."""
    taps = np.ndindex(*window)
    return [tuple(i * step for i, step in zip(tap, dilation, strict=True)) for tap in taps]


def _strided(
    image: jax.Array, offset: Sequence[int], places: Sequence[int], strides: Sequence[int]
) -> jax.Array:
    """What one tap sees: the image (batch, channels, ...) read from `offset` on."""
    steps = zip(offset, places, strides, strict=True)
    ends = [start + (count - 1) * stride + 1 for start, count, stride in steps]
    return lax.slice(image, (0, 0, *offset), (*image.shape[:2], *ends), (1, 1, *strides))
