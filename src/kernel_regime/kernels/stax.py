"""Any architecture of neural-tangents, as a kernel like the others."""

import hashlib
import importlib
import inspect
import json
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.kernels.base import Kernel
from kernel_regime.linalg.symmetric import mirror_upper

Layer = str | dict[str, Any]

CONTAINERS = ("serial", "parallel")
BATCH_BYTES = 2**28  # for the pairs of one jitted call
BUFFERS = 8  # arrays of pair covariances alive at once while a layer runs


@dataclass(frozen=True)
class StaxKernel(Kernel):
    """Kernel of an architecture written in the vocabulary of `neural_tangents.stax`.

    Parameters
    ----------
    architecture : list of layers, or str
        Each layer is a name (`Relu`) or one name with its keyword arguments
        (`{Dense: {out_dim: 1, W_std: 1.4}}`); `serial` and `parallel` hold lists of layers. Or
        `package.module:function`, a function without arguments that returns what `stax.serial`
        returns. The kernel must not keep pixel axes: end image networks with `Flatten` or a
        global pool.
    get : {"ntk", "nngp"}
        Which kernel.

    Raises
    ------
    ValueError
        If a layer or one of its arguments does not exist, or the function cannot be imported.

    Examples
    --------
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4}}
    >>> kernel = StaxKernel([dense, "Erf", dense], get="nngp")
    """

    architecture: Sequence[Layer] | str = field(hash=False)
    get: str = "ntk"
    largest_tile_edge: ClassVar[int] = 128  # convolutional ones take minutes for that

    def __post_init__(self) -> None:
        if self.get not in ("ntk", "nngp"):
            raise InputError(f"StaxKernel.get: {self.get!r} is no kernel; give ntk or nngp")
        self._compiled()

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (n1, n2), in batches; grey images get a channel."""
        symmetric = x2 is x1
        x1, x2 = _with_channel(x1), _with_channel(x2)
        batch = _batch(x1, max(len(x1), len(x2)))
        tile = np.empty((len(x1), len(x2)), x1.dtype)
        for i in range(0, len(x1), batch):
            for j in range(i if symmetric else 0, len(x2), batch):
                part = self._evaluate(_padded(x1[i : i + batch], batch), x2[j : j + batch])
                tile[i : i + batch, j : j + batch] = part[: len(x1) - i]
        if symmetric:
            mirror_upper(tile)
        return tile

    def _diagonal(self, x: Array) -> Array:
        """Kernel of every sample with itself, shape (n,)."""
        x = _with_channel(x)
        batch = min(_batch(x, len(x)), 64)
        parts = [
            np.diagonal(self._evaluate(_padded(part, batch), part))
            for part in (x[i : i + batch] for i in range(0, len(x), batch))
        ]
        return np.concatenate(parts)

    def identity(self) -> dict[str, Any]:
        """Architecture, neural-tangents' version and, for a function, the text of its module."""
        content = super().identity()
        content["architecture"] = json.loads(json.dumps(self.architecture))
        content["neural_tangents"] = version("neural-tangents")
        if isinstance(self.architecture, str):
            source = inspect.getsourcefile(_imported(self.architecture))
            text = Path(source).read_bytes() if source else b""
            content["source"] = hashlib.sha256(text).hexdigest()
        return content

    def _evaluate(self, x1: Array, x2: Array) -> Array:
        """One jitted call on len(x1) rows at most; x2 is padded to the same number."""
        from jax.experimental import enable_x64

        double = enable_x64() if x1.dtype == np.float64 else nullcontext()
        with double, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`FanIn` layers assume independent inputs")
            values = np.asarray(self._compiled()(x1, _padded(x2, len(x1))))
        if values.ndim != 2:
            raise InputError(
                f"StaxKernel.architecture: the kernel of two samples has shape {values.shape[2:]}, "
                "not one number; end the architecture with Flatten or GlobalAvgPool"
            )
        return values[:, : len(x2)]

    def _compiled(self) -> Callable[[Array, Array], Any]:
        return _compile(json.dumps(self.architecture), self.get)


@lru_cache(maxsize=32)
def _compile(architecture: str, get: str) -> Callable[[Array, Array], Any]:
    """Jitted kernel function of an architecture given as JSON."""
    import jax

    spec = json.loads(architecture)
    network = _imported(spec)() if isinstance(spec, str) else _build("serial", spec, "architecture")
    kernel_fn = network[2]
    return jax.jit(lambda x1, x2: kernel_fn(x1, x2, get))


def _stax() -> Any:
    """neural_tangents.stax; importing it warns of JAX names that it still uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("neural_tangents.stax")


def _imported(path: str) -> Callable[[], Any]:
    """The function that `package.module:function` names."""
    module, _, name = path.partition(":")
    try:
        function: Callable[[], Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"StaxKernel.architecture: {path!r} cannot be imported ({error}); "
            "give package.module:function, importable from where this runs"
        ) from error
    return function


def _layer(spec: Layer, where: str) -> Any:
    """A stax layer from its name, or from its name and keyword arguments."""
    if isinstance(spec, str):
        return _build(spec, {}, where)
    if isinstance(spec, dict) and len(spec) == 1:
        ((name, arguments),) = spec.items()
        return _build(name, {} if arguments is None else arguments, where)
    raise InputError(
        f"StaxKernel.{where}: {spec!r} is no layer; "
        "write a name, or one name with its arguments: {Dense: {out_dim: 1}}"
    )


def _build(name: str, arguments: Any, where: str) -> Any:
    """Call a layer or container of stax, checking its name and arguments first."""
    stax = _stax()
    if name in CONTAINERS:
        if not isinstance(arguments, list | tuple) or not arguments:
            raise InputError(f"StaxKernel.{where}: {name} holds {arguments!r}; give it layers")
        layers = [_layer(spec, f"{where}[{i}]") for i, spec in enumerate(arguments)]
        return getattr(stax, name)(*layers)
    known = [
        key for key, value in vars(stax).items() if key[0].isupper() and inspect.isfunction(value)
    ]
    if name not in known:
        raise InputError(
            f"StaxKernel.{where}: neural_tangents.stax has no layer {name!r}; "
            f"it has {', '.join(sorted(known))}, serial and parallel"
        )
    constructor = getattr(stax, name)
    try:
        inspect.signature(constructor).bind(**arguments)
        frozen = {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}
        return constructor(**frozen)
    # The last is how neural-tangents refuses a value, for example a monomial of degree 9.
    except (TypeError, ValueError, NotImplementedError) as error:
        accepted = ", ".join(inspect.signature(constructor).parameters)
        raise InputError(
            f"StaxKernel.{where}: {name} does not take {arguments!r} ({error}); "
            f"its arguments are: {accepted or 'none'}"
        ) from error


def _with_channel(x: Array) -> Array:
    """Grey images (n, s, s) as (n, s, s, 1); everything else as it is."""
    return x[..., None] if x.ndim == 3 else x


def _batch(x: Array, samples: int) -> int:
    """Rows and columns of one call: convolutions keep every pair of pixels of a pair of images."""
    pixels = int(np.prod(x.shape[1:-1]))
    pairs = BATCH_BYTES / (BUFFERS * x.itemsize * pixels**2)
    return max(1, min(samples, int(np.sqrt(pairs))))


def _padded(x: Array, rows: int) -> Array:
    """Repeat the last sample up to `rows`: one shape, so that JAX compiles once."""
    return np.concatenate([x, np.repeat(x[-1:], rows - len(x), axis=0)])
