"""Products of packed panels against NumPy's."""

import numpy as np
import pytest

from kernel_regime.core.compilation import compiled
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import (
    ROWS,
    accumulate,
    add_gram,
    add_products,
    empty_packed_panels,
    pack_tile,
    width_of,
)


@compiled()
def accumulated(a, ia, ra, b, ib, start, stop, tile, row, column):
    accumulate(a, ia, ra, b, ib, start, stop, tile, row, column)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accumulate_is_the_numpy_line_of_its_docstring(dtype):
    width, rng = width_of(dtype), np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 7, width)).astype(dtype)
    tile = rng.standard_normal((EDGE, EDGE)).astype(dtype)
    ia, ra, ib, start, stop, row, column = 1, ROWS, 2, 2, 6, 2 * ROWS, width
    expected = tile.copy()
    left, right = a[ia, start:stop, ra : ra + ROWS], b[ib, start:stop, :]
    expected[row : row + ROWS, column : column + width] += left.T @ right
    accumulated(a, ia, ra, b, ib, start, stop, tile, row, column)
    np.testing.assert_allclose(tile, expected, rtol=1e-5, atol=1e-5)


def test_packed_panels_hold_samples_feature_after_feature():
    x = np.random.default_rng(1).standard_normal((EDGE - 5, 20))
    packed, width = empty_packed_panels(x), width_of(x.dtype)
    pack_tile(x, packed, 0)
    filled = np.concatenate([x, np.zeros((5, 20))])
    expected = filled.reshape(-1, width, 20).swapaxes(1, 2)
    np.testing.assert_array_equal(packed, expected)


@pytest.mark.parametrize("dtype, tolerance", [(np.float32, 1e-4), (np.float64, 1e-12)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 200, 3), (193, 96, 1030)])
def test_products_of_any_shape(shape, dtype, tolerance):
    rows, columns, features = shape
    rng = np.random.default_rng(2)
    x1 = rng.standard_normal((rows, features)).astype(dtype)
    x2 = rng.standard_normal((columns, features)).astype(dtype)
    total = np.ones((rows, columns))
    add_products(total, x1, x2)
    np.testing.assert_allclose(total, 1 + x1 @ x2.T, atol=tolerance * np.sqrt(features))
    square = np.ones((rows, rows))
    add_gram(square, x1)
    upper = np.triu_indices(rows)
    expected = 1 + (x1 @ x1.T)[upper]
    np.testing.assert_allclose(square[upper], expected, atol=tolerance * np.sqrt(features))
