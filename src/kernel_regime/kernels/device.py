"""Where a kernel is computed: on the CPU, or on a GPU."""

from typing import Any, Literal, get_args

from kernel_regime.core.errors import InputError, MissingDeviceError
from kernel_regime.kernels.base import Kernel

Device = Literal["cpu", "gpu"]


class DeviceKernel(Kernel):
    """A kernel whose tiles a GPU can compute; subclasses have a field `device`."""

    device: Device

    def __post_init__(self) -> None:
        if self.device not in get_args(Device):
            raise InputError(f"device: {self.device!r} computes no kernel; give cpu or gpu")

    def identity(self) -> dict[str, Any]:
        """A GPU rounds differently: its matrices are not resumed on a CPU, nor the reverse."""
        identity = super().identity()
        if self.device == "cpu":
            del identity["device"]
        return identity


def no_gpu(library: str) -> MissingDeviceError:
    """The error to raise where `device` is gpu and `library` finds none."""
    return MissingDeviceError(
        "device: gpu needs an NVIDIA GPU, its driver, and `pip install 'kernel-regime[gpu]'`; "
        f"{library} finds none. Fix that, or leave `device` out to compute on the CPU"
    )
