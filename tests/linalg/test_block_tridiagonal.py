"""The reduction against what it must be: an orthogonal change of basis, to the last digits."""

import numpy as np
import pytest

from kernel_regime.linalg.tridiagonal.reduction import block_tridiagonalise
from kernel_regime.linalg.tridiagonal.reduction_loops import BAND


def kernel(n, dtype=np.float64):
    matrix = np.random.default_rng(n).standard_normal((n, n))
    return (matrix + matrix.T).astype(dtype)


def basis_of(reduction):
    """Q as one matrix, from its column blocks, two per thread at a time."""
    blocks = [
        block.transpose(1, 0, 2).reshape(reduction.reflectors.rows, -1)
        for _, group in reduction.reflectors.column_blocks(2)
        for block in group.copy()
    ]
    return np.hstack(blocks)


def dense(band):
    """A symmetric matrix from its lower diagonals."""
    rows = band.shape[1]
    lower = sum(np.diag(band[d, : rows - d], -d) for d in range(len(band)))
    return lower + np.tril(lower, -1).T


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [2, BAND, 95, 96, 97, 300])
def test_a_kernel_is_its_blocks_in_an_orthogonal_basis(n, dtype):
    matrix = kernel(n, dtype)
    reduction = block_tridiagonalise(matrix)
    basis = basis_of(reduction)
    np.testing.assert_allclose(basis.T @ basis, np.eye(len(basis)), rtol=0, atol=1e-14)
    again = (basis @ dense(reduction.band) @ basis.T)[:n, :n]
    np.testing.assert_allclose(again, matrix, rtol=0, atol=1e-13 * n)


def test_vectors_turn_as_the_columns_say():
    reduction = block_tridiagonalise(kernel(200))
    basis = basis_of(reduction)
    x = np.random.default_rng(0).standard_normal((len(basis), 3))
    turned = x.copy()
    reduction.reflectors.rotate(turned)
    np.testing.assert_allclose(turned, basis.T @ x, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n", [3, 150])
def test_eigenvalues_and_definiteness_are_the_kernels(n):
    matrix = kernel(n)
    values = np.linalg.eigvalsh(matrix)
    reduction = block_tridiagonalise(matrix)
    np.testing.assert_allclose(reduction.extreme_eigenvalues(), values[[0, -1]], rtol=1e-12)
    assert reduction.norm_bound() >= np.linalg.norm(matrix) * (1 - 1e-12)
    assert reduction.is_positive_definite(-values[0] + 1e-9)
    assert not reduction.is_positive_definite(-values[0] - 1e-9)


def test_rows_that_need_no_reflection_are_left():
    matrix = np.diag(np.arange(1.0, 151.0))
    reduction = block_tridiagonalise(matrix)
    np.testing.assert_array_equal(basis_of(reduction), np.eye(192))
    np.testing.assert_array_equal(dense(reduction.band)[:150, :150], matrix)
