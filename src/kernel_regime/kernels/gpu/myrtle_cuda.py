"""The Myrtle kernels on a GPU: a block of threads for each pair of images.

What the host prepares for the threads (`myrtle_threads`), and what it makes of their sums.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.devices import no_gpu
from kernel_regime.kernels.convolutional.arcsine import inverse
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleKernel
from kernel_regime.kernels.convolutional.node_table import FILTER
from kernel_regime.kernels.convolutional.prepared_images import PreparedImages, one_by_one
from kernel_regime.kernels.gpu.kernel_on_gpu import KernelOnGpu
from kernel_regime.kernels.gpu.myrtle_threads import MyrtleShape, compiled_pair_sums
from kernel_regime.linalg.symmetric import mirror_upper

with from_extra("gpu"):
    import numba.cuda

ROWS = 8  # of threads: 8 × 32 of them may use as many registers as they like
BLOCKS = 512  # pairs under way at once; each has 2 MB of pending sums
LARGEST_SIDE = 32  # the plane of a larger image does not fit shared memory
cuda: Any = numba.cuda  # untyped


@dataclass(frozen=True)
class MyrtleOnGpu(KernelOnGpu[MyrtleKernel]):
    """A Myrtle kernel on the first GPU that Numba finds.

    Parameters
    ----------
    kernel : MyrtleNTK or MyrtleNNGP
        The kernel.

    Raises
    ------
    MissingDeviceError
        If there is no GPU that Numba can use.
    """

    def __post_init__(self) -> None:
        if not cuda.is_available():
            raise no_gpu("Numba")

    def _gram(self, x: Array) -> Array:
        engine = self.kernel.engine(x)
        images = engine.prepare(x)
        sums = _pair_sums(images, images, symmetric=True)
        (values,) = engine.values(sums, images, images, (self.kernel.which,))
        mirror_upper(values)
        return values

    def _cross(self, x1: Array, x2: Array) -> Array:
        engine = self.kernel.engine(x1)
        first, second = engine.prepare(x1), engine.prepare(x2)
        sums = _pair_sums(first, second, symmetric=False)
        (values,) = engine.values(sums, first, second, (self.kernel.which,))
        return values


def _shape_of(images: PreparedImages) -> MyrtleShape:
    nodes, stages = images.stages.nodes, images.stages.stages[:-1]
    filters = [int((nodes[s["first"] : s["last"]]["kind"] == FILTER).sum()) for s in stages]
    sides, max_offsets = (tuple(map(int, stages[name])) for name in ("height", "max_dy"))
    return MyrtleShape(sides, max_offsets, tuple(filters), int(stages[-1]["pool_height"]))


def _pair_sums(first: PreparedImages, second: PreparedImages, *, symmetric: bool) -> Array:
    """What `convolutional_engine.pair_sums` returns, for all pairs of images, shape (n1, n2, 2).

    Where it is `symmetric`, zeros below the diagonal.

    Raises
    ------
    InputError
        If the images are too large for one block of threads.
    """
    shape, dtype = _shape_of(first), first.images.dtype
    if shape.sides[0] > LARGEST_SIDE:
        raise InputError(
            f"images: side {shape.sides[0]} is more than the {LARGEST_SIDE} that a GPU's shared "
            "memory holds; leave `device` out to compute on the CPU"
        )
    sums = cuda.device_array((len(first.images), len(second.images), 2), dtype)
    blocks = min(BLOCKS, sums.shape[0] * sums.shape[1])
    pending = _pending(shape, dtype.name, blocks)
    threads = shape.sides[0], min(shape.sides[0], ROWS)
    kernel = compiled_pair_sums(shape, dtype.name)
    kernel[blocks, threads](_on_device(first), _on_device(second), symmetric, pending, sums)
    means: Array = sums.copy_to_host() / _growth(sum(shape.convolutions), 2)
    return means.astype(dtype)


def _on_device(images: PreparedImages) -> tuple[Any, tuple[Any, ...]]:
    """Pixels, and scales per stage, of every image: without vectors."""
    side, channels = images.images.shape[1], images.images.shape[3]
    twice = one_by_one(images.pixels).reshape(-1, side, 2, side, channels)
    pixels = np.ascontiguousarray(twice[: len(images.images), :, 0])
    scales = [_scales(images, stage) for stage in range(images.stages.count)]
    return cuda.to_device(pixels), tuple(map(cuda.to_device, scales))


def _scales(images: PreparedImages, stage: int) -> Array:
    """σ/√π and 1/σ of every pixel before every ReLU, (n, convolutions, side, side, 2)."""
    shape, blocks = _shape_of(images), []
    before = sum(shape.convolutions[:stage])
    grown = [_growth(before + layer, stage) * 9 for layer in range(shape.convolutions[stage])]
    for block in range(len(images.pixels)):
        variances = np.stack(list(images.variances(block, stage).values()))
        sigma = np.sqrt(variances * np.reshape(grown, (-1, 1, 1, 1)))
        factors = np.stack([sigma / np.sqrt(np.pi), inverse(sigma, images.images.dtype)], axis=-1)
        blocks.append(np.moveaxis(factors, 3, 0))
    scales = np.concatenate(blocks)[: len(images.images)]
    return np.ascontiguousarray(scales, images.images.dtype)


def _growth(convolutions: int, pools: int) -> float:
    """Sums over means: filters of 9, halves of ReLUs, and both 2x2 windows of pools."""
    return 18.0**convolutions * 16.0**pools


@lru_cache(maxsize=4)
def _pending(shape: MyrtleShape, dtype: str, blocks: int) -> tuple[Any, Any]:
    """Zeros for the sums pending between the stages, per block of threads."""
    after_first, after_second = (
        np.zeros((blocks, 2 * maximum + 1, 2 * maximum + 1, 2, side, side), dtype)
        for maximum, side in zip(shape.max_offsets[1:], shape.sides[1:], strict=True)
    )
    return cuda.to_device(after_first), cuda.to_device(after_second)
