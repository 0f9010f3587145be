"""Layers of network descriptions that are no activations: linear maps, pools, branches, norms.

Names, arguments and defaults are those of `neural_tangents.stax`. A layer here is data: what it
does to a kernel is said by the engine that computes it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from kernel_regime.kernels.layer import Layer, Magnitude, layer

Padding = Literal["SAME", "VALID", "CIRCULAR"]
Parameterization = Literal["ntk", "standard"]
Shape = tuple[PositiveInt, ...]


@layer("Dense")
@dataclass(frozen=True)
class DenseLayer(Layer):
    """Fully connected layer, in the NTK parametrisation unless said otherwise.

    Parameters
    ----------
    out_dim : int
        Width of finite networks; the kernel's is infinite. It counts for the layer above where
        that has the standard parametrisation.
    W_std, b_std : float
        Standard deviations of weights and biases; no bias where `b_std` is left out.
    batch_axis, channel_axis : int
        Axes of samples and of features.
    parameterization : {"ntk", "standard"}
        How weights are scaled, which changes the NTK.
    s : (int, int)
        Scalings of the widths below and above, in the standard parametrisation.
    """

    out_dim: PositiveInt
    W_std: Magnitude = 1.0
    b_std: Magnitude | None = None
    batch_axis: int = 0
    channel_axis: int = -1
    parameterization: Parameterization = "ntk"
    s: tuple[PositiveInt, PositiveInt] = (1, 1)


@layer("Conv")
@dataclass(frozen=True)
class ConvLayer(Layer):
    """Convolution of images (n, height, width, channels).

    Parameters
    ----------
    out_chan : int
        Channels of finite networks; the kernel's are infinitely many.
    filter_shape : (int, ...)
        Height and width of the filter.
    strides : (int, ...), optional
        One each where left out.
    padding : {"VALID", "SAME", "CIRCULAR"}
        At the edges.
    W_std, b_std : float
        Standard deviations of weights and biases; no bias where `b_std` is left out.
    dimension_numbers : optional
        Order of the axes.
    parameterization : {"ntk", "standard"}
        How weights are scaled, which changes the NTK.
    s : (int, int)
        Scalings of the widths below and above, in the standard parametrisation.
    """

    out_chan: PositiveInt
    filter_shape: Shape
    strides: Shape | None = None
    padding: Padding = "VALID"
    W_std: Magnitude = 1.0
    b_std: Magnitude | None = None
    dimension_numbers: tuple[str, str, str] | None = None
    parameterization: Parameterization = "ntk"
    s: tuple[PositiveInt, PositiveInt] = (1, 1)


@layer("AvgPool")
@dataclass(frozen=True)
class AvgPoolLayer(Layer):
    """Averages over windows of pixels.

    Parameters
    ----------
    window_shape : (int, ...)
        Height and width of a window.
    strides : (int, ...), optional
        One each where left out.
    padding : {"VALID", "SAME", "CIRCULAR"}
        At the edges.
    normalize_edges : bool
        Whether averages count existing pixels only, with SAME padding.
    batch_axis, channel_axis : int
        Axes of samples and of features.
    """

    window_shape: Shape
    strides: Shape | None = None
    padding: Padding = "VALID"
    normalize_edges: bool = False
    batch_axis: int = 0
    channel_axis: int = -1


@layer("SumPool")
@dataclass(frozen=True)
class SumPoolLayer(Layer):
    """Sums over windows of pixels, with the arguments of AvgPool."""

    window_shape: Shape
    strides: Shape | None = None
    padding: Padding = "VALID"
    batch_axis: int = 0
    channel_axis: int = -1


@layer("GlobalAvgPool")
@dataclass(frozen=True)
class GlobalAvgPoolLayer(Layer):
    """Average over all pixels."""

    batch_axis: int = 0
    channel_axis: int = -1


@layer("GlobalSumPool")
@dataclass(frozen=True)
class GlobalSumPoolLayer(Layer):
    """Sum over all pixels."""

    batch_axis: int = 0
    channel_axis: int = -1


@layer("Flatten")
@dataclass(frozen=True)
class FlattenLayer(Layer):
    """Pixels and channels as one axis of features."""

    batch_axis: int = 0
    batch_axis_out: int = 0


@layer("LayerNorm")
@dataclass(frozen=True)
class LayerNormLayer(Layer):
    """Division by the root of the variance over features, which must be Gaussian.

    Parameters
    ----------
    axis : int or (int, ...)
        Over which axes variances are taken.
    eps : float
        Added to variances.
    batch_axis, channel_axis : int
        Axes of samples and of features.
    """

    axis: int | tuple[int, ...] = -1
    eps: Magnitude = 1e-12
    batch_axis: int = 0
    channel_axis: int = -1


@layer("Dropout")
@dataclass(frozen=True)
class DropoutLayer(Layer):
    """Dropout: in training every sample has its own mask, in testing nothing happens.

    Parameters
    ----------
    rate : float
        Share of neurons that are kept.
    mode : {"train", "test"}
        In training, E[u²] is divided by the rate, and covariances of different samples are not.
    """

    rate: Annotated[float, Field(gt=0, le=1)]
    mode: Literal["train", "test"] = "train"


@layer("Identity")
@dataclass(frozen=True)
class IdentityLayer(Layer):
    """The network below, unchanged."""


@layer("FanOut")
@dataclass(frozen=True)
class FanOutLayer(Layer):
    """As many copies of the network below, for `parallel` branches.

    Parameters
    ----------
    num : int
        How many.
    """

    num: PositiveInt


@layer("FanInSum")
@dataclass(frozen=True)
class FanInSumLayer(Layer):
    """Sum of all branches, whose outputs must be Gaussian."""


@layer("FanInProd")
@dataclass(frozen=True)
class FanInProdLayer(Layer):
    """Product of all branches."""


@layer("FanInConcat")
@dataclass(frozen=True)
class FanInConcatLayer(Layer):
    """All branches side by side along one axis."""

    axis: int = -1
