"""Convolutional kernels of the Myrtle networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.architecture import LayerDescription, read_architecture
from kernel_regime.kernels.base import register, require_representable
from kernel_regime.kernels.both_kernels import Get, InfiniteNetworkKernel
from kernel_regime.kernels.convolutional.convolutional_engine import ConvolutionalEngine

CONVOLUTIONAL_ON_GPU = "kernel_regime.kernels.gpu.convolutional.engine_on_gpu:ConvolutionalOnGpu"
CONVOLUTIONS = {5: (2, 1, 1), 7: (2, 2, 2), 10: (3, 3, 3)}


def myrtle_layers(depth: int, side: int) -> list[LayerDescription]:
    """Layers of a Myrtle network on square images, as `NetworkKernel` takes them.

    Three stages of 3x3 convolutions (stride 1, zero padding), each followed by a ReLU; a 2x2
    average pool behind every stage and up to two more behind the last; flatten, dense. On images
    smaller than 32x32 nothing is left for some of the last pools, which are then left out; on
    larger ones the dense layer sees several positions.

    Parameters
    ----------
    depth : {5, 7, 10}
        Layers with weights.
    side : int
        Image height and width: 4, 8, 16 or a multiple of 32.

    Raises
    ------
    InputError
        If a pool would drop a row of pixels.

    References
    ----------
    Shankar et al. (2020), *Neural Kernels Without Tangents*, figure 1.

    Examples
    --------
    >>> myrtle_layers(5, 4)[-3:]
    ['Relu', 'Flatten', {'Dense': {'out_dim': 1}}]
    """
    if side not in (4, 8, 16) and (side < 32 or side % 32):
        raise InputError(
            f"images: the pools of a Myrtle network do not divide side {side}; "
            "pad or crop to 4, 8, 16 or a multiple of 32"
        )
    convolution: LayerDescription = {
        "Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}
    }
    pool: LayerDescription = {"AvgPool": {"window_shape": [2, 2], "strides": [2, 2]}}
    last = {4: 0, 8: 1, 16: 2}.get(side, 3)
    layers: list[LayerDescription] = []
    for convolutions, pools in zip(CONVOLUTIONS[depth], (1, 1, last), strict=True):
        layers += [convolution, "Relu"] * convolutions + [pool] * pools
    return [*layers, "Flatten", {"Dense": {"out_dim": 1}}]


@dataclass(frozen=True)
class MyrtleKernel(InfiniteNetworkKernel):
    """What the NTK and the NNGP of a Myrtle network share: all but which of the two it is."""

    depth: Literal[5, 7, 10] = 5
    gpu: ClassVar[str | None] = CONVOLUTIONAL_ON_GPU
    largest_tile_edge: ClassVar[int] = 128  # seconds of work

    def of(self, get: Get) -> "MyrtleKernel":
        """Of the same depth."""
        return {"ntk": MyrtleNTK, "nngp": MyrtleNNGP}[get](self.depth)

    def network(self) -> dict[str, Any]:
        """How many layers with weights."""
        return {"kind": "myrtle", "depth": self.depth}

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """Kernel values (n1, n2) of images (n, side, side) or (n, side, side, channels).

        Raises
        ------
        InputError
            If images are not square, or of a side that the pools do not divide.
        """
        matrices = self.convolutional_engine(x1).matrices(x1, x2, gets)
        for get, values in zip(gets, matrices, strict=True):
            require_representable(self.of(get), values, x1, x1 if x2 is None else x2)
        return matrices

    def _diagonal(self, x: Array) -> Array:
        return self.convolutional_engine(x).diagonal(x, self.which)

    def convolutional_engine(self, x: Array) -> ConvolutionalEngine:
        """What computes the kernel of images of this shape."""
        if x.ndim not in (3, 4) or x.shape[1] != x.shape[2]:
            raise InputError(
                "images: a Myrtle kernel needs square images (n, side, side[, channels]), "
                f"got {x.shape}; bring them to that shape"
            )
        return _engine(self.depth, x.shape[1])


@lru_cache(maxsize=16)
def _engine(depth: int, side: int) -> ConvolutionalEngine:
    return ConvolutionalEngine(read_architecture(myrtle_layers(depth, side)))


@register("myrtle_ntk")
@dataclass(frozen=True)
class MyrtleNTK(MyrtleKernel):
    """Neural tangent kernel of a Myrtle network: see `myrtle_layers` for its layers.

    NTK parametrisation, weights of variance 1, no biases, ReLU not rescaled: the defaults of
    neural-tangents' `stax`. In float32 the relative error on CIFAR-10 is below 3e-6 between
    images and 1.1e-5 on the diagonal (the NNGP: 4e-6). It can reach 5e-4 between images that
    coincide, up to a factor, over constant areas: there cos θ = 1 − θ²/2 hides half the digits of
    the angle, in any implementation.

    Parameters
    ----------
    depth : {5, 7, 10}
        Layers with weights.

    References
    ----------
    Shankar et al. (2020), *Neural Kernels Without Tangents*; Ghorbani et al. (2020), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.ones((2, 4, 4, 3)) * [[[[1.0]]], [[[2.0]]]]
    >>> matrix = MyrtleNTK(depth=5)(images)
    >>> (matrix / matrix[0, 0]).round(6)
    array([[1., 2.],
           [2., 4.]])
    """

    @property
    def which(self) -> Get:
        """The NTK."""
        return "ntk"


@register("myrtle_nngp")
@dataclass(frozen=True)
class MyrtleNNGP(MyrtleKernel):
    """Covariance of the outputs of the network of `MyrtleNTK` at initialisation.

    Parameters
    ----------
    depth : {5, 7, 10}
        Layers with weights.

    Examples
    --------
    >>> import numpy as np
    >>> float(MyrtleNNGP().diagonal(np.zeros((1, 4, 4)))[0])
    0.0
    """

    @property
    def which(self) -> Get:
        """The NNGP."""
        return "nngp"
