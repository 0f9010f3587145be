r"""Neural tangent kernels of infinitely wide networks whose pixels meet in a Flatten only, in JAX.

Where Flatten, not an average over pixels, ends the convolutions, the kernel needs covariances of
each pixel with the same pixel of the other image alone (Arora et al. 2019, section 4): four fields
over the pixels go from layer to layer. That takes convolutions of any stride, which the engines of
`kernel_regime.kernels` do not compute, at a few operations a pixel.
"""

from functools import partial
from operator import add
from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
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


class PixelKernels(NamedTuple):
    """Kernels of all pairs of images, pixel by pixel, at one place of a network.

    Parameters
    ----------
    variance1, variance2 : arrays (n1, 1, height, width), (1, n2, height, width)
        Of the preactivations of either image.
    covariance, ntk : arrays (n1, n2, height, width)
        NNGP kernel and neural tangent kernel.
    """

    variance1: jax.Array
    variance2: jax.Array
    covariance: jax.Array
    ntk: jax.Array


@partial(jax.jit, static_argnames="network")
def pixelwise_ntk(network: SerialLayers, x1: Array, x2: Array) -> jax.Array:
    """Neural tangent kernel, shape (n1, n2), of images (n, height, width, channels).

    Parameters
    ----------
    network : SerialLayers
        Dense layers, convolutions, ReLUs, residual sums and one Flatten, as `read_architecture`
        gives them.
    x1, x2 : arrays
        Images of one size.

    Examples
    --------
    One pixel through one ReLU, 1 from either layer of weights:

    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> first = {"Conv": {"out_chan": 1, "filter_shape": [1, 1], "W_std": 2**0.5}}
    >>> network = read_architecture([first, "Relu", "Flatten", {"Dense": {"out_dim": 1}}])
    >>> pixelwise_ntk(network, np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))).item()
    2.0
    """
    left, right = jnp.asarray(x1), jnp.asarray(x2)
    covariance = jnp.einsum("ahwc,bhwc->abhw", left, right, precision="highest") / left.shape[-1]
    variance1, variance2 = (jnp.mean(x * x, axis=-1) for x in (left, right))
    start = PixelKernels(variance1[:, None], variance2[None], covariance, 0 * covariance)
    return _through(network, start).ntk


def _through(layer: Layer, state: PyTree) -> PyTree:
    """Kernels behind a layer, from those before it."""
    match layer:
        case SerialLayers():
            for inner in layer.layers:
                state = _through(inner, state)
            return state
        case ParallelLayers():
            return tuple(map(_through, layer.layers, state))
        case FanOutLayer():
            return (state,) * layer.num
        case FanInSumLayer():
            first, second = state
            return PixelKernels(*map(add, first, second))
        case ConvLayer():
            return _linear(layer, PixelKernels(*(_filtered(layer, field) for field in state)))
        case FlattenLayer():
            return PixelKernels(*(field.mean(axis=(2, 3)) for field in state))
        case DenseLayer():
            return _linear(layer, state)
        case ReluActivation():
            return _rectified(state)
        case IdentityLayer():
            return state
    raise TypeError(f"{layer.label} has no kernel pixel by pixel")


def _linear(layer: DenseLayer | ConvLayer, state: PixelKernels) -> PixelKernels:
    """Σ ← σ_w²Σ + σ_b², and Θ ← σ_w²Θ + Σ."""
    weight, bias = layer.W_std**2, (layer.b_std or 0.0) ** 2
    *covariances, ntk = state
    variance1, variance2, covariance = (weight * field + bias for field in covariances)
    return PixelKernels(variance1, variance2, covariance, weight * ntk + covariance)


def _filtered(layer: ConvLayer, field: jax.Array) -> jax.Array:
    """Mean over the filter's window around each output pixel, nothing being outside the image."""
    strides = layer.strides or (1, 1)
    edges = jax.lax.padtype_to_pads(field.shape[2:], layer.filter_shape, strides, layer.padding)
    padded = jnp.pad(field, ((0, 0), (0, 0), *edges))
    height, width = (
        size - window + 1 for size, window in zip(padded.shape[2:], layer.filter_shape, strict=True)
    )
    rows, columns = layer.filter_shape
    # Slices instead of a window reduction, which XLA leaves to one slow loop on CPUs.
    shifted = [
        padded[:, :, i : i + height : strides[0], j : j + width : strides[1]]
        for i in range(rows)
        for j in range(columns)
    ]
    return sum(shifted[1:], shifted[0]) / len(shifted)


def _rectified(state: PixelKernels) -> PixelKernels:
    """Dual activation of the ReLU (Cho & Saul 2009), by the angle between preactivations."""
    bound = jnp.sqrt(state.variance1 * state.variance2)
    sine = jnp.sqrt(jnp.maximum((bound - state.covariance) * (bound + state.covariance), 0))
    opposite = jnp.arctan2(sine, -state.covariance)  # π − θ
    covariance = (sine + opposite * state.covariance) / (2 * np.pi)
    slope = opposite / (2 * np.pi)
    return PixelKernels(state.variance1 / 2, state.variance2 / 2, covariance, state.ntk * slope)
