"""Finite networks in NTK parametrisation whose infinite-width kernel is known exactly."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import Any

import numpy as np
from pydantic import PositiveInt

from kernel_regime.analysis.spectral_bias.study_settings import Architecture
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.memory import rows_within
from kernel_regime.core.parameters import ParameterType
from kernel_regime.kernels.stax_layers import neural_tangents_stax
from kernel_regime.linalg.symmetric import mirror_upper
from kernel_regime.ntk.factors import Apply

with from_extra("jax"):
    import jax

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

    def draw(self, sample_shape: tuple[int, ...], seed: int) -> tuple[Apply, Any]:
        """`apply(params, x) -> (n, K)` and parameters drawn with this seed."""
        init, apply = _build(self, sample_shape)
        return apply, init(jax.random.PRNGKey(seed))

    def limit(self, x1: Array, x2: Array | None = None) -> Array:
        """Kernel of one output at infinite width, shape (n1, n2), block by block."""
        columns = x1 if x2 is None else x2
        kernel = np.empty((len(x1), len(columns)), x1.dtype)
        evaluate = _limit_function(self.kind)
        pixels = int(np.prod(x1.shape[1:-1]))
        step = max(1, isqrt(rows_within(32 * pixels, PAIRS_SHARE)))  # pairs in a square
        for i in range(0, len(x1), step):
            for j in range(i if x2 is None else 0, len(columns), step):
                rows, others = x1[i : i + step], columns[j : j + step]
                kernel[i : i + step, j : j + step] = evaluate(rows, others)
        if x2 is None:
            mirror_upper(kernel)
        return kernel


@lru_cache(maxsize=16)
def _build(architecture: FiniteNetwork, sample_shape: tuple[int, ...]) -> tuple[Any, Apply]:
    """`init(key)` and `apply`, the same every time: what JAX compiled for them is used again."""
    init, apply, _ = _KINDS[architecture.kind](
        neural_tangents_stax(), architecture.width, architecture.outputs
    )
    return jax.jit(lambda key: init(key, (1, *sample_shape))[1]), apply


def _fully_connected(stax: Any, width: int, outputs: int) -> Any:
    dense = [layer for _ in range(2) for layer in (stax.Dense(width, **HIDDEN), stax.Relu())]
    return stax.serial(*dense, stax.Dense(outputs))


def _convolutional(stax: Any, width: int, outputs: int) -> Any:
    return stax.serial(
        _convolution(stax, width),
        stax.Relu(),
        _convolution(stax, width, strides=(2, 2)),
        stax.Relu(),
        stax.Flatten(),
        stax.Dense(outputs),
    )


def _residual(stax: Any, width: int, outputs: int) -> Any:
    def block() -> Any:
        branch = stax.serial(
            stax.Relu(), _convolution(stax, width), stax.Relu(), _convolution(stax, width)
        )
        return stax.serial(stax.FanOut(2), stax.parallel(branch, stax.Identity()), stax.FanInSum())

    return stax.serial(
        _convolution(stax, width, strides=(2, 2)),
        block(),
        block(),
        stax.Relu(),
        stax.Flatten(),
        stax.Dense(outputs),
    )


def _convolution(stax: Any, width: int, strides: tuple[int, int] = (1, 1)) -> Any:
    return stax.Conv(width, (3, 3), strides, padding="SAME", **HIDDEN)


_KINDS: dict[str, Callable[[Any, int, int], Any]] = {
    "fully_connected": _fully_connected,
    "convolutional": _convolutional,
    "residual": _residual,
}


@lru_cache(maxsize=8)
def _limit_function(kind: str) -> Callable[[Array, Array], Array]:
    """The kernel does not depend on width or outputs, so any will do."""
    kernel = _KINDS[kind](neural_tangents_stax(), 1, 1)[2]
    compiled = jax.jit(lambda x1, x2: kernel(x1, x2, "ntk"))

    def evaluate(x1: Array, x2: Array) -> Array:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`FanIn` layers assume independent inputs")
            return np.asarray(compiled(x1, x2))

    return evaluate
