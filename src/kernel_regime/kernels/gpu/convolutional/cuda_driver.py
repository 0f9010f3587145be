"""NVIDIA GPUs: `cuda.core`, which compiles with NVRTC, and functions of the CUDA driver."""

import weakref
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, SupportsInt

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.devices import no_gpu
from kernel_regime.kernels.gpu.convolutional.driver import (
    Buffer,
    DeviceKernel,
    DeviceMemoryError,
)
from kernel_regime.kernels.gpu.convolutional.stage_source import device_code

with from_extra("gpu"):
    from cuda.bindings import driver
    from cuda.core import Device, LaunchConfig, Program, ProgramOptions, launch


class CudaMemory:
    """Memory of the device, free again when nobody refers to it."""

    def __init__(self, size: int) -> None:
        error, self.address = driver.cuMemAlloc(max(size, 1))
        if error == driver.CUresult.CUDA_ERROR_OUT_OF_MEMORY:
            raise DeviceMemoryError(
                f"device: gpu: {size} bytes do not fit the memory that is free on the GPU; "
                "end what else runs there, or leave `device` out to compute on the CPU"
            )
        checked(error)
        weakref.finalize(self, driver.cuMemFree, self.address)

    def __int__(self) -> int:
        """Its address."""
        return int(self.address)


def checked(error: Any, *values: Any) -> Any:
    """What a function of the CUDA driver returns behind its error, which is raised.

    Raises
    ------
    RuntimeError
        Naming the error.
    """
    if error != driver.CUresult.CUDA_SUCCESS:
        raise RuntimeError(f"CUDA driver: {driver.CUresult(error).name}")
    return values[0] if len(values) == 1 else values


class CudaDriver:
    """The current NVIDIA GPU.

    Raises
    ------
    MissingDeviceError
        If there is none.
    """

    def __init__(self) -> None:
        try:
            self.device = Device()
            self.device.set_current()
        except Exception as error:  # of many kinds: no driver, no device, too old
            raise no_gpu("CUDA") from error
        self.stream = self.device.default_stream
        self.kernels: dict[str, DeviceKernel] = {}

    @property
    def shared_memory(self) -> int:
        """Bytes that a block of threads can share."""
        return int(self.device.properties.max_shared_memory_per_block_optin)

    def free_memory(self) -> int:
        """Bytes that are free."""
        free, _ = checked(*driver.cuMemGetInfo())
        return int(free)

    def compiled(self, source: str) -> DeviceKernel:
        """The kernel `stage` of a source, compiled by NVRTC for this device."""
        if source not in self.kernels:
            kernel = compiled_for(f"sm_{self.device.arch}", source).get_kernel("stage")
            attribute = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
            handle = driver.CUkernel(int(kernel.handle))
            device = driver.CUdevice(self.device.device_id)
            checked(*driver.cuKernelSetAttribute(attribute, self.shared_memory, handle, device))
            self.kernels[source] = kernel
        return self.kernels[source]

    def empty(self, size: int) -> Buffer:
        """So many bytes of memory."""
        return CudaMemory(size)

    def upload(self, values: Array) -> Buffer:
        """A copy of an array."""
        values = np.ascontiguousarray(values)
        memory = CudaMemory(values.nbytes)
        checked(*driver.cuMemcpyHtoD(memory.address, values.ctypes.data, values.nbytes))
        return memory

    def download(self, buffer: Buffer, values: Array) -> None:
        """Copy the beginning of a buffer into an array, once everything asked for is done."""
        self.stream.sync()
        checked(*driver.cuMemcpyDtoH(values.ctypes.data, buffer.address, values.nbytes))

    def launch(
        self, kernel: DeviceKernel, grid: tuple[int, int, int], arguments: Sequence[SupportsInt]
    ) -> None:
        """Run a kernel: blocks, threads of each, bytes that these share; integers and buffers."""
        blocks, threads, shared = grid
        given = (np.int32(a) if isinstance(a, int) else int(a) for a in arguments)
        launch(
            self.stream, LaunchConfig(grid=blocks, block=threads, shmem_size=shared), kernel, *given
        )


def compiled_for(architecture: str, source: str) -> Any:
    """Machine code of a source for an architecture such as `sm_90`; needs no GPU."""
    options = ProgramOptions(std="c++17", arch=architecture)
    return Program(device_code("cuda.cuh") + source, "c++", options).compile("cubin")


def current_driver() -> CudaDriver:
    """The driver of this process, ready for the thread that asks."""
    found = _driver()
    found.device.set_current()
    return found


@lru_cache(maxsize=1)
def _driver() -> CudaDriver:
    return CudaDriver()
