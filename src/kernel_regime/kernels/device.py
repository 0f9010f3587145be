"""Where a kernel is computed: on the CPU, or on a GPU."""

from typing import Any, get_args

from kernel_regime.core.errors import InputError
from kernel_regime.execution.devices import Device
from kernel_regime.kernels.base import Kernel


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
