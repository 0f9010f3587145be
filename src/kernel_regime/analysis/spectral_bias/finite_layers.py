"""Finite networks of described layers, in plain JAX: initial parameters and outputs.

Dense layers and convolutions in NTK parametrisation, ReLUs, Flatten and residual sums. Draws and
outputs are those of neural-tangents from the same key, so that results do not depend on whether it
is installed.
"""

from functools import partial, reduce
from operator import add

from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree
from kernel_regime.kernels.dual_activations.rectified import ReluActivation
from kernel_regime.kernels.layer import Layer, ParallelLayers, SerialLayers
from kernel_regime.kernels.layers import (
    ConvLayer,
    DenseLayer,
    FanInSumLayer,
    FanOutLayer,
    FlattenLayer,
    IdentityLayer,
)

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

AXES = ("NHWC", "HWIO", "NHWC")
"""Order of the axes of inputs, filters and outputs of convolutions."""


def draw_parameters(layer: Layer, key: jax.Array, x: PyTree) -> PyTree:
    """Standard normal weights and biases of a layer, in its own nesting.

    Parameters
    ----------
    layer : Layer
        What `read_architecture` gives, of the layers named above.
    key : array
        `jax.random.PRNGKey`.
    x : array, or tuple of them
        Inputs of the layer, or their `jax.ShapeDtypeStruct`.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> network = read_architecture([{"Dense": {"out_dim": 3}}, "Relu", {"Dense": {"out_dim": 1}}])
    >>> drawn = draw_parameters(network, jax.random.PRNGKey(0), jnp.ones((1, 4)))
    >>> apply_layer(network, drawn, jnp.ones((5, 4))).shape
    (5, 1)
    """
    match layer:
        case SerialLayers():
            drawn = []
            for inner in layer.layers:
                key, own = jax.random.split(key)
                drawn.append(draw_parameters(inner, own, x))
                x = jax.eval_shape(partial(apply_layer, inner), drawn[-1], x)
            return drawn
        case ParallelLayers():
            branches = zip(layer.layers, jax.random.split(key, len(layer.layers)), x, strict=True)
            return [draw_parameters(*branch) for branch in branches]
        case DenseLayer():
            return _normal(key, (x.shape[-1], layer.out_dim), layer.b_std, (1, layer.out_dim))
        case ConvLayer():
            weights = (*layer.filter_shape, x.shape[-1], layer.out_chan)
            return _normal(key, weights, layer.b_std, (1, 1, 1, layer.out_chan))
    return ()


def apply_layer(layer: Layer, params: PyTree, x: PyTree) -> PyTree:
    """Outputs of a layer, from its parameters and inputs.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> apply_layer(read_architecture(["Flatten"]), [()], jnp.ones((2, 4, 4, 3))).shape
    (2, 48)
    """
    match layer:
        case SerialLayers():
            for inner, own in zip(layer.layers, params, strict=True):
                x = apply_layer(inner, own, x)
            return x
        case ParallelLayers():
            return tuple(map(apply_layer, layer.layers, params, x))
        case FanOutLayer():
            return (x,) * layer.num
        case FanInSumLayer():
            return reduce(add, x)
        case DenseLayer():
            weights, bias = params
            return _scaled(layer, x @ weights, len(weights), bias)
        case ConvLayer():
            weights, bias = params
            strides, fan_in = layer.strides or (1, 1), weights[..., 0].size
            sums = jax.lax.conv_general_dilated(
                x, weights, strides, layer.padding, dimension_numbers=AXES
            )
            return _scaled(layer, sums, fan_in, bias)
        case ReluActivation():
            return jnp.maximum(x, 0)
        case FlattenLayer():
            return x.reshape(len(x), -1)
        case IdentityLayer():
            return x
    raise TypeError(f"{layer.label} has no finite network here")


def _normal(
    key: jax.Array, weights: tuple[int, ...], b_std: float | None, biases: tuple[int, ...]
) -> tuple[jax.Array, jax.Array | None]:
    """Weights, and biases where there are any."""
    of_weights, of_biases = jax.random.split(key)
    bias = None if b_std is None else jax.random.normal(of_biases, biases)
    return jax.random.normal(of_weights, weights), bias


def _scaled(
    layer: DenseLayer | ConvLayer, sums: jax.Array, fan_in: int, bias: jax.Array | None
) -> jax.Array:
    """σ_w/√fan-in times sums over inputs, plus σ_b times biases."""
    outputs = layer.W_std / fan_in**0.5 * sums
    return outputs if bias is None else outputs + layer.b_std * bias
