"""What is symmetric passes, what is not is refused; products read the upper triangle only."""

import dask.array as da
import numpy as np
import pytest

from kernel_regime.core.memory import limited_memory
from kernel_regime.linalg.products import as_matrix, diagonal_of, is_distributed, multiply
from kernel_regime.linalg.symmetric import (
    asymmetry,
    check_symmetric,
    mirror_upper,
)
from kernel_regime.linalg.symmetric_products import rounded_multiply, symmetric_multiply


def matrix_of(n, dtype=np.float64):
    matrix = np.random.default_rng(n).standard_normal((n, n)).astype(dtype)
    return np.triu(matrix) + np.triu(matrix, 1).T


@pytest.mark.parametrize("n", [1, 511, 1025])
def test_a_mirrored_matrix_equals_its_transpose_and_keeps_its_upper_triangle(n):
    matrix = np.random.default_rng(n).standard_normal((n, n))
    upper = np.triu(matrix)
    mirror_upper(matrix)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.triu(matrix), upper)
    assert asymmetry(matrix) == 0


@pytest.mark.parametrize("place", [(3, 200), (1100, 5), (1040, 1100)])
def test_one_entry_that_differs_from_its_mirror_is_found(place):
    matrix = matrix_of(1200)
    matrix[place] += 0.5
    assert asymmetry(matrix) == pytest.approx(0.5, rel=1e-12)
    with pytest.raises(ValueError, match=r"kernel: not symmetric, .* by 0\.5"):
        check_symmetric(matrix, "kernel")


def test_round_off_of_float32_passes():
    x = np.random.default_rng(0).standard_normal((300, 700)).astype(np.float32)
    kernel = x @ x.T
    kernel[np.triu_indices(300, 1)] *= 1 + 2.0**-23
    check_symmetric(kernel, "kernel")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_row_that_is_not_finite_is_named(value):
    matrix = matrix_of(50)
    matrix[7, 20] = matrix[20, 7] = value
    for kernel in (matrix, da.from_array(matrix, chunks=(20, 25))):
        with pytest.raises(ValueError, match="kernel: row 7 is not finite"):
            check_symmetric(kernel, "kernel")


def test_shapes_that_are_no_kernel_are_refused():
    for shape in [(3, 4), (0, 0), (3,), (2, 2, 2)]:
        with pytest.raises(ValueError, match="not square"):
            check_symmetric(np.ones(shape), "kernel")


def test_dask_arrays_are_checked_without_gathering_them():
    matrix = matrix_of(200)
    check_symmetric(da.from_array(matrix, chunks=(70, 60)), "kernel")
    matrix[3, 100] += 5
    with pytest.raises(ValueError, match="not symmetric"):
        check_symmetric(da.from_array(matrix, chunks=(70, 60)), "kernel")


@pytest.mark.parametrize("n", [1, 127, 128, 129, 1500])
def test_products_from_the_upper_triangle_equal_full_products(n):
    kernel, x = matrix_of(n, np.float32), np.random.default_rng(0).standard_normal((n, 3))
    expected = kernel.astype(np.float64) @ x
    half = np.where(np.tri(n, k=-1, dtype=bool), np.float32(np.nan), kernel)
    np.testing.assert_allclose(symmetric_multiply(half, x), expected, rtol=0, atol=1e-11)
    with limited_memory(16 * 8 * n * 5):  # five rows at a time
        np.testing.assert_allclose(multiply(kernel, x), expected, rtol=0, atol=1e-11)
        np.testing.assert_allclose(multiply(kernel, x[:, 0]), expected[:, 0], rtol=0, atol=1e-11)


@pytest.mark.parametrize("n", [511, 512, 513, 1500])
def test_rounded_products_are_as_exact_as_the_entries_of_a_float32_kernel(n):
    rng = np.random.default_rng(n)
    points = rng.standard_normal((n, 20))
    kernel = np.exp(points @ points.T / 200)  # entries with a mean far from zero, as kernels have
    x = rng.standard_normal((n, 3))
    half = np.where(np.tri(n, k=-1, dtype=bool), np.float32(np.nan), kernel.astype(np.float32))
    stored = symmetric_multiply(half, x)
    rounding = np.linalg.norm(stored - kernel @ x)
    assert np.linalg.norm(rounded_multiply(half, x) - stored) < 3 * rounding
    np.testing.assert_allclose(rounded_multiply(kernel, x), kernel @ x, rtol=0, atol=1e-9)


def test_only_dask_arrays_are_taken_for_distributed_ones():
    jnp = pytest.importorskip("jax.numpy")
    pandas = pytest.importorskip("pandas")
    matrix = matrix_of(6)
    assert is_distributed(da.from_array(matrix))
    for other in (matrix, jnp.asarray(matrix), pandas.DataFrame(matrix), matrix.tolist()):
        assert not is_distributed(other)
        np.testing.assert_allclose(diagonal_of(as_matrix(other, "k")), np.diag(matrix), rtol=1e-6)
    half = as_matrix(matrix.astype(np.float16), "k")
    assert half.dtype == np.float32
