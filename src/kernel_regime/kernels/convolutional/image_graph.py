"""Networks on images as graphs: operations on pixels, the head, and the dense layers behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

from kernel_regime.kernels.dense.network_layers import unsupported
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.layer import Layer, ParallelLayers, SerialLayers
from kernel_regime.kernels.layers import (
    AvgPoolLayer,
    ConvLayer,
    DenseLayer,
    DropoutLayer,
    FanInSumLayer,
    FanOutLayer,
    FlattenLayer,
    GlobalAvgPoolLayer,
    IdentityLayer,
)

HEADS = (FlattenLayer, GlobalAvgPoolLayer)


class Operation(NamedTuple):
    """A layer and the operations, by number, whose values it takes; None for the pixels."""

    layer: Layer | None
    sources: tuple[int, ...] = ()

    @property
    def is_pool(self) -> bool:
        """Whether pixels become fewer."""
        return isinstance(self.layer, AvgPoolLayer)

    @property
    def is_gaussian(self) -> bool:
        """Whether what leaves, pools apart, is a Gaussian process."""
        return isinstance(self.layer, ConvLayer | DenseLayer | FanInSumLayer)


@dataclass(frozen=True)
class ImageGraph:
    """What a network does to images.

    Parameters
    ----------
    operations : tuple of Operation
        On pixels, each behind its sources; the first are the pixels.
    output : int
        The operation that the head sees.
    head : Layer
        Flatten or GlobalAvgPool.
    tail : SerialLayers
        What follows, on one number per pair of images.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> convolution = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}
    >>> network = read_architecture([convolution, "Relu", "Flatten", {"Dense": {"out_dim": 1}}])
    >>> image_graph(network).output
    2
    """

    operations: tuple[Operation, ...]
    output: int
    head: Layer
    tail: SerialLayers

    @property
    def is_gaussian(self) -> bool:
        """Whether the head sees a Gaussian process."""
        return self.operations[self.base(self.output)].is_gaussian

    @property
    def mixes_pixels(self) -> bool:
        """Whether the kernel depends on pairs of pixels at different places."""
        pools = any(operation.is_pool for operation in self.operations)
        return pools or not isinstance(self.head, FlattenLayer)

    def base(self, operation: int) -> int:
        """The operation behind which only pools lead to this one."""
        while self.operations[operation].is_pool:
            (operation,) = self.operations[operation].sources
        return operation


def image_graph(network: SerialLayers) -> ImageGraph:
    """The graph of layers that `unsupported_on_images` finds no fault with."""
    layers = _chain(network)
    place = next(i for i, layer in enumerate(layers) if isinstance(layer, HEADS))
    operations = [Operation(None)]
    output = reduce(lambda state, layer: _grow(layer, state, operations), layers[:place], 0)
    return ImageGraph(tuple(operations), output, layers[place], SerialLayers(layers[place + 1 :]))


def unsupported_on_images(network: SerialLayers) -> Layer | None:
    """The first layer that the convolutional engine cannot compute, if any."""
    layers = _chain(network)
    heads = [i for i, layer in enumerate(layers) if isinstance(layer, HEADS)]
    before = layers[: heads[0]] if heads else layers
    for layer in _leaves(before):
        if not _on_pixels(layer):
            return layer
    if not heads:
        return unsupported(network)
    tail = layers[heads[0] :]
    found = (layer for layer in _leaves(tail) if not _behind_the_head(layer))
    return next(found, None)


def _chain(network: SerialLayers) -> tuple[Layer, ...]:
    """Layers one after the other, those of nested `serial` among them."""
    return tuple(
        inner
        for layer in network.layers
        for inner in (_chain(layer) if isinstance(layer, SerialLayers) else (layer,))
    )


def _leaves(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    """All layers that hold no others."""
    for layer in layers:
        if isinstance(layer, SerialLayers | ParallelLayers):
            yield from _leaves(layer.layers)
        else:
            yield layer


def _on_pixels(layer: Layer) -> bool:
    """Whether the plane loops can compute a layer."""
    match layer:
        case ConvLayer(parameterization="ntk", dimension_numbers=None | ("NHWC", "HWIO", "NHWC")):
            one = layer.filter_shape == (1, 1)
            fits = layer.strides in (None, (1, 1)) and (layer.padding != "VALID" or one)
            return fits and len(layer.filter_shape) == 2
        case AvgPoolLayer(batch_axis=0, channel_axis=-1 | 3):
            windows = layer.window_shape
            return len(windows) == 2 and (layer.strides or (1, 1)) == windows
        case DenseLayer(parameterization="ntk", batch_axis=0, channel_axis=-1 | 3):
            return True
    passing = DualActivation | IdentityLayer | FanOutLayer | FanInSumLayer
    return isinstance(layer, passing) or _is_test(layer)


def _behind_the_head(layer: Layer) -> bool:
    """Whether the dense engine's layers compute a layer, without regard to pixels."""
    if isinstance(layer, GlobalAvgPoolLayer):
        return layer.batch_axis == 0 and layer.channel_axis in (-1, 3)
    if isinstance(layer, DenseLayer) and layer.parameterization != "ntk":
        return False  # it counts pixels
    return unsupported(layer) is None and (not isinstance(layer, DropoutLayer) or _is_test(layer))


def _is_test(layer: Layer) -> bool:
    return isinstance(layer, DropoutLayer) and layer.mode == "test"


def _grow(layer: Layer, state: Any, operations: list[Operation]) -> Any:
    """What leaves a layer: the number of an operation, or one for each branch."""
    match layer:
        case SerialLayers():
            return reduce(lambda before, one: _grow(one, before, operations), layer.layers, state)
        case ParallelLayers():
            branches = zip(layer.layers, state, strict=True)
            return tuple(_grow(inner, before, operations) for inner, before in branches)
        case FanOutLayer():
            return (state,) * layer.num
        case FanInSumLayer() if len(state) == 1:
            return state[0]
        case IdentityLayer() | DropoutLayer():
            return state
    sources = state if isinstance(state, tuple) else (state,)
    operations.append(Operation(layer, sources))
    return len(operations) - 1
