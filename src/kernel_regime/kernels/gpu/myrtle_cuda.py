"""The Myrtle kernels on a GPU: a block of threads for each pair of images.

As in `convolutional.plane_loops`, the pixel pairs of one offset δ = p' − p go through all
convolutions and ReLUs of a stage alone: here in the memory that a block of threads shares. Only
2x2-pooled sums leave, pending in the GPU's main memory until the next stage, where the block finds
them again as planes of half the offset. Every sum is added up in one order, so that a GPU repeats
itself to the last bit; its bits differ from those of a CPU by rounding.

The arrays of one pair, in the float type of the images:

* plane (2, side + 2, side + 2), shared: Σ and U = Σ + Θ of a plane in a frame of zeros
* columns, shared, of the same shape: sums of three rows of it
* pending (2·maximum + 1, 2·maximum + 1, 2, side, side): pooled sums, indexed by offset up to its
  maximum, which of the two, and position in the first image; zero before and after every pair
"""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.execution.devices import no_gpu
from kernel_regime.kernels.convolutional.arcsine import DOUBLE, SINGLE, inverse
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleKernel
from kernel_regime.kernels.convolutional.node_table import FILTER
from kernel_regime.kernels.convolutional.prepared_images import PreparedImages, one_by_one
from kernel_regime.kernels.gpu.kernel_on_gpu import KernelOnGpu
from kernel_regime.linalg.symmetric import mirror_upper

with from_extra("gpu"):
    import numba.cuda

ROWS = 8  # of threads: 8 × 32 of them may use as many registers as they like
BLOCKS = 512  # pairs under way at once; each has 2 MB of pending sums
LARGEST_SIDE = 32  # the plane of a larger image does not fit shared memory
cuda: Any = numba.cuda  # untyped
device = cuda.jit(device=True)


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


class _Shape(NamedTuple):
    """What the compiled code depends on, of every stage: and the window of the head."""

    sides: tuple[int, ...]
    max_offsets: tuple[int, ...]
    convolutions: tuple[int, ...]
    block: int


def _shape_of(images: PreparedImages) -> _Shape:
    nodes, stages = images.stages.nodes, images.stages.stages[:-1]
    filters = [int((nodes[s["first"] : s["last"]]["kind"] == FILTER).sum()) for s in stages]
    sides, max_offsets = (tuple(map(int, stages[name])) for name in ("height", "max_dy"))
    return _Shape(sides, max_offsets, tuple(filters), int(stages[-1]["pool_height"]))


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
    kernel = _compiled(shape, dtype.name)
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
def _pending(shape: _Shape, dtype: str, blocks: int) -> tuple[Any, Any]:
    """Zeros for the sums pending between the stages, per block of threads."""
    after_first, after_second = (
        np.zeros((blocks, 2 * maximum + 1, 2 * maximum + 1, 2, side, side), dtype)
        for maximum, side in zip(shape.max_offsets[1:], shape.sides[1:], strict=True)
    )
    return cuda.to_device(after_first), cuda.to_device(after_second)


@device
def _clear(array: Any) -> None:
    """Zeros everywhere, by all threads of the block together."""
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    for part in range(array.shape[0]):
        for row in range(y, array.shape[1], cuda.blockDim.y):
            for column in range(x, array.shape[2], cuda.blockDim.x):
                array[part, row, column] = 0
    cuda.syncthreads()


@device
def _multiply_pixels(pixels1: Any, pixels2: Any, dy: int, dx: int, plane: Any) -> None:
    """The products of pixels come in: Σ, and U too."""
    x, side = cuda.threadIdx.x, pixels1.shape[0]
    for y in range(cuda.threadIdx.y, side, cuda.blockDim.y):
        total = plane[0, 0, 0]  # a zero of the frame
        if 0 <= y + dy < side and 0 <= x + dx < side:
            for c in range(pixels1.shape[2]):
                total += pixels1[y, x, c] * pixels2[y + dy, x + dx, c]
        plane[0, y + 1, x + 1] = plane[1, y + 1, x + 1] = total
    cuda.syncthreads()


@device
def _take_pending(pending: Any, dy: int, dx: int, plane: Any) -> None:
    """The pooled sums of one offset come in; zeros stay behind."""
    x, side, maximum = cuda.threadIdx.x, pending.shape[3], pending.shape[0] // 2
    if x < side:
        for part in range(2):
            for y in range(cuda.threadIdx.y, side, cuda.blockDim.y):
                plane[part, y + 1, x + 1] = pending[dy + maximum, dx + maximum, part, y, x]
                pending[dy + maximum, dx + maximum, part, y, x] = 0
    cuda.syncthreads()


@device
def _convolve(scales: Any, dy: int, dx: int, relu: Any, plane: Any, columns: Any) -> None:
    """A plane through one convolution and its ReLU."""
    scales1, scales2 = scales
    side = scales1.shape[0]
    for part in range(2):
        for y in range(cuda.threadIdx.y, side, cuda.blockDim.y):
            for x in range(cuda.threadIdx.x, side + 2, cuda.blockDim.x):
                upper, lower = plane[part, y, x], plane[part, y + 2, x]
                columns[part, y, x] = upper + plane[part, y + 1, x] + lower
    cuda.syncthreads()
    x = cuda.threadIdx.x
    for y in range(cuda.threadIdx.y, side, cuda.blockDim.y):
        if 0 <= y + dy < side and 0 <= x + dx < side and x < side:
            nngp, total = relu(
                columns[0, y, x] + columns[0, y, x + 1] + columns[0, y, x + 2],
                columns[1, y, x] + columns[1, y, x + 1] + columns[1, y, x + 2],
                scales1[y, x, 0] * scales2[y + dy, x + dx, 0],
                scales1[y, x, 1] * scales2[y + dy, x + dx, 1],
            )
            plane[0, y + 1, x + 1], plane[1, y + 1, x + 1] = nngp, total
    cuda.syncthreads()


@device
def _pool(plane: Any, dy: int, dx: int, side: int, pending: Any) -> None:
    """Add the sums over 2x2 pixels of each image to those pending.

    Pixels 2y and 2y + 1 meet their partners in one pooled pixel where `dy` is even, in two
    neighbouring ones where it is odd; and so for columns.
    """
    x, maximum = cuda.threadIdx.x, pending.shape[0] // 2
    dx_out = (dx + x % 2) // 2
    for y in range(cuda.threadIdx.y, side, cuda.blockDim.y):
        dy_out = (dy + y % 2) // 2
        leads = (dy % 2 or y % 2 == 0) and (dx % 2 or x % 2 == 0)
        inside = 0 <= y + dy < side and 0 <= x + dx < side and x < side
        if leads and inside and abs(dy_out) <= maximum and abs(dx_out) <= maximum:
            for part in range(2):
                total = pending[dy_out + maximum, dx_out + maximum, part, y // 2, x // 2]
                for row in range(y, y + 2 - dy % 2):
                    for column in range(x, x + 2 - dx % 2):
                        total += plane[part, row + 1, column + 1]
                pending[dy_out + maximum, dx_out + maximum, part, y // 2, x // 2] = total
    cuda.syncthreads()


@device
def _add_shared_blocks(plane: Any, dy: int, dx: int, side: int, block: int, sums: Any) -> None:
    """A plane of the last stage adds to the sums over blocks that both pixels share."""
    if cuda.threadIdx.x == 0 and cuda.threadIdx.y < 2:
        part, total = cuda.threadIdx.y, sums[cuda.threadIdx.y]
        for y in range(side):
            for x in range(side):
                if y // block == (y + dy) // block and x // block == (x + dx) // block:
                    total += plane[part, y + 1, x + 1]
        sums[part] = total
    cuda.syncthreads()


@lru_cache(maxsize=8)
def _compiled(shape: _Shape, dtype: str) -> Any:
    """The kernel: sums (n1, n2, 2) of all pairs, each block of threads taking every so-many-th."""
    sides, max_offsets, depths, block = shape
    framed, real = sides[0] + 2, np.dtype(dtype).type
    relu = _relu(dtype)

    @cuda.jit
    def kernel(first: Any, second: Any, symmetric: bool, pending: Any, sums: Any) -> None:
        (pixels1, scales1), (pixels2, scales2) = first, second
        plane = cuda.shared.array((2, framed, framed), real)
        columns = cuda.shared.array((2, framed, framed), real)
        for pair in range(cuda.blockIdx.x, sums.shape[0] * sums.shape[1], cuda.gridDim.x):
            i, j = pair // sums.shape[1], pair % sums.shape[1]
            if cuda.threadIdx.x == 0 and cuda.threadIdx.y < 2:
                sums[i, j, cuda.threadIdx.y] = 0
            if symmetric and j < i:
                continue
            for stage in range(3):
                _clear(plane)
                for dy in range(-max_offsets[stage], max_offsets[stage] + 1):
                    for dx in range(-max_offsets[stage], max_offsets[stage] + 1):
                        if stage == 0:
                            _multiply_pixels(pixels1[i], pixels2[j], dy, dx, plane)
                        else:
                            _take_pending(pending[stage - 1][cuda.blockIdx.x], dy, dx, plane)
                        for layer in range(depths[stage]):
                            scales = scales1[stage][i, layer], scales2[stage][j, layer]
                            _convolve(scales, dy, dx, relu, plane, columns)
                        if stage < 2:
                            _pool(plane, dy, dx, sides[stage], pending[stage][cuda.blockIdx.x])
                        else:
                            _add_shared_blocks(plane, dy, dx, sides[stage], block, sums[i, j])

    return kernel


def _relu(dtype: str) -> Any:
    """`rectified_steps.rectified_linear_step` of single numbers, without its factor ½."""
    real = np.dtype(dtype).type
    coefficients = tuple(real(c) for c in reversed(SINGLE if dtype == "float32" else DOUBLE))
    zero, half, one = real(0), real(0.5), real(1)

    @device
    def relu(nngp: Any, total: Any, sigmas: Any, inverses: Any) -> Any:
        t = nngp * inverses
        rest = one - t * t
        y = real(sqrt(rest if rest > zero else zero))
        slope = zero
        for c in coefficients:
            slope = slope * y + c
        slope = half + t * slope
        nngp_out = nngp * slope + sigmas * y
        return nngp_out, nngp_out + total * slope

    return relu
