"""Devices that compute tiles: the CPU by the kernel itself, a GPU by what its class names."""

from importlib import import_module
from typing import Any, ClassVar, Literal, Protocol, cast

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import MissingDeviceError

Device = Literal["cpu", "gpu"]


class TileEngine(Protocol):
    """What fills tiles of a kernel matrix."""

    def gram(self, x: Any) -> Array:
        """Kernel matrix of samples with themselves, shape (n, n), exactly symmetric."""

    def cross(self, x1: Any, x2: Any) -> Array:
        """Kernel matrix between two sets of samples, shape (n1, n2)."""


class TileKernel(TileEngine, Protocol):
    """A kernel, as far as a stored matrix needs it; `kernels.Kernel` is one.

    A class whose tiles a GPU can compute names, in `gpu`, the class that does:
    `"package.module:Class"`. It is imported when it is needed, made of the kernel alone, and has
    the methods `gram` and `cross`.
    """

    largest_tile_edge: ClassVar[int]

    def diagonal(self, x: Any) -> Array:
        """Kernel of every sample with itself, shape (n,)."""

    def identity(self) -> dict[str, Any]:
        """What makes two kernels the same kernel: JSON-able, recorded beside every matrix."""


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
    module, _, name = gpu_class(kernel).partition(":")
    return cast(TileEngine, getattr(import_module(module), name)(kernel))


def gpu_class(kernel: TileKernel) -> str:
    """The class that computes a kernel's tiles on a GPU, `package.module:Class`, not yet imported.

    Raises
    ------
    MissingDeviceError
        If the kernel has none.
    """
    engine = getattr(type(kernel), "gpu", None)
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
