"""Finite networks in NTK parametrisation whose infinite-width kernel is known exactly."""

from dataclasses import dataclass
from functools import lru_cache, partial
from math import isqrt

import numpy as np
from pydantic import PositiveInt

from kernel_regime.analysis.spectral_bias.finite_layers import apply_layer, draw_parameters
from kernel_regime.analysis.spectral_bias.pixelwise_kernels import pixelwise_ntk
from kernel_regime.analysis.spectral_bias.study_settings import Architecture
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.memory import rows_within
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.types import PyTree
from kernel_regime.kernels.architecture import LayerDescription, read_architecture
from kernel_regime.kernels.infinite_network import NetworkKernel
from kernel_regime.kernels.layer import SerialLayers
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.factors import Apply

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

HIDDEN = {"W_std": 2**0.5, "b_std": 0.1}
"""Scale of hidden weights that keeps the variance of ReLU layers, and a little bias."""

PAIRS_SHARE = 1 / 8
"""Of the working memory, for the pixel covariances of one block of pairs."""


@dataclass(frozen=True)
class FiniteNetwork(ParameterType):
    """Finite network in NTK parametrisation, of some kind, width and number of outputs.

    Parameters
    ----------
    kind : {"fully_connected", "convolutional", "residual"}
        Three dense layers; two 3×3 convolutions and a dense layer; or a convolution, two
        residual blocks of two convolutions each, and a dense layer. All with ReLUs.
    width : int
        Units or channels of every hidden layer.
    outputs : int
        K.

    Examples
    --------
    >>> network = FiniteNetwork("fully_connected", width=16, outputs=2)
    >>> network.prepare(np.ones((3, 4, 4))).shape
    (3, 16)
    """

    kind: Architecture
    width: PositiveInt
    outputs: PositiveInt

    def prepare(self, images: Array) -> Array:
        """Float32 inputs: vectors for dense layers, images with a channel axis for others."""
        images = np.asarray(images, np.float32)
        if self.kind == "fully_connected":
            return images.reshape(len(images), -1)
        if images.ndim == 2:
            raise InputError(f"{self.kind}: inputs are vectors; give images (n, s, s[, c])")
        return images[..., None] if images.ndim == 3 else images

    def draw(self, sample_shape: tuple[int, ...], seed: int) -> tuple[Apply, PyTree]:
        """`apply(params, x) -> (n, K)` and parameters drawn with this seed."""
        return _apply(self), _draw(self, sample_shape, jax.random.PRNGKey(seed))

    def limit(self, x1: Array, x2: Array | None = None) -> Array:
        """Kernel of one output at infinite width, shape (n1, n2), in the dtype of the inputs."""
        if self.kind == "fully_connected":
            return NetworkKernel(self.layers())(x1, x2)
        columns = x1 if x2 is None else x2
        kernel = np.empty((len(x1), len(columns)), x1.dtype)
        network = _network(FiniteNetwork(self.kind, 1, 1))  # no kernel depends on the width
        pixels = int(np.prod(x1.shape[1:-1]))
        step = max(1, isqrt(rows_within(32 * pixels, PAIRS_SHARE)))  # pairs in a square
        for i in range(0, len(x1), step):
            for j in range(i if x2 is None else 0, len(columns), step):
                rows, others = x1[i : i + step], columns[j : j + step]
                kernel[i : i + step, j : j + step] = pixelwise_ntk(network, rows, others)
        if x2 is None:
            mirror_upper(kernel)
        return kernel

    def layers(self) -> list[LayerDescription]:
        """The network in the vocabulary of `NetworkKernel`."""
        last: LayerDescription = {"Dense": {"out_dim": self.outputs}}
        dense: LayerDescription = {"Dense": {"out_dim": self.width, **HIDDEN}}
        if self.kind == "fully_connected":
            return [dense, "Relu", dense, "Relu", last]
        same, halving = (_convolution(self.width, stride) for stride in (1, 2))
        if self.kind == "convolutional":
            return [same, "Relu", halving, "Relu", "Flatten", last]
        block: LayerDescription = {"residual": ["Relu", same, "Relu", same]}
        return [halving, block, block, "Relu", "Flatten", last]


def _convolution(width: int, stride: int) -> LayerDescription:
    sizes = {"filter_shape": [3, 3], "strides": [stride, stride]}
    return {"Conv": {"out_chan": width, "padding": "SAME", **sizes, **HIDDEN}}


@lru_cache(maxsize=16)
def _network(architecture: FiniteNetwork) -> SerialLayers:
    return read_architecture(architecture.layers())


@lru_cache(maxsize=16)
def _apply(architecture: FiniteNetwork) -> Apply:
    """The same function every time: what JAX compiled for it is used again."""
    return partial(apply_layer, _network(architecture))


@partial(jax.jit, static_argnames=("architecture", "sample_shape"))
def _draw(architecture: FiniteNetwork, sample_shape: tuple[int, ...], key: jax.Array) -> PyTree:
    return draw_parameters(_network(architecture), key, jnp.zeros((1, *sample_shape)))
