"""Block Lanczos: orthogonality to the end, and Ritz pairs against the matrix itself."""

import numpy as np
import pytest

from kernel_regime.linalg.lanczos import BlockLanczos


def grown(matrix, start, columns=10**6):
    lanczos = BlockLanczos(lambda block: matrix @ block, start)
    while lanczos.next.shape[1] and lanczos.columns < columns:
        lanczos.grow()
    return lanczos


def basis_of(lanczos):
    return np.vstack([block for _, block in lanczos.row_blocks()])


@pytest.mark.parametrize("rank", [5, 70, 229])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
def test_the_basis_stays_orthogonal_when_the_space_runs_out(rank, scale):
    rng = np.random.default_rng(rank)
    factor = rng.standard_normal((300, rank)) * 10.0 ** rng.uniform(-3, 0, rank)
    matrix = scale * (factor @ factor.T)
    matrix = (matrix + matrix.T) / 2
    lanczos = grown(matrix, rng.standard_normal((300, 9)))
    basis = basis_of(lanczos)
    # Everything in the range of the matrix, and the part of the start outside; at most a few
    # directions that are round-off.
    assert rank <= lanczos.columns <= rank + 2 * 9 + 2
    np.testing.assert_allclose(basis.T @ basis, np.eye(lanczos.columns), rtol=0, atol=1e-13)
    inside = basis @ (basis.T @ matrix)
    np.testing.assert_allclose(inside, matrix, rtol=0, atol=1e-12 * np.linalg.norm(matrix, 2))


def test_ritz_values_lie_within_their_errors_of_eigenvalues():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((200, 200))
    matrix = matrix + matrix.T
    pairs = grown(matrix, rng.standard_normal((200, 4)), columns=60).ritz_pairs()
    spectrum = np.linalg.eigvalsh(matrix)
    distances = np.abs(spectrum[:, None] - pairs.values).min(axis=0)
    assert (distances <= pairs.errors + 1e-10).all()
    assert pairs.errors.min() < 1 < pairs.errors.max()  # some have converged, others have not


def test_solutions_residuals_and_quadratic_forms_are_those_of_the_shifted_matrix():
    rng = np.random.default_rng(1)
    factor = rng.standard_normal((150, 150)) / np.arange(1, 151)
    matrix, start = factor @ factor.T, rng.standard_normal((150, 3))
    lanczos = grown(matrix, start, columns=80)
    pairs, ridges = lanczos.ritz_pairs(), np.array([0.01, 1.0])
    for r, ridge in enumerate(ridges):
        shifted = matrix + ridge * np.eye(150)
        solution = basis_of(lanczos) @ pairs.vectors @ pairs.solution(ridge)
        residual = np.linalg.norm(start - shifted @ solution, axis=0)
        np.testing.assert_allclose(pairs.residuals(ridges)[r], residual, rtol=1e-6, atol=1e-10)
        exact = np.einsum("nk,nk->k", start, np.linalg.solve(shifted, start))
        form = pairs.quadratic_forms(ridges)[r]
        # From below, and by less than residual² over the least eigenvalue of the shifted matrix.
        assert (form <= exact * (1 + 1e-12)).all()
        assert (exact - form <= residual**2 / ridge + 1e-9).all()


def test_a_basis_rounded_where_eigenvalues_are_small_solves_like_an_exact_one():
    rng = np.random.default_rng(0)
    vectors, _ = np.linalg.qr(rng.standard_normal((400, 400)))
    matrix = (vectors * 1e6 * np.arange(1, 401.0) ** -2.5) @ vectors.T
    start, ridge = rng.standard_normal((400, 5)), 1.0
    solutions = []
    for rounded in (False, True):
        lanczos = BlockLanczos(lambda block: matrix @ block, start, rounded=rounded)
        while lanczos.columns < 200:
            lanczos.grow()
        pairs = lanczos.ritz_pairs()
        solutions.append(basis_of(lanczos) @ pairs.vectors @ pairs.solution(ridge))
    exact, rounded = solutions
    assert 0 < np.linalg.norm(rounded - exact) < 1e-5 * np.linalg.norm(exact)
    # The largest eigenvector meets a share 1/√n of what was rounded.
    seen = np.linalg.norm(matrix @ (rounded - exact)) / np.linalg.norm(exact)
    assert seen < 1e6 * np.finfo(np.float32).eps / np.sqrt(400)
