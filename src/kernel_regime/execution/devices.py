"""Devices that compute tiles: the CPU by the kernel itself, a GPU by what its class names."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import ClassVar, Literal, Protocol, cast, runtime_checkable

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.errors import MissingDeviceError
from kernel_regime.core.types import Identity

Device = Literal["cpu", "gpu"]
GPU_EDGE = 2048
"""Of tiles of kernels that a CPU computes in smaller ones: seconds of work for a GPU, too."""


class TileEngine(Protocol):
    """What fills tiles of a kernel matrix."""

    def gram(self, x: ArrayLike) -> Array:
        """Kernel matrix of samples with themselves, shape (n, n), exactly symmetric."""

    def cross(self, x1: ArrayLike, x2: ArrayLike) -> Array:
        """Kernel matrix between two sets of samples, shape (n1, n2)."""


class TileKernel(TileEngine, Protocol):
    """A kernel, as far as a stored matrix needs it; `kernels.Kernel` is one.

    A kernel whose tiles a GPU can compute, or its class, names in `gpu` the class that does:
    `"package.module:Class"`. It is imported when it is needed, made of the kernel alone, and has
    the methods `gram` and `cross`; and `both`, if the kernel is one of the two of a network and
    both come from one pass.
    """

    largest_tile_edge: ClassVar[int]

    def diagonal(self, x: ArrayLike) -> Array:
        """Kernel of every sample with itself, shape (n,)."""

    def identity(self) -> Identity:
        """What makes two kernels the same kernel: JSON-able, recorded beside every matrix."""


@runtime_checkable
class BothTiles(Protocol):
    """What fills tiles of both kernels of a network in one pass."""

    def both(self, x1: ArrayLike, x2: ArrayLike = None) -> tuple[Array, Array]:
        """NTK and NNGP between two sets of samples, or of one with itself."""


@runtime_checkable
class NetworkTileKernel(TileKernel, BothTiles, Protocol):
    """One of the two kernels of a network, which one pass computes together.

    `kernels.InfiniteNetworkKernel` is one.
    """

    @property
    def which(self) -> str:
        """Which of the two: "ntk" or "nngp"."""

    def network(self) -> Identity:
        """What identifies the network: JSON-able, and equal for its two kernels."""


def in_one_pass(
    kernels: Sequence[TileKernel], device: Device, x1: ArrayLike, x2: ArrayLike
) -> list[Array]:
    """A tile of each kernel: both of one network together, where the device can.

    Parameters
    ----------
    kernels : sequence of TileKernel
        One kernel, or several of one network: see `network_on`.
    device : {"cpu", "gpu"}
        Where to compute.
    x1, x2 : array-likes (n1, ...), (n2, ...)
        Samples; without `x2` the tiles are symmetric.

    Examples
    --------
    >>> from kernel_regime.kernels import TwoLayerNTK
    >>> in_one_pass([TwoLayerNTK()], "cpu", [[3.0, 4.0]], None)
    [array([[25.]])]
    """
    engine = on_device(kernels[0], device)
    if len(kernels) > 1 and isinstance(engine, BothTiles):
        of = dict(zip(("ntk", "nngp"), engine.both(x1, x2), strict=True))
        return [of[kernel.which] for kernel in kernels if isinstance(kernel, NetworkTileKernel)]
    engines = (on_device(kernel, device) for kernel in kernels)
    return [engine.gram(x1) if x2 is None else engine.cross(x1, x2) for engine in engines]


def network_on(kernel: TileKernel, device: Device) -> Identity | None:
    """The network whose kernels this device computes in one pass; None where it has none."""
    if not isinstance(kernel, NetworkTileKernel):
        return None
    if device == "cpu" or hasattr(_class_on_gpu(kernel), "both"):
        return kernel.network()
    return None


def largest_tile_edge(kernel: TileKernel, device: Device) -> int:
    """Edge of a tile that is seconds of work for a device.

    Examples
    --------
    >>> from kernel_regime.kernels import MyrtleNTK
    >>> largest_tile_edge(MyrtleNTK(), "cpu"), largest_tile_edge(MyrtleNTK(), "gpu")
    (128, 2048)
    """
    edge = kernel.largest_tile_edge
    return edge if device == "cpu" else max(edge, GPU_EDGE)


def on_device(kernel: TileKernel, device: Device) -> TileEngine:
    """What computes the tiles of a kernel on a device: on the CPU, the kernel itself.

    Raises
    ------
    MissingDeviceError
        If there is no GPU, or none that the kernel can use.

    Examples
    --------
    >>> class Constant:
    ...     largest_tile_edge = 8192
    >>> kernel = Constant()
    >>> on_device(kernel, "cpu") is kernel
    True
    >>> on_device(kernel, "gpu")
    Traceback (most recent call last):
    kernel_regime.core.errors.MissingDeviceError: execution.device: Constant has no code for ...
    """
    if device == "cpu":
        return kernel
    return _class_on_gpu(kernel)(kernel)


def _class_on_gpu(kernel: TileKernel) -> Callable[[TileKernel], TileEngine]:
    module, _, name = gpu_class(kernel).partition(":")
    found: Callable[[TileKernel], TileEngine] = getattr(import_module(module), name)
    return found


def gpu_class(kernel: TileKernel) -> str:
    """The class that computes a kernel's tiles on a GPU, `package.module:Class`, not yet imported.

    Raises
    ------
    MissingDeviceError
        If the kernel has none.
    """
    engine = getattr(kernel, "gpu", None)
    if engine is None:
        raise MissingDeviceError(
            f"execution.device: {type(kernel).__name__} has no code for a GPU; leave `device` out "
            "to compute on the CPU"
        )
    return cast(str, engine)


def no_gpu(library: str) -> MissingDeviceError:
    """The error to raise where the device is a GPU and `library` finds none."""
    return MissingDeviceError(
        "device: gpu needs an NVIDIA GPU, its driver, and `pip install 'kernel-regime[gpu]'`; "
        f"{library} finds none. Fix that, or leave `device` out to compute on the CPU"
    )
