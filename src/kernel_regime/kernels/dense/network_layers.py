r"""Kernels of dense networks layer by layer, for many pairs of inputs at once, in float64.

The recursion of Jacot et al. (2018), theorem 1, over any chain of dense layers, activations,
residual sums and norms: each layer maps the covariances of all pairs, and the NTK beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import Layer, ParallelLayers, SerialLayers
from kernel_regime.kernels.layers import (
    ConvLayer,
    DenseLayer,
    DropoutLayer,
    FanInSumLayer,
    FanOutLayer,
    FlattenLayer,
    IdentityLayer,
    LayerNormLayer,
)

State = Any
"""What goes from layer to layer: `PairKernels`, or a tuple of them, one a branch."""


@dataclass(frozen=True)
class PairKernels:
    """Both kernels of many pairs of samples at one place of a network.

    Parameters
    ----------
    pairs : GaussianPairs
        Covariances, which are the NNGP kernel.
    ntk : array
        Neural tangent kernel of the layers so far.
    width : int
        Neurons of finite networks, which the standard parametrisation counts.
    same : bool
        Whether each pair is one sample with itself, as on the diagonal of a kernel matrix.
    """

    pairs: GaussianPairs
    ntk: Array
    width: int
    same: bool = False


def network_kernel(
    network: SerialLayers,
    pairs: GaussianPairs,
    features: int,
    get: str,
    *,
    ntk: Array | None = None,
    same: bool = False,
) -> Array:
    """NTK or NNGP of pairs of inputs; see `network_kernels` for the parameters.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> network = read_architecture([{"Dense": {"out_dim": 1}}, "Relu", {"Dense": {"out_dim": 1}}])
    >>> parallel = GaussianPairs.at_angles(np.ones(1), np.ones(1), np.zeros(1))
    >>> network_kernel(network, parallel, 9, "ntk")
    array([1.])
    """
    (values,) = network_kernels(network, pairs, features, (get,), ntk=ntk, same=same)
    return values


def network_kernels(
    network: SerialLayers,
    pairs: GaussianPairs,
    features: int,
    gets: Sequence[str],
    *,
    ntk: Array | None = None,
    same: bool = False,
) -> tuple[Array, ...]:
    """NTK, NNGP or both of pairs of inputs.

    Parameters
    ----------
    network : SerialLayers
        Layers that `unsupported` finds no fault with.
    pairs : GaussianPairs
        Lengths of the inputs over √features, and their angles.
    features : int
        Number of features of the inputs.
    gets : sequence of {"ntk", "nngp"}
        Which kernels.
    ntk : array, optional
        Neural tangent kernel of layers below, whose outputs the inputs then are.
    same : bool
        Whether each pair is one sample with itself.
    """
    ntk = np.zeros_like(pairs.upper) if ntk is None else ntk
    start = PairKernels(pairs, ntk, features, same)
    with np.errstate(all="ignore"):  # what is not finite is refused once, with all values there
        end = _through(network, start)
    return tuple(np.asarray(end.pairs.covariance if get == "nngp" else end.ntk) for get in gets)


def diagonal_kernel(network: SerialLayers, std: Array, features: int, get: str) -> Array:
    """NTK or NNGP of inputs with themselves, from their lengths over √features."""
    pairs = GaussianPairs(std, std, np.zeros_like(std), 2 * std**2)
    return network_kernel(network, pairs, features, get, same=True)


def kernel_at_angles(
    network: SerialLayers, get: str, length: float, angle: Array, *, features: int = 1
) -> Array:
    """NTK or NNGP of inputs of one length over √features, at angles that may be complex."""
    std = np.full(np.shape(angle), float(length))
    return network_kernel(network, GaussianPairs.at_angles(std, std, angle), features, get)


def unsupported(layer: Layer) -> Layer | None:
    """The first layer that the dense engine cannot compute, if any."""
    match layer:
        case SerialLayers() | ParallelLayers():
            found = (unsupported(inner) for inner in layer.layers)
            return next((inner for inner in found if inner is not None), None)
        case DenseLayer(batch_axis=0, channel_axis=-1 | 1):
            return None
        case LayerNormLayer(axis=-1 | 1, batch_axis=0, channel_axis=-1 | 1):
            return None
        case FlattenLayer(batch_axis=0, batch_axis_out=0):
            return None
        case DualActivation() | IdentityLayer() | DropoutLayer() | FanOutLayer() | FanInSumLayer():
            return None
    return layer


def activations_of(layer: Layer) -> list[DualActivation]:
    """All activations of a network."""
    if isinstance(layer, SerialLayers | ParallelLayers):
        return [found for inner in layer.layers for found in activations_of(inner)]
    return [layer] if isinstance(layer, DualActivation) else []


def is_homogeneous(layer: Layer) -> bool:
    """Whether the kernel of c·x is c times that of x, for c > 0."""
    match layer:
        case SerialLayers() | ParallelLayers():
            return all(is_homogeneous(inner) for inner in layer.layers)
        case DenseLayer() | ConvLayer():
            return not layer.b_std and layer.parameterization == "ntk"
        case DualActivation():
            return layer.is_homogeneous
        case DropoutLayer():
            return layer.mode == "test"
        case LayerNormLayer():
            return False
    return True


def _through(layer: Layer, state: State) -> State:
    """Kernels behind a layer, from those before it."""
    match layer:
        case SerialLayers():
            return reduce(lambda before, inner: _through(inner, before), layer.layers, state)
        case ParallelLayers():
            branches = zip(layer.layers, state, strict=True)
            return tuple(_through(inner, before) for inner, before in branches)
        case FanOutLayer():
            return (state,) * layer.num
        case FanInSumLayer():
            pairs = reduce(add, [branch.pairs for branch in state])
            return replace(state[0], pairs=pairs, ntk=sum(branch.ntk for branch in state))
        case DenseLayer():
            return _dense(layer, state)
        case DualActivation():
            activated = layer.activate(state.pairs)
            return replace(state, pairs=activated.pairs, ntk=state.ntk * activated.slope)
        case LayerNormLayer():
            by1, by2 = (np.sqrt(layer.eps + s**2) for s in (state.pairs.std1, state.pairs.std2))
            return replace(state, pairs=state.pairs.divided(by1, by2), ntk=state.ntk / (by1 * by2))
        case DropoutLayer(mode="train"):
            return _dropout(layer, state)
    return state


def _dense(layer: DenseLayer, state: PairKernels) -> PairKernels:
    """Σ ← σ_w²Σ + σ_b², and Θ ← σ_w²Θ plus the kernel of the layer's own weights and biases."""
    bias = layer.b_std or 0.0
    pairs = state.pairs.scaled(layer.W_std).plus_constant(bias)
    ntk = layer.W_std**2 * state.ntk
    if layer.parameterization == "ntk":
        return replace(state, pairs=pairs, ntk=ntk + pairs.covariance, width=layer.out_dim)
    own = state.width / layer.s[0] * state.pairs.covariance + (layer.b_std is not None)
    return replace(state, pairs=pairs, ntk=ntk + own, width=layer.out_dim * layer.s[1])


def _dropout(layer: DropoutLayer, state: PairKernels) -> PairKernels:
    """Variances over the rate; covariances of different samples, whose masks differ, stay."""
    more = state.pairs.scaled(layer.rate**-0.5)
    if state.same:
        return replace(state, pairs=more, ntk=state.ntk / layer.rate)
    moved = more.bound - state.pairs.bound
    upper, lower = state.pairs.upper + moved, state.pairs.lower + moved
    return replace(state, pairs=GaussianPairs(more.std1, more.std2, upper, lower))


def refuse_late_flatten(network: SerialLayers, x: Array) -> None:
    """Refuse images (n, height, width, …) where a dense layer would work on each pixel alone.

    Raises
    ------
    InputError
        Naming the Flatten that comes too late.
    """
    if x.ndim <= 2 or isinstance(network.layers[0], FlattenLayer):
        return
    flatten = next((inner for inner in network.layers if isinstance(inner, FlattenLayer)), None)
    if flatten is not None:
        raise InputError(
            f"{flatten.label} stands behind layers that would treat each pixel of "
            f"{x.shape[1:]} alone; put Flatten first, or write Conv, filter_shape: [1, 1]"
        )
