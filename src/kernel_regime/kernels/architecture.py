"""Network architectures as data: lists of layers, read once and checked layer by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.parameters import build
from kernel_regime.kernels import dual_activations
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.layer import (
    LAYERS,
    ONLY_STAX,
    Layer,
    ParallelLayers,
    SerialLayers,
    UncheckedLayer,
)
from kernel_regime.kernels.layers import (
    AvgPoolLayer,
    ConvLayer,
    DenseLayer,
    DropoutLayer,
    FanInConcatLayer,
    FanInProdLayer,
    FanInSumLayer,
    FanOutLayer,
    FlattenLayer,
    GlobalAvgPoolLayer,
    GlobalSumPoolLayer,
    LayerNormLayer,
    SumPoolLayer,
)

LayerDescription = str | Mapping[str, Any]
"""A name, or one name with its keyword arguments: `{"Dense": {"out_dim": 1, "W_std": 1.4}}`."""

CONTAINERS = ("serial", "parallel", "residual")
PIXELS = (ConvLayer, AvgPoolLayer, SumPoolLayer)
HEADS = (FlattenLayer, GlobalAvgPoolLayer, GlobalSumPoolLayer)
NAMES = (*LAYERS, *ONLY_STAX, *CONTAINERS)
assert dual_activations  # importing it declares the activations


def read_architecture(given: Sequence[LayerDescription]) -> SerialLayers:
    """Layers from their description in the vocabulary of `neural_tangents.stax`.

    `serial` and `parallel` hold lists of layers; `residual: [layers]` is short for a sum of these
    layers and the identity, `FanOut`, `parallel` and `FanInSum`. Reading needs no neural-tangents.

    Parameters
    ----------
    given : list of str or mapping
        Each layer is a name, or one name with its keyword arguments.

    Raises
    ------
    InputError
        One line that names the layer's place, for an unknown layer or argument, branches that do
        not fit, activations of what is not Gaussian, or pixels that are left over.

    Examples
    --------
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4}}
    >>> read_architecture([dense, "Erf", dense]).layers[1]
    ErfActivation(a=1.0, b=1.0, c=0.0)
    >>> read_architecture([dense, "Rellu", dense])
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: architecture[1]: there is no layer 'Rellu'; did you \
mean 'Relu'?
    """
    network = _container("serial", given, "architecture")
    assert isinstance(network, SerialLayers)
    check_flow(network)
    return network


def _read(given: LayerDescription, place: str) -> Layer:
    """One layer from its name, or from its name and keyword arguments."""
    if isinstance(given, str):
        return _build(given, None, place)
    if isinstance(given, Mapping) and len(given) == 1:
        ((name, arguments),) = given.items()
        return _build(name, arguments, place)
    raise InputError(
        f"{place}: {given!r} is no layer; "
        "write a name, or one name with its arguments: {Dense: {out_dim: 1}}"
    )


def _build(name: str, arguments: object, place: str) -> Layer:
    """A layer or container of a name."""
    if name in CONTAINERS:
        return _container(name, arguments, place)
    arguments = {} if arguments is None else arguments
    if name not in NAMES:
        raise InputError(f"{place}: there is no layer {name!r}; {did_you_mean(str(name), NAMES)}")
    if not isinstance(arguments, Mapping):
        raise InputError(
            f"{place}: {name} holds {arguments!r}; give its arguments by name, {{argument: value}}"
        )
    if name in ONLY_STAX:
        return UncheckedLayer(name, dict(arguments)).at(place)
    built = build(LAYERS[name], arguments, f"{place}: {name}").at(place)
    return _checked_filter(built)


def _container(name: str, given: object, place: str) -> Layer:
    """`serial`, `parallel` or `residual` of a list of layers."""
    if isinstance(given, str | Mapping) or not isinstance(given, Sequence) or not given:
        raise InputError(f"{place}: {name} holds {given!r}; give it a list of layers")
    layers = tuple(_read(one, f"{place}[{i}]") for i, one in enumerate(given))
    if name == "parallel":
        return ParallelLayers(layers).at(place)
    serial = SerialLayers(layers).at(place)
    if name == "serial":
        return serial
    branches = ParallelLayers((serial, LAYERS["Identity"]().at(place))).at(place)
    parts = (FanOutLayer(2).at(place), branches, FanInSumLayer().at(place))
    return SerialLayers(parts).at(place)


def _checked_filter(built: Layer) -> Layer:
    """Refuse filters that have no centre to keep pixels in place."""
    if isinstance(built, ConvLayer) and built.padding != "VALID":
        for size in built.filter_shape:
            if size % 2 == 0:
                raise InputError(
                    f"{built.label}.filter_shape: {size} is even, which shifts images by half a "
                    f"pixel (padding {built.padding}); give an odd size, for example {size + 1}"
                )
    return built


@dataclass(frozen=True)
class _Flow:
    """What arrives at a layer: branches, or one output."""

    gaussian: bool = False
    pixels: str = ""  # the layer that works on pixels, none of which is left where empty
    branches: tuple["_Flow", ...] | None = None


def check_flow(network: SerialLayers) -> None:
    """Refuse architectures whose layers do not fit together.

    Raises
    ------
    InputError
        Naming the first layer that does not fit.
    """
    end = _flow(network, _Flow())
    if end.branches is not None:
        raise InputError(
            f"{network.layers[-1].label} leaves {len(end.branches)} branches; end with FanInSum"
        )
    if end.pixels:
        raise InputError(
            f"{network.layers[-1].label} leaves pixel axes (of {end.pixels}), so that two samples "
            "have more than one kernel value; add Flatten or GlobalAvgPool behind the last layer "
            "that works on pixels"
        )


def _flow(layer: Layer, flow: _Flow) -> _Flow:
    """What leaves a layer."""
    if isinstance(layer, SerialLayers):
        for inner in layer.layers:
            flow = _flow(inner, flow)
        return flow
    if isinstance(layer, ParallelLayers):
        return _through_branches(layer, flow)
    if isinstance(layer, FanInSumLayer | FanInProdLayer | FanInConcatLayer):
        return _joined(layer, flow)
    if flow.branches is not None:
        raise InputError(
            f"{layer.label} stands behind {len(flow.branches)} branches; "
            "put it into parallel, or FanInSum before it"
        )
    if isinstance(layer, FanOutLayer):
        return _Flow(branches=(flow,) * layer.num)
    if isinstance(layer, DualActivation | LayerNormLayer) and not flow.gaussian:
        raise InputError(
            f"{layer.label} needs Gaussian inputs; put a Dense or Conv layer right before it"
        )
    if isinstance(layer, DualActivation):
        return replace(flow, gaussian=False)
    if isinstance(layer, DropoutLayer):
        return replace(flow, gaussian=flow.gaussian and layer.mode == "test")
    if isinstance(layer, HEADS):
        keeps = flow.gaussian and not isinstance(layer, FlattenLayer)
        return _Flow(gaussian=keeps)
    if isinstance(layer, PIXELS):
        gaussian = flow.gaussian or isinstance(layer, ConvLayer)
        return _Flow(gaussian=gaussian, pixels=layer.label)
    if isinstance(layer, DenseLayer | UncheckedLayer):
        return replace(flow, gaussian=True)
    return flow


def _through_branches(layer: ParallelLayers, flow: _Flow) -> _Flow:
    """Every branch through its own layer."""
    if flow.branches is None or len(flow.branches) != len(layer.layers):
        given = "one input" if flow.branches is None else f"{len(flow.branches)} branches"
        raise InputError(
            f"{layer.label} has {len(layer.layers)} layers for {given}; "
            f"put {{FanOut: {{num: {len(layer.layers)}}}}} right before it"
        )
    pairs = zip(layer.layers, flow.branches, strict=True)
    return _Flow(branches=tuple(_flow(inner, branch) for inner, branch in pairs))


def _joined(layer: Layer, flow: _Flow) -> _Flow:
    """All branches as one."""
    if flow.branches is None:
        raise InputError(f"{layer.label} has no branches; put FanOut and parallel before it")
    gaussian = all(branch.gaussian for branch in flow.branches)
    if isinstance(layer, FanInSumLayer) and not gaussian and len(flow.branches) > 1:
        raise InputError(
            f"{layer.label} needs Gaussian branches; end each with Dense or Conv, or put one "
            "before the FanOut"
        )
    if isinstance(layer, FanInProdLayer | FanInConcatLayer) and len(flow.branches) > 1:
        gaussian = False
    pixels = next((branch.pixels for branch in flow.branches if branch.pixels), "")
    return _Flow(gaussian=gaussian, pixels=pixels)
