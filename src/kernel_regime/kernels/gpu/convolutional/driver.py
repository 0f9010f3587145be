"""What the convolutional engine asks of a GPU: memory, compiled source, launches."""

from collections.abc import Sequence
from typing import Any, Protocol, SupportsInt

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import TooLargeError

Buffer = Any  # memory of the device, as its driver has it
DeviceKernel = Any


class DeviceMemoryError(TooLargeError):
    """Memory that a GPU does not have."""


class Driver(Protocol):
    """One GPU; `cuda_driver.CudaDriver` is one, and the tests bring one that is the host.

    Work is done in the order in which it is asked for; `download` waits for it.
    """

    @property
    def shared_memory(self) -> int:
        """Bytes that a block of threads can share."""

    def free_memory(self) -> int:
        """Bytes that are free."""

    def compiled(self, source: str) -> DeviceKernel:
        """The kernel `stage` of a source; the same source is compiled once."""

    def empty(self, size: int) -> Buffer:
        """So many bytes of memory.

        Raises
        ------
        DeviceMemoryError
            If there are not as many.
        """

    def upload(self, values: Array) -> Buffer:
        """A copy of an array."""

    def download(self, buffer: Buffer, values: Array) -> None:
        """Copy the beginning of a buffer into an array, once everything asked for is done."""

    def launch(
        self, kernel: DeviceKernel, grid: tuple[int, int, int], arguments: Sequence[SupportsInt]
    ) -> None:
        """Run a kernel: blocks, threads of each, bytes that these share; integers and buffers."""
