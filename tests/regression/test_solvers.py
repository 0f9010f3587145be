"""The solvers against each other, and the choice among them."""

import logging

import dask.array as da
import numpy as np
import pytest

from kernel_regime.regression.fit import fit_ridge_path, ridge_path
from kernel_regime.regression.solvers.choice import choose_solver
from kernel_regime.regression.solvers.cholesky import NearlySingularError, solve_by_cholesky
from kernel_regime.regression.solvers.direct import solve_directly
from kernel_regime.regression.solvers.iterative import solve_iteratively
from kernel_regime.regression.symmetric_kernel import KernelOnHost

RIDGES = np.logspace(-2, 3, 8)


def problem(n=600, outputs=3, dtype=np.float64):
    """A kernel with a decaying spectrum, as image kernels have."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 30)) * np.linspace(1, 0.1, 30)
    norms = np.linalg.norm(x, axis=1)
    cosines = np.clip(x @ x.T / np.outer(norms, norms), -1, 1)
    kernel = 1 - np.arccos(cosines) / np.pi
    targets = np.sign(x[:, :outputs]) + 0.3 * rng.standard_normal((n, outputs))
    return kernel.astype(dtype), targets


def test_cholesky_and_reduction_agree():
    kernel, targets = problem()
    ridges = np.array([0.1, 10.0])
    few, path = solve_by_cholesky(kernel, targets, ridges), solve_directly(kernel, targets, ridges)
    np.testing.assert_allclose(few.coefficients, path.coefficients, rtol=0, atol=1e-10)
    np.testing.assert_allclose(few.inverse_diagonal, path.inverse_diagonal, rtol=1e-10)


def test_cholesky_hands_a_singular_kernel_on():
    kernel, targets = np.ones((5, 5)), np.ones((5, 1))
    with pytest.raises(NearlySingularError):
        solve_by_cholesky(kernel, targets, np.array([0.0]))
    path = fit_ridge_path(kernel, targets, [0.0])
    assert path.solver == "direct"
    np.testing.assert_allclose(path.train_predictions[0], 1, atol=1e-6)


def test_iterative_predictions_agree_to_its_tolerance_and_estimates_to_two_percent():
    kernel, targets = problem()
    exact = solve_directly(kernel, targets, RIDGES)
    path = solve_iteratively(kernel, targets, RIDGES, tolerance=1e-8)
    # Residuals of 1e-8 ‖y‖ move coefficients by at most 1e-8 ‖y‖/λ.
    norm = np.linalg.norm(targets)
    for r, ridge in enumerate(RIDGES):
        error = np.linalg.norm(path.coefficients[r] - exact.coefficients[r])
        assert error <= 3e-8 * norm / ridge
    np.testing.assert_allclose(path.gcv_loss, exact.gcv_loss, rtol=0.02)
    np.testing.assert_allclose(path.loo_loss, exact.loo_loss, rtol=0.02)


def test_rounded_products_of_a_large_float32_kernel_keep_their_tolerance():
    kernel, targets = problem(n=4_100, dtype=np.float32)
    assert KernelOnHost(kernel).rounded and not KernelOnHost(kernel[:4_000, :4_000]).rounded
    ridges = RIDGES[[0, 3, 6]]
    exact = solve_directly(kernel, targets, ridges)
    path = solve_iteratively(kernel, targets, ridges)
    for ridge, coefficients in zip(ridges, path.coefficients, strict=True):
        residuals = targets - kernel @ coefficients - ridge * coefficients
        assert (np.linalg.norm(residuals, axis=0) <= 5e-3 * np.linalg.norm(targets, axis=0)).all()
    assert (np.abs(path.loo_loss / exact.loo_loss - 1) <= path.loo_relative_error).all()
    assert (path.loo_relative_error < 0.02).all()


def test_iterative_is_exact_once_its_space_is_everything():
    kernel, targets = problem(n=60)
    exact = solve_directly(kernel, targets, RIDGES)
    path = solve_iteratively(kernel, targets, RIDGES, tolerance=0.0)
    np.testing.assert_allclose(path.coefficients, exact.coefficients, rtol=0, atol=1e-9)
    np.testing.assert_allclose(path.inverse_diagonal, exact.inverse_diagonal, rtol=1e-9)
    np.testing.assert_allclose(path.loo_loss, exact.loo_loss, rtol=1e-9)


def test_iterative_ends_when_a_low_rank_kernel_is_exhausted():
    rng = np.random.default_rng(1)
    features = rng.standard_normal((500, 5))
    targets = rng.standard_normal((500, 2))
    kernel = features @ features.T
    exact = solve_directly(kernel, targets, RIDGES)
    path = solve_iteratively(kernel, targets, RIDGES, tolerance=0.0)
    np.testing.assert_allclose(path.coefficients, exact.coefficients, rtol=0, atol=1e-8)
    np.testing.assert_allclose(path.loo_loss, exact.loo_loss, rtol=1e-3)
    # The kernel has rank 5, the start 26 columns: nothing is left after the second product.
    assert path.solver == "iterative, 2 products"


def test_one_hot_targets_and_zero_outputs_may_be_rank_deficient():
    kernel, _ = problem(n=100)
    targets = np.eye(4)[np.arange(100) % 4] - 0.25
    targets = np.column_stack([targets, np.zeros(100)])
    exact = solve_directly(kernel, targets, RIDGES)
    path = solve_iteratively(kernel, targets, RIDGES, tolerance=1e-10)
    np.testing.assert_allclose(path.coefficients, exact.coefficients, rtol=0, atol=1e-7)


def test_iterative_says_with_numbers_what_did_not_converge(caplog):
    kernel, targets = problem()
    path = solve_iteratively(kernel, targets, np.array([1e-3, 1e6]), max_columns=40)
    assert "1 of 2 ridges (up to 0.001) did not converge in 2 products" in caplog.text
    assert np.isfinite(path.coefficients).all()


def test_iterative_refuses_and_raises_ridges_as_the_direct_solver_does(caplog):
    kernel = np.diag([2.0, 1.0, -0.5])
    with pytest.raises(ValueError, match="indefinite"):
        solve_iteratively(kernel, np.ones((3, 1)), np.array([0.1]))
    solve_iteratively(np.ones((4, 4)), np.ones((4, 1)), np.array([0.0]))
    assert "1 of 1 ridges" in caplog.text


def test_a_memory_mapped_float32_kernel_and_a_dask_array_give_the_same_path(tmp_path):
    kernel, targets = problem(dtype=np.float32)
    np.save(tmp_path / "kernel.npy", kernel)
    mapped = np.load(tmp_path / "kernel.npy", mmap_mode="r")
    expected = ridge_path(kernel.astype(np.float64), kernel[:50], targets, targets[:50], RIDGES)
    exact = ridge_path(mapped, mapped[:50], targets, targets[:50], RIDGES)
    np.testing.assert_allclose(exact.iloc[:, :-1], expected.iloc[:, :-1], rtol=1e-10)
    distributed = da.from_array(mapped, chunks=(200, 250))
    table = ridge_path(distributed, distributed[:50], targets, targets[:50], RIDGES)
    assert table["solver"].str.startswith("iterative").all()
    # Residuals of 1e-5 enter the loss at first order in the worst case.
    np.testing.assert_allclose(table["test_loss"], expected["test_loss"], rtol=1e-4)
    np.testing.assert_allclose(table["loo_loss"], expected["loo_loss"], rtol=0.02)


def test_non_finite_rows_are_found_by_products_too():
    kernel, targets = problem(n=300)
    kernel[7, 200] = kernel[200, 7] = np.inf
    with pytest.raises(ValueError, match="kernel: row 7 is not finite"):
        solve_iteratively(kernel, targets, RIDGES)


GIGABYTE = 10**9


@pytest.mark.parametrize(
    ("n", "ridges", "memory", "options", "expected"),
    [
        (4_000, 20, 4, {}, "direct"),
        (4_000, 1, 4, {}, "cholesky"),
        (20_000, 20, 2, {}, "iterative"),
        (60_000, 20, 20, {}, "iterative"),
        (4_000, 20, 4, {"distributed": True}, "iterative"),
        (4_000, 20, 4, {"solver": "iterative"}, "iterative"),
        (30_000, 20, 20, {"solver": "direct"}, "direct"),
    ],
)
def test_solver_follows_size_memory_and_number_of_ridges(n, ridges, memory, options, expected):
    plan = choose_solver(n, 10, ridges, memory * GIGABYTE, **options)
    assert plan.solver == expected
    assert plan.peak_bytes <= memory * GIGABYTE


def test_a_krylov_space_shrinks_until_it_fits_the_memory():
    whole = choose_solver(60_000, 10, 20, 20 * GIGABYTE)
    least = choose_solver(60_000, 10, 20, 3 * GIGABYTE)
    assert 500 <= least.columns < whole.columns == 4000
    assert least.peak_bytes <= 3 * GIGABYTE


def test_what_cannot_fit_is_refused_with_the_numbers():
    with pytest.raises(MemoryError, match=r"direct needs 29\.\d\d GB .* 8\.00 GB are free"):
        choose_solver(60_000, 10, 20, 8 * GIGABYTE, solver="direct")
    with pytest.raises(MemoryError, match="free memory or use fewer training points"):
        choose_solver(10**6, 10, 20, 2 * GIGABYTE)


def test_the_choice_is_logged_and_recorded(caplog):
    kernel, targets = problem(n=50)
    with caplog.at_level(logging.INFO):
        table = ridge_path(kernel, kernel[:5], targets, targets[:5], RIDGES)
    assert "direct solver: 50 points, 8 ridges" in caplog.text
    assert set(table["solver"]) == {"direct"}
