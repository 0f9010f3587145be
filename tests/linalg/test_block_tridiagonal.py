"""The reduction against what it must be: an orthogonal change of basis, to the last digits."""

import numpy as np
import pytest
from scipy.linalg import cho_solve, solve_triangular

from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.simd import VECTOR_SIZE
from kernel_regime.linalg.tridiagonal.reduction import block_tridiagonalise
from kernel_regime.linalg.tridiagonal.reduction_loops import BANDWIDTH
from kernel_regime.linalg.tridiagonal.solution_loops import _substitute


def kernel(n, dtype=np.float64):
    matrix = np.random.default_rng(n).standard_normal((n, n))
    return (matrix + matrix.T).astype(dtype)


def basis_of(reduction):
    """Q as one matrix, from its column blocks, two per thread at a time."""
    blocks = [
        block.transpose(1, 0, 2).reshape(reduction.reflectors.rows, -1)
        for _, several in reduction.reflectors.column_blocks(2)
        for block in several.copy()
    ]
    return np.hstack(blocks)


def dense(diagonals):
    """A symmetric matrix from its lower diagonals."""
    rows = diagonals.shape[1]
    lower = sum(np.diag(diagonals[d, : rows - d], -d) for d in range(len(diagonals)))
    return lower + np.tril(lower, -1).T


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [2, BANDWIDTH, 95, 96, 97, 300])
def test_a_kernel_is_its_blocks_in_an_orthogonal_basis(n, dtype):
    matrix = kernel(n, dtype)
    reduction = block_tridiagonalise(matrix)
    basis = basis_of(reduction)
    np.testing.assert_allclose(basis.T @ basis, np.eye(len(basis)), rtol=0, atol=1e-14)
    again = (basis @ dense(reduction.diagonals) @ basis.T)[:n, :n]
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
    np.testing.assert_array_equal(dense(reduction.diagonals)[:150, :150], matrix)


def test_column_blocks_of_the_basis_are_those_of_the_plain_product_of_reflectors():
    reduction = block_tridiagonalise(kernel(250))
    plain = reduction.reflectors.matrix()
    np.testing.assert_allclose(basis_of(reduction), plain, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n", [30, 150, 300])
def test_solutions_are_those_of_dense_factors_in_the_whole_basis(n):
    matrix = kernel(n)
    reduction = block_tridiagonalise(matrix)
    q, t = reduction.reflectors.matrix(), dense(reduction.diagonals)
    targets = np.random.default_rng(0).standard_normal((n, 3))
    padded = np.vstack([targets, np.zeros((len(q) - n, 3))])
    ridges = 2 * np.linalg.norm(matrix, 2) * np.array([1.0, 3.0])
    coefficients, diagonal = reduction.solve(targets, ridges)
    for r, ridge in enumerate(ridges):
        lower = np.linalg.cholesky(t + ridge * np.eye(len(t)))
        solution = q @ cho_solve((lower, True), q.T @ padded)
        squares = np.square(solve_triangular(lower, q.T, lower=True)).sum(axis=0)
        np.testing.assert_allclose(coefficients[r], solution[:n], rtol=0, atol=1e-14)
        np.testing.assert_allclose(diagonal[r], squares[:n], rtol=1e-12)


def test_substitution_in_registers_is_the_plain_loop():
    rng = np.random.default_rng(0)
    shape = EDGE // VECTOR_SIZE, VECTOR_SIZE
    factor = rng.standard_normal((40, BANDWIDTH + 2)) / 10
    factor[:, -1] = 0  # as `eliminate` says; the second of two rows reads one entry further
    columns = rng.standard_normal((40, *shape))
    z, total = rng.standard_normal((BANDWIDTH + 40, *shape)), np.zeros(shape)
    plain, sums = z.copy(), np.zeros(shape)
    for k in range(40):
        rest = columns[k].copy()
        for d in range(1, BANDWIDTH + 1):
            rest -= factor[k, d] * plain[BANDWIDTH + k - d]
        plain[BANDWIDTH + k] = factor[k, 0] * rest
        sums += plain[BANDWIDTH + k] ** 2
    _substitute(factor, columns, z, total)
    np.testing.assert_allclose(z, plain, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(total, sums, rtol=1e-10)
