"""Products and ridge paths on a GPU: seconds against the same on this machine's CPU cores.

`python -m benchmarks.products_on_gpu` needs a GPU that JAX sees, and says so where there is none.
It is no part of the table of `python -m benchmarks`, whose records are of CPUs.
"""

from functools import partial

import jax
import numpy as np
from rich.console import Console

from benchmarks.harness import Row, compare, seconds
from kernel_regime.core.errors import MissingDeviceError
from kernel_regime.execution.devices import on_device
from kernel_regime.kernels import FullyConnectedNTK, NetworkKernel, Polynomial, RandomFeatures
from kernel_regime.kernels.base import Kernel
from kernel_regime.kernels.gpu.angular_jax import AngularOnGpu
from kernel_regime.kernels.gpu.jax_engine import first_gpu
from kernel_regime.regression.fit import fit_ridge_path
from kernel_regime.regression.gpu.kernel_on_device import KernelOnDevice

SAMPLES, FEATURES = 20_000, 784
RIDGES = 10 ** np.linspace(-1, 5, 20)
DENSE = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
KERNELS: dict[str, Kernel] = {
    "fully-connected NTK, 4 layers": FullyConnectedNTK(4),
    "polynomial of degree 3": Polynomial(3),
    "random features, N = 65,536": RandomFeatures(65_536),
    "GELU network, 3 layers": NetworkKernel([DENSE, "Gelu", DENSE, "Gelu", DENSE]),
}


def samples(n: int) -> np.ndarray:
    """Gaussian samples, float32."""
    return np.random.default_rng(0).standard_normal((n, FEATURES)).astype(np.float32)


def gram_row(name: str, kernel: Kernel) -> Row:
    """A kernel matrix in the memory of the host."""
    x, engine = samples(SAMPLES), on_device(kernel, "gpu")
    work = f"{name}, n = {SAMPLES:,}, to the host"
    return compare(work, partial(engine.gram, x), "CPU", partial(kernel.gram, x), repeats=3)


def path_seconds_with_kernel(n: int) -> tuple[float, str]:
    """Of kernel and path, from samples to coefficients, without the disk; and the solver."""
    x, targets = samples(n), np.random.default_rng(1).standard_normal((n, 10))
    engine, used = AngularOnGpu(FullyConnectedNTK(3)), []

    def fit() -> None:
        kernel = KernelOnDevice(engine.gram_on_device(x))
        used.append(fit_ridge_path(kernel, targets, RIDGES).solver)

    return seconds(fit), used[0]


def main() -> None:
    """Print a line for every measurement."""
    console = Console()
    try:
        console.print(f"{first_gpu().device_kind}, JAX {jax.__version__}")
    except MissingDeviceError as error:
        raise SystemExit(f"skipped: {error}") from error
    for name, kernel in KERNELS.items():
        row = gram_row(name, kernel)
        console.print(f"{row.work}: {row.ours:.2f} s; CPU {row.other:.2f} s")
    for n in (SAMPLES, 60_000):
        taken, solver = path_seconds_with_kernel(n)
        console.print(f"{len(RIDGES)} ridges, 10 outputs, n = {n:,}, {solver}: {taken:.1f} s")


if __name__ == "__main__":
    main()
