"""The host in place of a GPU: generated source compiled as C++, its threads run as fibres."""

import ctypes
import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy as np

from kernel_regime.kernels.gpu.convolutional.driver import DeviceMemoryError

HEADER = Path(__file__).with_name("host_cuda.h")
ENTRY = """
extern "C" void run(void** arguments, int blocks, int threads, long shared) {
  launch(stage, arguments, blocks, threads, shared);
}
"""
COMPILER = shutil.which("g++")


class HostDriver:
    """A `Driver` whose device is this machine; arrays of bytes are its memory.

    Parameters
    ----------
    folder : Path
        Where sources and what is compiled of them lie.
    memory : int
        Bytes that it says it has.
    """

    shared_memory = 99_000

    def __init__(self, folder, memory=1 << 30):
        self.folder, self.memory, self.launches = folder, memory, 0

    def free_memory(self):
        return self.memory

    def compiled(self, source):
        name = hashlib.sha256(source.encode()).hexdigest()[:16]
        code, library = self.folder / f"{name}.cpp", self.folder / f"{name}.so"
        if not library.exists():
            code.write_text(f'#include "{HEADER}"\n{source}{ENTRY}')
            flags = ["-std=c++17", "-O1", "-march=native", "-fPIC", "-shared", "-U_FORTIFY_SOURCE"]
            subprocess.run([COMPILER, *flags, code, "-o", library], check=True)
        return ctypes.CDLL(library).run

    def empty(self, size):
        if size > self.memory:
            raise DeviceMemoryError(f"{size} bytes do not fit {self.memory}")
        return np.full(size // 8 + 1, np.nan)

    def upload(self, values):
        return np.array(values, order="C")

    def download(self, buffer, values):
        values.view(np.uint8).reshape(-1)[:] = buffer.view(np.uint8).reshape(-1)[: values.nbytes]

    def launch(self, kernel, grid, arguments):
        self.launches += 1
        blocks, threads, shared = grid
        given = [
            ctypes.c_int(a) if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data)
            for a in arguments
        ]
        pointers = [ctypes.cast(ctypes.pointer(a), ctypes.c_void_p) for a in given]
        array = (ctypes.c_void_p * len(pointers))(*pointers)
        kernel(array, blocks, threads, ctypes.c_long(shared))
