"""The ridge path against the published code's values and against one solve per ridge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_regime.evaluation.targets import encode_targets
from kernel_regime.regression.fit import fit_ridge_path, ridge_path
from kernel_regime.regression.gaussian_process import GaussianProcess
from tests.beside import golden

COLUMNS = ["train_loss", "train_accuracy", "test_loss", "test_accuracy"]


def two_layer_ntk(x1, x2):
    """The kernel of the golden file, as published: section 2 of the reference."""
    norms = np.outer(np.linalg.norm(x1, axis=1), np.linalg.norm(x2, axis=1))
    rho = np.clip(x1 @ x2.T / norms, -1, 1)
    theta = np.arccos(rho)
    return norms * ((1 - theta / np.pi) * rho + np.sin(theta) / (2 * np.pi))


def problem(n=40, outputs=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5))
    return two_layer_ntk(x, x), rng.standard_normal((n, outputs))


def test_path_equals_the_published_scores():
    values = golden("kernel_ridge_regression")
    train, test = values["x_train"], values["x_test"]
    path = ridge_path(
        two_layer_ntk(train, train),
        two_layer_ntk(test, train),
        encode_targets(values["labels_train"], 10),
        encode_targets(values["labels_test"], 10),
        values["ridge"],
    )
    expected = values["train_loss_train_accuracy_test_loss_test_accuracy"]
    np.testing.assert_allclose(path[COLUMNS], expected, rtol=1e-8, atol=0)


@given(
    st.integers(2, 40),
    st.integers(1, 3),
    st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=5),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 1000),
)
@settings(max_examples=50, deadline=None)
def test_path_equals_one_solve_per_ridge(n, outputs, ridges, dtype, seed):
    kernel, targets = problem(n, outputs, seed)
    kernel = kernel.astype(dtype)
    path = fit_ridge_path(kernel, targets, ridges)
    for ridge, coefficients, diagonal in zip(
        ridges, path.coefficients, path.inverse_diagonal, strict=True
    ):
        inverse = np.linalg.inv(kernel.astype(np.float64) + ridge * np.eye(n))
        # Condition numbers reach 1e5: eleven digits of the largest entry are left.
        expected = inverse @ targets
        np.testing.assert_allclose(
            coefficients, expected, rtol=0, atol=1e-9 * np.abs(expected).max()
        )
        np.testing.assert_allclose(diagonal, np.diag(inverse), rtol=1e-9)


@given(st.integers(2, 20), st.integers(1, 3), st.floats(1e-3, 1e3), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_leave_one_out_equals_refitting_without_each_point(n, outputs, ridge, seed):
    kernel, targets = problem(n, outputs, seed)
    refits = np.empty_like(targets)
    for i in range(n):
        rest = np.delete(np.arange(n), i)
        shifted = kernel[np.ix_(rest, rest)] + ridge * np.eye(n - 1)
        refits[i] = kernel[i, rest] @ np.linalg.solve(shifted, targets[rest])
    # One ridge takes a Cholesky factor, two the reduction.
    for ridges in ([ridge], [ridge, 2 * ridge]):
        path = fit_ridge_path(kernel, targets, ridges)
        np.testing.assert_allclose(path.loo_predictions[0], refits, rtol=1e-8, atol=1e-8)
        loss = np.square(refits - targets).sum(axis=1).mean()
        np.testing.assert_allclose(path.loo_loss[0], loss, rtol=1e-7)


@given(st.integers(2, 30), st.floats(1e-3, 1e3), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_gcv_is_its_formula_and_the_kernel_alignment_risk_estimate(n, ridge, seed):
    kernel, targets = problem(n, 2, seed)
    smoother = kernel @ np.linalg.inv(kernel + ridge * np.eye(n))
    residual = targets - smoother @ targets
    gcv = np.square(residual).sum() / n / (1 - np.trace(smoother) / n) ** 2
    resolvent = np.linalg.inv(kernel / n + ridge / n * np.eye(n))
    kare = np.trace(targets.T @ resolvent @ resolvent @ targets) / n
    kare /= (np.trace(resolvent) / n) ** 2
    for ridges in ([ridge], [ridge, 2 * ridge]):
        path = fit_ridge_path(kernel, targets, ridges)
        # 1 − tr(S)/n cancels when the ridge is small beside the kernel: 1e-3 of 1, eight digits
        # left.
        np.testing.assert_allclose(path.gcv_loss[0], gcv, rtol=1e-8)
        np.testing.assert_allclose(path.kare[0], kare, rtol=1e-8)


@given(st.integers(2, 30), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_fit_turns_with_the_basis(n, seed):
    kernel, targets = problem(n, 2, seed)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))[0]
    turned = turn @ kernel @ turn.T
    ridges = [0.1, 10.0]
    path = fit_ridge_path(kernel, targets, ridges)
    moved = fit_ridge_path((turned + turned.T) / 2, turn @ targets, ridges)
    np.testing.assert_allclose(moved.coefficients, turn @ path.coefficients, rtol=0, atol=1e-9)
    np.testing.assert_allclose(moved.gcv_loss, path.gcv_loss, rtol=1e-9)


def test_ridge_zero_interpolates_a_positive_definite_kernel():
    kernel, targets = problem()
    path = fit_ridge_path(kernel, targets, [0.0])
    assert path.applied[0] == 0
    np.testing.assert_allclose(kernel @ path.coefficients[0], targets, atol=1e-10)
    np.testing.assert_array_equal(path.train_predictions[0], targets)


def test_a_singular_kernel_is_raised_by_a_logged_jitter(caplog):
    kernel, targets = problem()
    twice = np.block([[kernel, kernel], [kernel, kernel]])
    path = fit_ridge_path(twice, np.vstack([targets, targets]), [0.0, 1.0])
    assert 0 < path.applied[0] < 1e-10
    assert path.applied[1] == 1
    assert "1 of 2 ridges" in caplog.text
    assert np.isfinite(path.loo_loss).all()
    # Interpolating twins with equal targets is possible, so the jittered fit still reaches them.
    np.testing.assert_allclose(path.train_predictions[0][:40], targets, atol=1e-6)


def test_indefinite_by_float32_round_off_never_gives_nan(caplog):
    kernel, targets = problem(n=300)
    low_rank = (kernel[:, :20] @ np.linalg.inv(kernel[:20, :20]) @ kernel[:20]).astype(np.float32)
    low_rank = np.triu(low_rank) + np.triu(low_rank, 1).T
    assert np.linalg.eigvalsh(low_rank.astype(np.float64))[0] < 0
    table = ridge_path(low_rank, low_rank[:5], targets, targets[:5], [0.0, 1e-9, 1.0])
    assert np.isfinite(table.drop(columns="solver")).all(axis=None)
    assert "2 of 3 ridges" in caplog.text


def test_truly_indefinite_kernels_are_refused_unless_the_ridge_makes_up_for_it():
    kernel = np.diag([2.0, 1.0, -0.5])
    with pytest.raises(ValueError, match=r"from -0\.5 to 2; use ridges above 0\.5"):
        fit_ridge_path(kernel, np.ones(3), [0.1])
    assert fit_ridge_path(kernel, np.ones(3), [1.5]).coefficients[0, 2, 0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a | {"ridges": [1.0, -2.0]}, "ridges: got -2.0"),
        (lambda a: a | {"ridges": []}, "ridges: got an empty list"),
        (lambda a: a | {"train_kernel": a["train_kernel"][:, :-1]}, "train_kernel: shape"),
        (lambda a: a | {"test_kernel": a["test_kernel"].T}, "test_kernel: shape"),
        (lambda a: a | {"train_kernel": np.triu(a["train_kernel"])}, "not symmetric"),
        (lambda a: a | {"train_kernel": a["train_kernel"] * np.nan}, "kernel: row 0 is not finite"),
        (lambda a: a | {"test_kernel": a["test_kernel"] * np.inf}, "kernel: row 0 is not finite"),
        (lambda a: a | {"train_targets": a["train_targets"] * np.nan}, "train_targets: row 0"),
    ],
)
def test_what_cannot_be_fitted_is_refused(spoil, message):
    kernel, targets = problem()
    arguments = {
        "train_kernel": kernel,
        "test_kernel": kernel[:7],
        "train_targets": targets,
        "test_targets": targets[:7],
        "ridges": [1.0],
    }
    with pytest.raises(ValueError, match=message):
        ridge_path(**spoil(arguments))


@pytest.mark.parametrize(
    ("train_classes", "test_classes"), [(10, 1), (10, 2), (2, 10)], ids=["one", "fewer", "more"]
)
def test_test_targets_of_another_width_are_refused_rather_than_broadcast(
    train_classes, test_classes
):
    kernel, _ = problem()
    train, test = np.zeros((40, train_classes)), np.zeros((7, test_classes))
    with pytest.raises(ValueError, match=f"test_targets: {test_classes} outputs, train_targets"):
        ridge_path(kernel, kernel[:7], train, test, [1.0])


def test_an_empty_test_set_is_refused():
    kernel, targets = problem()
    with pytest.raises(ValueError, match="test_targets: there are none"):
        ridge_path(kernel, kernel[:0], targets, targets[:0], [1.0])


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        ("choleski", "did you mean 'cholesky'"),
        ("iterative, 3 products", "did you mean 'iterative'"),
    ],
)
def test_a_solver_that_does_not_exist_is_refused(solver, message):
    kernel, targets = problem()
    with pytest.raises(ValueError, match=message):
        fit_ridge_path(kernel, targets, [1.0], solver=solver)


@pytest.mark.parametrize("solver", ["cholesky", "direct", "iterative"])
def test_solvers_run_by_the_name_that_the_table_reports_and_refuse_what_is_not_symmetric(solver):
    kernel, targets = problem()
    table = ridge_path(kernel, kernel[:7], targets, targets[:7], [0.5, 1.0], solver=solver)
    assert table["solver"].str.startswith(solver).all()
    skewed = kernel + np.random.default_rng(0).standard_normal(kernel.shape)
    with pytest.raises(ValueError, match="not symmetric"):
        ridge_path(skewed, kernel[:7], targets, targets[:7], [100.0, 200.0], solver=solver)


def test_kernels_and_targets_of_every_array_library_are_taken():
    jnp, pandas = pytest.importorskip("jax.numpy"), pytest.importorskip("pandas")
    kernel, targets = problem()
    single = kernel.astype(np.float32)
    expected = ridge_path(single, single[:7], targets, targets[:7], [0.1, 1.0])
    for convert in (jnp.asarray, pandas.DataFrame, np.ndarray.tolist):
        found = ridge_path(
            convert(single), convert(single[:7]), convert(targets), targets[:7], [0.1, 1.0]
        )
        # JAX rounds the targets to float32.
        np.testing.assert_allclose(found["test_loss"], expected["test_loss"], rtol=1e-5)
        assert set(found["solver"]) == {"direct"}
    half = kernel.astype(np.float16)
    for ridges in ([0.1], [0.1, 1.0]):
        found = ridge_path(half, half[:7], targets, targets[:7], ridges)
        exact = ridge_path(half.astype(float), half[:7].astype(float), targets, targets[:7], ridges)
        np.testing.assert_allclose(found["loo_loss"], exact["loo_loss"], rtol=1e-9)


def test_a_kernel_of_zeros_says_that_it_needs_a_ridge():
    with pytest.raises(ValueError, match=r"the kernel is zero; use ridges above 0"):
        fit_ridge_path(np.zeros((3, 3)), np.ones(3), [0.0, 1.0])
    np.testing.assert_allclose(
        fit_ridge_path(np.zeros((3, 3)), np.ones(3), [2.0]).coefficients, 0.5
    )


@pytest.mark.parametrize("shape", [(4, 5), (12,), (1, 4, 12)])
def test_predictions_from_other_columns_than_training_points_are_refused(shape):
    path = fit_ridge_path(np.eye(12), np.ones(12), [1.0])
    with pytest.raises(ValueError, match="does not fit 12 training points; rows are new points"):
        path.predict(np.ones(shape))


def test_an_unknown_device_is_refused():
    with pytest.raises(ValueError, match="device: 'cuda'; give one of cpu, gpu"):
        fit_ridge_path(np.eye(3), np.ones(3), [1.0], device="cuda")


def test_dask_kernels_are_held_to_real_numbers_as_others_are():
    da = pytest.importorskip("dask.array")
    kernel = np.eye(6) + 1
    path = fit_ridge_path(da.from_array(kernel.astype(int)), np.arange(6), [1.0])
    exact = fit_ridge_path(kernel, np.arange(6), [1.0])
    np.testing.assert_allclose(path.coefficients, exact.coefficients, rtol=1e-8)
    with pytest.raises(ValueError, match="train_kernel: an array of complex128 holds no real"):
        fit_ridge_path(da.from_array(kernel + 0j), np.arange(6), [1.0])
    with pytest.raises(ValueError, match="train_kernel: a Dask array, and a Gaussian process"):
        GaussianProcess.fit(da.from_array(kernel), np.arange(6))
