"""Direct and iterative solver on the same kernels: of any rank, scale and ridge, and real ones."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from kernel_regime.evaluation.targets import encode_targets
from kernel_regime.kernels.dense.fully_connected_kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
)
from kernel_regime.regression.conditioning import EPSILON
from kernel_regime.regression.fit import fit_ridge_path, ridge_path
from kernel_regime.regression.solvers.direct import solve_directly
from kernel_regime.regression.solvers.iterative import solve_iteratively

SCALES = [1e-20, 1.0, 1e20]


def low_rank_kernel(n, rank, scale, seed):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((n, rank)) * 10.0 ** rng.uniform(-2, 0, rank)
    kernel = factor @ factor.T
    return scale * (kernel + kernel.T) / 2, rng.standard_normal((n, 1 + seed % 3))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("n", "rank"), [(20, 2), (60, 60), (150, 51), (260, 200), (300, 40)])
def test_solvers_agree_on_kernels_of_any_rank_scale_and_ridge(n, rank, scale):
    kernel, targets = low_rank_kernel(n, rank, scale, seed=n)
    largest = np.linalg.eigvalsh(kernel)[-1]
    ridges = largest * np.array([1e-11, 1e-6, 1e-3, 1.0])
    exact = fit_ridge_path(kernel, targets, ridges, solver="direct")
    path = fit_ridge_path(kernel, targets, ridges, solver="iterative")
    # Round-off of either moves an inverse by ε·largest/ridge; what is sampled says how far off.
    round_off = 10 * EPSILON * largest / ridges
    for name in ("loo", "gcv"):
        off = np.abs(getattr(path, f"{name}_loss") / getattr(exact, f"{name}_loss") - 1)
        assert (off <= round_off + getattr(path, f"{name}_relative_error")).all()
        assert (getattr(path, f"{name}_relative_error") < 0.01).all()
    coefficients = np.abs(path.coefficients - exact.coefficients).max(axis=(1, 2))
    assert (coefficients <= 10 * round_off * np.abs(exact.coefficients).max(axis=(1, 2))).all()


@pytest.mark.parametrize("seed", range(3))
def test_ridge_zero_on_a_singular_kernel_is_raised_by_both_solvers_alike(seed, caplog):
    rng = np.random.default_rng(seed)
    x, targets = rng.standard_normal((300, 12)), rng.standard_normal((300, 1))
    kernel = (1 + x @ x.T / np.sqrt(12)) ** 2  # rank 91
    exact = fit_ridge_path(kernel, targets, [0.0, 1.0], solver="direct")
    path = fit_ridge_path(kernel, targets, [0.0, 1.0], solver="iterative")
    assert caplog.text.count("1 of 2 ridges (from 0)") == 2
    assert path.applied[0] == pytest.approx(exact.applied[0], rel=0.5)
    np.testing.assert_allclose(path.loo_loss[1], exact.loo_loss[1], rtol=1e-9)
    # The jitter is ten times round-off, so that a tenth of the loss is round-off's.
    np.testing.assert_allclose(path.loo_loss[0], exact.loo_loss[0], rtol=0.1)
    assert 0.01 < path.loo_relative_error[0] <= 0.11


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "rank", "seed"), [(300, 200, 0), (300, 200, 2), (1000, 100, 0)])
def test_round_off_of_known_eigenvalues_is_no_eigenvalue_of_the_rest(n, rank, seed, dtype):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((n, rank)) + 1  # one eigenvalue above all others
    kernel, targets = factor @ factor.T, rng.standard_normal((n, 1))
    kernel = ((kernel + kernel.T) / 2).astype(dtype)
    exact, path = (
        fit_ridge_path(kernel, targets, [0.0], solver=solver) for solver in ("direct", "iterative")
    )
    np.testing.assert_allclose(path.loo_loss, exact.loo_loss, rtol=0.05)


def test_leave_one_out_at_a_tiny_ridge_of_a_singular_kernel_is_that_of_the_eigenvectors():
    rng = np.random.default_rng(1017)
    factor = rng.standard_normal((500, 229))
    kernel = (factor @ factor.T + (factor @ factor.T).T) / 2
    targets = rng.standard_normal((500, 7))
    values, vectors = np.linalg.eigh(kernel)
    values[:271] = 0  # what is round-off in them
    ridge = 1e-11 * values[-1]
    inverse = (vectors / (values + ridge)) @ vectors.T
    expected = np.square(inverse @ targets / np.diag(inverse)[:, None]).sum(axis=1).mean()
    for solver in ("direct", "iterative"):
        path = fit_ridge_path(kernel, targets, [ridge, 1.0], solver=solver)
        assert path.loo_loss[0] == pytest.approx(expected, rel=1e-4)


def test_ridge_zero_interpolates_in_a_complete_space_with_the_right_leave_one_out():
    rng = np.random.default_rng(0)
    x, targets = rng.standard_normal((48, 4)), rng.standard_normal((48, 1))
    kernel = FullyConnectedNTK(3)(x)
    inverse = np.linalg.inv(kernel)
    expected = np.square(inverse @ targets / np.diag(inverse)[:, None]).mean()
    gcv = 48 * np.square(inverse @ targets).sum() / np.trace(inverse) ** 2
    path = fit_ridge_path(kernel, targets, [0.0, 0.1], solver="iterative")
    assert path.loo_loss[0] == pytest.approx(expected, rel=1e-9)
    assert path.gcv_loss[0] == pytest.approx(gcv, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e200])
@pytest.mark.parametrize("solver", ["cholesky", "direct", "iterative"])
def test_losses_do_not_depend_on_the_scale_of_the_kernel(scale, solver):
    rng = np.random.default_rng(0)
    x, targets = rng.standard_normal((40, 3)), rng.standard_normal((40, 2))
    kernel, ridges = FullyConnectedNTK(2)(x), np.array([0.01, 1.0])
    expected = ridge_path(kernel, kernel[:5], targets, targets[:5], ridges, solver="direct")
    scaled = ridge_path(
        *(scale * kernel, scale * kernel[:5], targets, targets[:5], scale * ridges), solver=solver
    )
    columns = ["train_loss", "test_loss", "loo_loss", "gcv_loss"]
    np.testing.assert_allclose(scaled[columns], expected[columns], rtol=1e-8)


@pytest.fixture(scope="module")
def digits():
    x, labels = load_digits(return_X_y=True)
    x = x - x.mean(axis=1, keepdims=True)
    return x / np.linalg.norm(x, axis=1, keepdims=True) * 8, encode_targets(labels, 10)


@pytest.mark.parametrize("kernel", [FullyConnectedNTK(2), FullyConnectedNNGP(2)])
def test_leave_one_out_of_images_is_right_to_two_percent_or_within_its_error(kernel, digits):
    x, targets = digits
    matrix, ridges = kernel(x), 10.0 ** np.linspace(-3, 3, 10)
    exact = solve_directly(matrix, targets, ridges)
    # Half as many columns as points, and 50 sampled points: everything else is estimated.
    path = solve_iteratively(matrix, targets, ridges, max_columns=1000)
    for name in ("loo", "gcv"):
        truth, found = getattr(exact, f"{name}_loss"), getattr(path, f"{name}_loss")
        off, error = np.abs(found / truth - 1), getattr(path, f"{name}_relative_error")
        known = np.isfinite(found)
        assert known.sum() >= 6
        assert (off[known] <= np.maximum(0.02, error[known])).all()
        # Where estimates are good the bars say so: they are no blanket excuse.
        assert (error[ridges >= 1] < 0.01).all()
    known = np.isfinite(path.loo_loss)
    assert np.nanargmin(path.loo_loss) == np.where(known, exact.loo_loss, np.inf).argmin()


def test_a_loss_that_did_not_converge_is_nan_and_logged(digits, caplog):
    x, targets = digits
    matrix = FullyConnectedNNGP(2)(x[:600])
    path = solve_iteratively(matrix, targets[:600], np.array([1e-6, 100.0]), max_columns=80)
    assert np.isnan(path.loo_loss[0])
    assert np.isnan(path.loo_error[0])
    assert "leave-one-out of 1 of 2 ridges (up to 1e-06) is not known" in caplog.text
    assert np.isfinite(path.coefficients).all()
    exact = solve_directly(matrix, targets[:600], np.array([100.0]))
    assert path.loo_loss[1] == pytest.approx(exact.loo_loss[0], rel=0.01)
