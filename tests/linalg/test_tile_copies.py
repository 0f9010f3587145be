"""Tiles copied into matrices against the matrices that they were cut from."""

import numpy as np
import pytest

from kernel_regime.linalg.matrix_tiles import EDGE, tile_count, tile_place
from kernel_regime.linalg.tile_copies import put_tile


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (5, EDGE + 7), (2 * EDGE + 9, EDGE), (201, 201)])
def test_tiles_make_up_the_matrix_that_they_are_cut_from(shape, dtype):
    matrix = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    np.testing.assert_array_equal(assembled(matrix, symmetric=False), matrix)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 7, EDGE, 2 * EDGE + 13])
def test_tiles_of_the_upper_triangle_make_up_a_symmetric_matrix(n, dtype):
    matrix = np.random.default_rng(0).standard_normal((n, n)).astype(dtype)
    expected = np.triu(matrix) + np.triu(matrix, 1).T
    np.testing.assert_array_equal(assembled(np.triu(matrix), symmetric=True), expected)


def assembled(matrix, *, symmetric):
    """A matrix of the tiles of another, or of those on and above its diagonal."""
    result = np.full_like(matrix, np.nan)
    count, across = tile_count.py_func(matrix.shape, symmetric)
    for number in range(count):
        i, j = tile_place.py_func(number, across, symmetric)
        part = matrix[i * EDGE : (i + 1) * EDGE, j * EDGE : (j + 1) * EDGE]
        tile = np.pad(part, [(0, EDGE - length) for length in part.shape])
        put_tile(tile, result, i * EDGE, j * EDGE, symmetric)
    return result
