"""Compare the GPU's Myrtle kernels with the CPU's, on Numba's simulator of a GPU.

`NUMBA_ENABLE_CUDASIM=1 python myrtle_on_simulator.py side depth dtype`: the variable is read when
Numba is imported, hence a process of its own. Ends with status 0 when all values agree.
"""

import sys

import numpy as np

from kernel_regime.execution.devices import on_device
from kernel_regime.kernels.convolutional.myrtle_kernels import MyrtleNNGP, MyrtleNTK


def main(side: int, depth: int, dtype: str) -> None:
    x = np.random.default_rng(0).standard_normal((3, side, side, 2)).astype(dtype)
    x[1, : side // 2] = 0  # pixels of no variance
    # The sums are taken in another order; depth times a few units in the last place.
    tolerance = 32 * np.finfo(dtype).eps
    for kernel, x1 in ((MyrtleNTK(depth), x[:2]), (MyrtleNNGP(depth), x[:1])):
        values = on_device(kernel, "gpu").cross(x1, x[2:])
        assert values.dtype == dtype
        np.testing.assert_allclose(values, kernel.cross(x1, x[2:]), rtol=tolerance)
    matrix = on_device(MyrtleNTK(depth), "gpu").gram(x[1:])
    np.testing.assert_array_equal(matrix, matrix.T)
    expected = MyrtleNTK(depth).gram(x[1:])
    np.testing.assert_allclose(matrix[0, 1], expected[0, 1], rtol=tolerance)
    # An image with itself: a cosine of 1, rounded by ε, is an angle of √ε.
    np.testing.assert_allclose(
        np.diagonal(matrix), np.diagonal(expected), np.finfo(dtype).eps ** 0.5
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
