"""Any architecture of neural-tangents, as a kernel like the others."""

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Any, ClassVar

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.memory import working_memory
from kernel_regime.core.types import Identity
from kernel_regime.kernels.base import register, require_representable
from kernel_regime.kernels.both_kernels import BOTH, BothKernels, Get, InfiniteNetworkKernel
from kernel_regime.kernels.stax_layers import (
    StaxFunctions,
    StaxLayer,
    build_layer,
    current_function,
    returned_network,
)
from kernel_regime.linalg.symmetric import mirror_upper

BUFFERS = 8  # arrays of pair covariances alive at once while a layer runs


@register("stax")
@dataclass(frozen=True)
class StaxKernel(InfiniteNetworkKernel):
    """Kernel of an architecture written in the vocabulary of `neural_tangents.stax`.

    Parameters
    ----------
    architecture : list of layers, or str
        Each layer is a name (`Relu`) or one name with its keyword arguments
        (`{Dense: {out_dim: 1, W_std: 1.4}}`); `serial` and `parallel` hold lists of layers. Or
        `package.module:function`, a function without arguments that returns what `stax.serial`
        returns. Its module is run as its file stands when the kernel is made, imported before or
        not, and the kernel remembers that text. The kernel must not keep pixel axes: end image
        networks with `Flatten` or a global pool.
    get : {"ntk", "nngp"}
        Which kernel.

    Attributes
    ----------
    source : str or None
        SHA-256 of the text of the function's module.

    Raises
    ------
    InputError
        If a layer or one of its arguments does not exist, or the function cannot be imported.

    Examples
    --------
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4}}
    >>> kernel = StaxKernel([dense, "Erf", dense], get="nngp")
    >>> kernel([[1.0, 2.0]]).shape
    (1, 1)
    """

    architecture: Sequence[Any] | str = field(hash=False)
    get: Get = "ntk"
    source: str | None = field(init=False, default=None)
    _function: Callable[[], StaxFunctions] | None = field(
        init=False, default=None, repr=False, compare=False
    )
    largest_tile_edge: ClassVar[int] = 128  # convolutional ones take minutes for that

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.architecture, str):
            function, source = current_function(self.architecture)
            object.__setattr__(self, "_function", function)
            object.__setattr__(self, "source", source)
        else:
            object.__setattr__(self, "architecture", json.loads(json.dumps(self.architecture)))
        self._compiled()

    def __str__(self) -> str:
        return f"{self.kind} ({self.get})"  # messages, without all layers

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """A worker makes its own, of the same text."""
        return _rebuilt, (self.architecture, self.get, self.source)

    @property
    def which(self) -> Get:
        """`get`."""
        return self.get

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """Kernel values of shape (n1, n2), in batches; grey images get a channel."""
        columns = x1 if x2 is None else x2
        matrices = self._values(x1, columns, gets, symmetric=x2 is None)
        for get, values in zip(gets, matrices, strict=True):
            if x2 is None:
                mirror_upper(values)
            require_representable(self.of(get), values, x1, columns)
        return matrices

    def _values(
        self, x1: Array, x2: Array, gets: Sequence[Get], *, symmetric: bool
    ) -> tuple[Array, ...]:
        x1, x2 = _with_channel(x1), _with_channel(x2)
        batch = _batch(x1, max(len(x1), len(x2)))
        tiles = tuple(np.empty((len(x1), len(x2)), x1.dtype) for _ in gets)
        for i in range(0, len(x1), batch):
            for j in range(i if symmetric else 0, len(x2), batch):
                both = self._evaluate(_padded(x1[i : i + batch], batch), x2[j : j + batch])
                for get, tile in zip(gets, tiles, strict=True):
                    tile[i : i + batch, j : j + batch] = getattr(both, get)[: len(x1) - i]
        return tiles

    def _diagonal(self, x: Array) -> Array:
        x = _with_channel(x)
        batch = min(_batch(x, len(x)), 64)
        parts = [
            np.diagonal(getattr(self._evaluate(_padded(part, batch), part), self.get))
            for part in (x[i : i + batch] for i in range(0, len(x), batch))
        ]
        return np.concatenate(parts)

    def identity(self) -> Identity:
        """Architecture, neural-tangents' version and, for a function, the text of its module
        and of what that imports from beside it."""
        content = {
            "kind": self.kind,
            "architecture": self.architecture,
            "get": self.get,
            "neural_tangents": version("neural-tangents"),
        }
        return content if self.source is None else content | {"source": self.source}

    def _evaluate(self, x1: Array, x2: Array) -> BothKernels:
        """One jitted call on len(x1) rows at most; x2 is padded to the same number.

        It computes both kernels whichever is asked for: compiled alone, one would be rounded
        otherwise, and a matrix depend on what it was computed with.
        """
        with jax_precision(x1.dtype), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`FanIn` layers assume independent inputs")
            both = [np.asarray(values) for values in self._compiled()(x1, _padded(x2, len(x1)))]
        if both[0].ndim != 2:
            raise InputError(
                f"architecture: the kernel of two samples has shape "
                f"{both[0].shape[2:]}, not one number; end the architecture with Flatten or "
                "GlobalAvgPool"
            )
        return BothKernels(*(values[:, : len(x2)] for values in both))

    def _compiled(self) -> Callable[[Array, Array], Sequence[ArrayLike]]:
        return _compile(json.dumps(self.architecture), self._function)


def _rebuilt(architecture: Sequence[StaxLayer] | str, get: Get, source: str | None) -> StaxKernel:
    kernel = StaxKernel(architecture, get)
    if kernel.source != source:
        raise InputError(
            f"architecture: the module of {architecture!r} is not the one that the "
            "kernel was made with; bring all machines to one version"
        )
    return kernel


@lru_cache(maxsize=32)
def _compile(
    architecture: str, function: Callable[[], StaxFunctions] | None
) -> Callable[[Array, Array], Sequence[ArrayLike]]:
    """Jitted function of both kernels of what `function` returns, or of layers given as JSON."""
    with from_extra("stax"):
        import jax

    described = json.loads(architecture)
    network = (
        returned_network(function, described)
        if function
        else build_layer("serial", described, "architecture")
    )
    kernel_fn = network[2]
    return jax.jit(lambda x1, x2: kernel_fn(x1, x2, BOTH))


def _with_channel(x: Array) -> Array:
    """Grey images (n, s, s) as (n, s, s, 1); everything else as it is."""
    return x[..., None] if x.ndim == 3 else x


def _batch(x: Array, samples: int) -> int:
    """Rows and columns of one call: convolutions keep every pair of pixels of a pair of images."""
    pixels = int(np.prod(x.shape[1:-1]))
    pairs = working_memory() / 4 / (BUFFERS * x.itemsize * pixels**2)
    return max(1, min(samples, int(np.sqrt(pairs))))


def _padded(x: Array, rows: int) -> Array:
    """Repeat the last sample up to `rows`: one shape, so that JAX compiles once."""
    return np.concatenate([x, np.repeat(x[-1:], rows - len(x), axis=0)])
