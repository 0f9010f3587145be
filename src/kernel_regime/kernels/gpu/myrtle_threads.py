"""What the threads of a GPU do for a Myrtle kernel: a block of them for each pair of images.

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

from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from kernel_regime.core.extras import from_extra
from kernel_regime.kernels.convolutional.arcsine import DOUBLE, SINGLE

with from_extra("gpu"):
    import numba.cuda

cuda: Any = numba.cuda  # untyped
device = cuda.jit(device=True)


class MyrtleShape(NamedTuple):
    """What the compiled code depends on, of every stage: and the window of the head."""

    sides: tuple[int, ...]
    max_offsets: tuple[int, ...]
    convolutions: tuple[int, ...]
    block: int


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
def compiled_pair_sums(shape: MyrtleShape, dtype: str) -> Any:
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
