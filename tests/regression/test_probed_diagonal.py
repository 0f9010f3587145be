"""Estimates of leave-one-out and GCV losses from probes, and their error bars."""

import numpy as np
import pytest

from kernel_regime.kernels.stationary import Laplace
from kernel_regime.regression.nearest_points import NearestPoints
from kernel_regime.regression.solvers.direct import solve_directly
from kernel_regime.regression.solvers.iterative import solve_iteratively


def clustered_problem(seed, n=700):
    """A kernel with a long tail of eigenvalues, and targets that are partly noise."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 40)) * np.arange(1, 41) ** -0.7
    kernel = Laplace(width=2.0)(x)
    return kernel, np.sign(x[:, :3]) + 0.5 * rng.standard_normal((n, 3))


def compare(kernel, targets, ridges, max_columns):
    exact = solve_directly(kernel, targets, ridges)
    path = solve_iteratively(kernel, targets, ridges, max_columns=max_columns)
    for name in ("loo", "gcv"):
        found, truth = getattr(path, f"{name}_loss"), getattr(exact, f"{name}_loss")
        known = np.isfinite(found)
        yield np.abs(found / truth - 1)[known], getattr(path, f"{name}_relative_error")[known]


def test_error_bars_cover_the_exact_losses_and_are_no_blanket_excuse():
    off, bars = [], []
    for seed in range(12):
        kernel, targets = clustered_problem(seed)
        for found, bar in compare(kernel, targets, 10.0 ** np.linspace(-3, 2, 8), 350):
            off.append(found)
            bars.append(bar)
    off, bars = np.concatenate(off), np.concatenate(bars)
    assert len(off) > 120  # of 192: the others are not known
    assert (off <= bars).mean() > 0.95
    assert np.median(bars) < 0.05


def test_near_duplicates_do_not_mislead_leave_one_out():
    kernel, targets = clustered_problem(0)
    twins = np.r_[np.arange(700), np.arange(30)]
    doubled = kernel[np.ix_(twins, twins)] + 1e-6 * np.eye(730)
    for off, bars in compare(doubled, targets[twins], np.array([0.03, 0.3, 3.0]), 400):
        assert len(off) == 3
        assert (off <= bars).all()


def test_estimates_are_as_quiet_where_points_lie_close_as_where_they_are_alone():
    off, bars = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((1500, 40)) * np.arange(1, 41) ** -0.7
        kernel = Laplace(width=20.0)(x * np.exp(rng.standard_normal((1500, 1))))
        targets = np.sign(x[:, :3]) + 0.5 * rng.standard_normal((1500, 3))
        for found, bar in compare(kernel, targets, np.array([1e-3, 1e-2]), 800):
            off.append(found)
            bars.append(bar)
    bars = np.concatenate(bars)
    assert len(bars) == 16
    assert bars.max() < 0.02
    assert np.sqrt(np.square(np.concatenate(off) / bars).mean()) < 0.8  # bars are two deviations


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_no_scale_changes_the_estimates(scale):
    kernel, targets = clustered_problem(0, n=200)
    ridges = np.array([0.1, 1.0])
    plain = solve_iteratively(kernel, targets, ridges, max_columns=100)
    scaled = solve_iteratively(scale * kernel, targets, scale * ridges, max_columns=100)
    for name in ("loo_loss", "gcv_loss", "loo_relative_error"):
        np.testing.assert_allclose(getattr(scaled, name), getattr(plain, name), rtol=1e-6)


@pytest.mark.parametrize("ridge", [1e-3, 1.0])
def test_no_entry_is_below_the_bound_of_its_nearest_point(ridge):
    kernel, _ = clustered_problem(1, n=200)
    kernel = kernel * np.outer(*2 * [np.linspace(0.1, 2, 200)])
    kernel[:, 7] = kernel[7] = 0  # a point that no other says anything about
    inverse = np.diag(np.linalg.inv(kernel + ridge * np.eye(200)))
    least = NearestPoints.of(kernel).least_entries(ridge)
    assert (least <= inverse * (1 + 1e-12)).all()
    assert least[7] == pytest.approx(1 / ridge)


def test_nearest_points_of_a_dask_array_are_those_of_its_entries():
    da = pytest.importorskip("dask.array")
    kernel, _ = clustered_problem(2, n=100)
    found = NearestPoints.of(da.from_array(kernel, chunks=(30, 40)), scale=0.5)
    expected = NearestPoints.of(kernel, scale=0.5)
    for name in ("diagonal", "theirs", "shared"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
