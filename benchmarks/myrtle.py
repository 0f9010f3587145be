"""Myrtle kernels: against neural-tangents, this machine's peak, and other sizes of themselves."""

from collections.abc import Callable
from functools import partial
from math import log

import numpy as np

from benchmarks.harness import Row, compare, emit, seconds
from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import Kernel
from kernel_regime.kernels.convolutional.myrtle_kernels import (
    CONVOLUTIONS,
    MyrtleNNGP,
    MyrtleNTK,
)
from kernel_regime.kernels.stax import StaxKernel

BATCHES = (1, 2, 4)
# Additions and multiplications per pair of pixels of Myrtle-5: 5 for three channels, 42 and 48 for
# the two convolutions with their ReLUs, 2 for the pool; the later stages add 1/16 of 52, 1/256.
OPERATIONS = 1024**2 * (97 + 52 / 16 + 50 / 256)


def draw(n: int, side: int = 32, channels: int = 3, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, side, side, channels)).astype(np.float32)


def neural_tangents() -> Callable[[Array, Array], Array]:
    """The Myrtle-5 NTK, jitted."""
    StaxKernel(["Relu"])  # imports neural-tangents without its deprecation warnings
    import jax
    from neural_tangents import stax

    layers = []
    for convolutions, pools in zip(CONVOLUTIONS[5], (1, 1, 3), strict=True):
        layers += convolutions * [stax.Conv(1, (3, 3), padding="SAME"), stax.Relu()]
        layers += pools * [stax.AvgPool((2, 2), (2, 2))]
    kernel_fn = jax.jit(partial(stax.serial(*layers, stax.Flatten(), stax.Dense(1))[2], get="ntk"))
    return lambda x1, x2: np.asarray(kernel_fn(x1, x2))


def rate(kernel: Callable[[Array, Array], Array], x1: Array, x2: Array, repeats: int = 3) -> float:
    """Pairs a second, the best of a few calls after one warm-up."""
    kernel(x1, x2)
    return len(x1) * len(x2) / min(seconds(lambda: kernel(x1, x2)) for _ in range(repeats))


def against_neural_tangents(kernel: Kernel) -> Row:
    """Both in turn, neural-tangents with the batch that it likes best."""
    jitted, x1, x2 = neural_tangents(), draw(32), draw(64, seed=1)
    rates = {n: rate(jitted, x1[:n], x2[:n], repeats=1) for n in BATCHES}
    best = max(rates, key=lambda n: rates[n])
    row = compare(
        "Myrtle-5 NTK, 32x32x3",
        lambda: kernel.cross(x1, x2),
        f"neural-tangents, jitted, {best}x{best} images a call",
        lambda: jitted(x1[:best], x2[:best]),
        required=60,
        repeats=3,
        note=", ".join(f"{n}x{n}: {value:.2f} pairs/s" for n, value in rates.items()),
    )
    ours, other = len(x1) * len(x2) / row.ours, best**2 / row.other
    return Row(**{**vars(row), "ours": ours, "other": other, "unit": "pairs/s"})


def share_of_peak(ours: float) -> Row:
    x = np.random.default_rng(0).standard_normal((4096, 4096)).astype(np.float32)
    x @ x
    peak = 2 * len(x) ** 3 / min(seconds(lambda: x @ x) for _ in range(5)) / 1e9
    return Row(
        work="Myrtle-5 NTK, 32x32x3",
        ours=ours * OPERATIONS / 1e9,
        against="NumPy X @ X, float32",
        other=peak,
        unit="GFLOP/s",
        note=f"{OPERATIONS / 1e6:.0f} million operations a pair",
    )


def beside(
    ours: float, kernel: MyrtleNTK | MyrtleNNGP, side: int = 32, channels: int = 3, note: str = ""
) -> Row:
    """Another kernel, or other images, at the pair rate of Myrtle-5 on CIFAR-10."""
    name = f"{type(kernel).__name__}({kernel.depth})"
    return Row(
        work=f"{name}, {side}x{side}x{channels}",
        ours=rate(kernel.cross, draw(16, side, channels), draw(32, side, channels, seed=1)),
        against="Myrtle-5 NTK, 32x32x3",
        other=ours,
        unit="pairs/s",
        note=note,
    )


def growth_with_images(kernel: Kernel) -> Row:
    x = draw(64)
    row = compare("Myrtle-5 NTK, n=64", lambda: kernel(x), "n=32", lambda: kernel(x[:32]))
    return Row(**{**vars(row), "note": f"time grows as n^{log(row.ours / row.other, 2):.2f}"})


def main() -> None:
    kernel = MyrtleNTK()
    ours = rate(kernel.cross, draw(32), draw(64, seed=1), repeats=5)
    small = beside(ours, kernel, side=16)
    exponent = log(small.ours / ours, 2)
    emit(
        [
            against_neural_tangents(kernel),
            share_of_peak(ours),
            growth_with_images(kernel),
            Row(**{**vars(small), "note": f"time grows as side^{exponent:.2f}"}),
            beside(ours, kernel, channels=1),
            beside(ours, MyrtleNTK(7)),
            beside(ours, MyrtleNTK(10)),
            beside(ours, MyrtleNNGP(), note="the NNGP comes with the NTK"),
        ]
    )


if __name__ == "__main__":
    main()
