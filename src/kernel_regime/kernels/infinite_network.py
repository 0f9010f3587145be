"""Kernels of infinitely wide networks of any architecture, by the fastest engine that can."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from importlib.util import find_spec
from typing import Any, Literal

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Identity
from kernel_regime.kernels.architecture import read_architecture
from kernel_regime.kernels.architecture_words import as_json, in_stax_words
from kernel_regime.kernels.base import register, require_representable
from kernel_regime.kernels.both_kernels import Get, InfiniteNetworkKernel
from kernel_regime.kernels.convolutional.convolutional_engine import ConvolutionalEngine
from kernel_regime.kernels.convolutional.image_graph import unsupported_on_images
from kernel_regime.kernels.convolutional.myrtle_kernels import CONVOLUTIONAL_ON_GPU
from kernel_regime.kernels.dense.dense_engine import DenseEngine
from kernel_regime.kernels.dense.homogeneous import HomogeneousEngine, homogeneous_engine
from kernel_regime.kernels.dense.network_layers import (
    activations_of,
    kernel_at_angles,
    refuse_late_flatten,
    unsupported,
)
from kernel_regime.kernels.dense.zonal import Zonal
from kernel_regime.kernels.dual_activations.numerical import HermiteSeries
from kernel_regime.kernels.layer import Layer, SerialLayers
from kernel_regime.kernels.stax import StaxKernel

logger = logging.getLogger(__name__)

Engine = Literal["dense", "convolutional", "stax"]

ON_GPU = {
    "dense": "kernel_regime.kernels.gpu.network_jax:NetworkOnGpu",
    "convolutional": CONVOLUTIONAL_ON_GPU,
}


@register("network")
@dataclass(frozen=True)
class NetworkKernel(InfiniteNetworkKernel):
    """Neural tangent kernel, or NNGP, of an infinitely wide network described layer by layer.

    The description decides which engine computes it. Chains of dense layers, activations,
    residual sums, LayerNorm and Flatten are computed here ("dense"), on vectors or on images,
    whose pixels are then features. So are networks on images (n, height, width[, channels])
    ("convolutional"): Conv with odd filters, strides of 1 and SAME or CIRCULAR padding,
    activations, AvgPool whose windows divide the images and do not overlap, and residual sums;
    then Flatten or GlobalAvgPool, and dense layers. For the rest neural-tangents is asked
    ("stax"); the log says which layer it is for.

    Parameters
    ----------
    architecture : list of layers, or str
        In the vocabulary and with the arguments of `neural_tangents.stax`: each layer is a name
        (`Relu`) or one name with its keyword arguments (`{Dense: {out_dim: 1, W_std: 1.4}}`);
        `serial`, `parallel` and `residual` hold lists of layers. Or `package.module:function`, a
        function without arguments that returns what `stax.serial` returns.
    get : {"ntk", "nngp"}
        Which kernel.

    Raises
    ------
    InputError
        One line that names the place of the first layer that does not exist, does not fit, or
        needs neural-tangents where it is not installed.

    Examples
    --------
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
    >>> kernel = NetworkKernel([dense, {"residual": ["Gelu", dense]}, "Gelu", dense])
    >>> kernel.engine
    'dense'
    >>> kernel([[1.0, 0.0], [0.0, 1.0]]).shape
    (2, 2)
    """

    architecture: Sequence[Any] | str = field(hash=False)
    get: Get = "ntk"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(
            self, "largest_tile_edge", getattr(self._engine, "largest_tile_edge", 8192)
        )
        object.__setattr__(self, "gpu", ON_GPU.get(self.engine))
        # A function's source as it is now, with the function itself, whatever its file becomes.
        object.__setattr__(self, "_words", _words(self.architecture))

    def __str__(self) -> str:
        return f"{self.kind} ({self.get})"  # messages, without all layers

    @property
    def engine(self) -> Engine:
        """What computes this kernel."""
        if isinstance(self._engine, StaxKernel):
            return "stax"
        return "convolutional" if isinstance(self._engine, ConvolutionalEngine) else "dense"

    def zonal(self, length: float = 1.0) -> Zonal:
        """κ of inputs of one length: polynomials, power series and sphere spectra.

        Parameters
        ----------
        length : float
            Norm of the inputs over √features.

        Raises
        ------
        InputError
            If the dense engine does not compute this network.

        Examples
        --------
        >>> dense = {"Dense": {"out_dim": 1}}
        >>> NetworkKernel([dense, "Erf", dense], "nngp").zonal().power_series(2)[1].round(6)
        np.float64(0.424413)
        """
        if isinstance(self._engine, StaxKernel | ConvolutionalEngine):
            raise InputError(
                "NetworkKernel.zonal: there is one for dense networks only; "
                f"this one is computed by the engine {self.engine!r}"
            )
        return Zonal(partial(kernel_at_angles, self._engine.network, self.get, length))

    def on_sphere(self, radius: float, features: int) -> Zonal | None:
        """κ of inputs of one norm, where the dense engine computes this network."""
        if isinstance(self._engine, StaxKernel | ConvolutionalEngine):
            return None
        network, length = self._engine.network, radius / features**0.5
        return Zonal(partial(kernel_at_angles, network, self.get, length, features=features))

    def identity(self) -> Identity:
        """Architecture as JSON; what `StaxKernel` adds, where neural-tangents computes it."""
        words = vars(self)["_words"]
        if isinstance(words, InputError):
            raise words
        identity = {"kind": self.kind, "architecture": words, "get": self.get}
        if isinstance(self._engine, StaxKernel):
            identity = {**self._engine.identity(), **identity}
        return identity

    def convolutional_engine(self, x: Array) -> ConvolutionalEngine:
        """What computes this kernel on images, where its engine is the convolutional one."""
        engine = self._engine
        if not isinstance(engine, ConvolutionalEngine):
            raise InputError(f"NetworkKernel: computed by the engine {self.engine!r}, on no GPU")
        return engine

    @property
    def which(self) -> Get:
        """`get`."""
        return self.get

    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, in one pass of the engine."""
        self._refuse_late_flatten(x1)
        matrices = self._engine.matrices(x1, x2, gets)
        if isinstance(self._engine, DenseEngine | ConvolutionalEngine):
            for get, values in zip(gets, matrices, strict=True):
                bound = float(values.diagonal().max()) if x2 is None else None
                require_representable(self.of(get), values, x1, x1 if x2 is None else x2, bound)
        return matrices

    def _diagonal(self, x: Array) -> Array:
        self._refuse_late_flatten(x)
        if isinstance(self._engine, StaxKernel):
            return self._engine.diagonal(x)
        return self._engine.diagonal(x, self.get)

    def _gradient_weights(self, x1: Array, x2: Array) -> tuple[Array, Array]:
        if isinstance(self._engine, HomogeneousEngine):
            return self._engine.kernel(self.get).gradient_weights(x1, x2)
        return super()._gradient_weights(x1, x2)

    @cached_property
    def _engine(self) -> DenseEngine | HomogeneousEngine | ConvolutionalEngine | StaxKernel:
        if isinstance(self.architecture, str):
            return StaxKernel(self.architecture, self.get)
        network = read_architecture(self.architecture)
        if unsupported(network) is None:
            return homogeneous_engine(network) or DenseEngine(network)
        forcing = unsupported_on_images(network)
        if forcing is None:
            return ConvolutionalEngine(network)
        _require_stax(forcing, network)
        return StaxKernel(in_stax_words(self.architecture), self.get)

    def _refuse_late_flatten(self, x: Array) -> None:
        if isinstance(self._engine, DenseEngine | HomogeneousEngine):
            refuse_late_flatten(self._engine.network, x)


def _require_stax(forcing: Layer, network: SerialLayers) -> None:
    """Say which layer neural-tangents is for; refuse it where that is absent, or cannot."""
    if find_spec("neural_tangents") is None:
        raise InputError(
            f"{forcing.label} is computed by neural-tangents only, which is not installed; "
            'pip install "kernel-regime[stax]", or leave the layer out'
        )
    for activation in activations_of(network):
        if isinstance(activation, HermiteSeries):
            raise InputError(
                f"{activation.label} is computed without neural-tangents only, and "
                f"{forcing.label} by it only; take an activation with a name, or other layers"
            )
    _say_once(forcing.label)


@lru_cache(maxsize=256)
def _say_once(label: str) -> None:
    logger.info(
        "%s is computed by neural-tangents, a hundred times slower than other layers", label
    )


def _words(architecture: object) -> object:
    """The description as JSON, or why it has none; `StaxKernel` identifies what a name means."""
    if isinstance(architecture, str):
        return architecture
    try:
        return as_json(architecture)
    except InputError as error:
        return error
