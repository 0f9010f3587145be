"""Kernels of networks on images on a GPU, through the store and into a file: pairs a second.

`python -m benchmarks.convolutional_gpu` on a machine with an NVIDIA GPU; elsewhere it says what is
missing. Symmetric matrices in float32 of images of 32x32x3 are filled in wall-clock time, images
prepared, tiles mirrored and written, after a first small one that compiles. Beside each stand the
pairs a second of this machine's CPU engine, and for Myrtle networks the hours of a CIFAR-10 level:
50,000 training and 10,000 test images.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.convolutional_kernels import CONVOLUTION, DENSE, NETWORKS
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import UserError
from kernel_regime.execution import Execution
from kernel_regime.execution.store import KernelJob, fill
from kernel_regime.kernels import Kernel, MyrtleNTK, NetworkKernel
from kernel_regime.kernels.gpu.convolutional.engine_on_gpu import current_gpu

LEVEL = 50_000 * 50_001 // 2 + 10_000 * 50_000
KERNELS: dict[str, tuple[Kernel, int]] = {
    "Myrtle-5": (MyrtleNTK(5), 2048),
    "Myrtle-7": (MyrtleNTK(7), 2048),
    "Myrtle-10": (MyrtleNTK(10), 2048),
    "CNTK-GAP depth 3": (NetworkKernel(NETWORKS["CNTK-GAP depth 3"]), 1024),
    "CNTK-GAP depth 11": (
        NetworkKernel([*[CONVOLUTION, "Relu"] * 11, "GlobalAvgPool", DENSE]),
        512,
    ),
    "ResNet-10": (NetworkKernel(NETWORKS["ResNet-10"]), 1024),
}
"""What is computed, and for how many images."""


def draw(n: int) -> Array:
    return np.random.default_rng(0).standard_normal((n, 32, 32, 3)).astype(np.float32)


def on_gpu(kernel: Kernel, n: int) -> float:
    """Pairs a second of a matrix of `n` images in a file."""
    execution = Execution(device="gpu", overwrite=True)
    with TemporaryDirectory() as folder:
        fill(KernelJob(kernel, draw(32), execution=execution), Path(folder) / "small.npy")
        job = KernelJob(kernel, draw(n), execution=execution)
        start = time.perf_counter()
        fill(job, Path(folder) / "kernel.npy")
        return job.pairs / (time.perf_counter() - start)


def on_cpu(kernel: Kernel, n: int = 24) -> float:
    """Pairs a second of all cores, after a first call that compiles."""
    x1, x2 = draw(2 * n)[:n], draw(2 * n)[n:]
    kernel.cross(x1[:2], x2[:2])
    start = time.perf_counter()
    kernel.cross(x1, x2)
    return n**2 / (time.perf_counter() - start)


def main() -> None:
    console = Console()
    try:
        current_gpu()
    except UserError as error:
        console.print(f"skipped: {error}", markup=False)
        return
    table = Table("network", "GPU, pairs/s", "CPU, pairs/s", "ratio", "hours of a CIFAR-10 level")
    for name, (kernel, n) in KERNELS.items():
        gpu, cpu = on_gpu(kernel, n), on_cpu(kernel)
        hours = f"{LEVEL / gpu / 3600:.2f}" if isinstance(kernel, MyrtleNTK) else ""
        table.add_row(name, f"{gpu:,.0f}", f"{cpu:,.0f}", f"{gpu / cpu:,.0f}", hours)
    console.print(table)


if __name__ == "__main__":
    main()
