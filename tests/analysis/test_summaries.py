"""Ranks, power laws and target power against what they are by definition."""

import numpy as np
import pytest

from kernel_regime.analysis.spectrum.power_law import PowerLawRange, fit_power_law
from kernel_regime.analysis.spectrum.profile import ProfileSettings, profile
from kernel_regime.analysis.spectrum.summaries import (
    alignment,
    degrees_of_freedom,
    participation_rank,
    target_power,
    trace_rank,
)
from kernel_regime.core.memory import limited_memory


def test_ranks_of_a_projection_are_its_rank():
    values = np.r_[[3.0] * 7, [0.0] * 13]
    assert trace_rank(values) == pytest.approx(7)
    assert participation_rank(values) == pytest.approx(7)
    assert degrees_of_freedom(values, 3.0) == pytest.approx(3.5)


def test_effective_dimension_is_the_trace_of_the_smoother():
    root = np.random.default_rng(0).standard_normal((20, 20))
    kernel = root @ root.T
    smoother = np.linalg.solve(kernel + 0.7 * np.eye(20), kernel)
    assert degrees_of_freedom(np.linalg.eigvalsh(kernel), 0.7) == pytest.approx(np.trace(smoother))


def test_ranks_and_power_laws_take_any_order_of_eigenvalues():
    spectrum = 100 / np.arange(1, 301.0)
    ascending = np.linalg.eigvalsh(np.diag(spectrum))  # the order of NumPy and SciPy
    assert trace_rank(ascending) == pytest.approx((1 / np.arange(1, 301.0)).sum())
    law = fit_power_law(ascending, 1, 300)
    assert (law.exponent, law.scale) == pytest.approx((1, 100))
    shuffled = np.random.default_rng(0).permutation(spectrum)
    assert fit_power_law(shuffled, 5, 200) == fit_power_law(spectrum, 5, 200)
    # A kernel of rank 5 has eigenvalues of either sign at the level of round-off.
    factor = np.random.default_rng(0).standard_normal((200, 5))
    values = np.linalg.eigvalsh(factor @ factor.T)
    expected = np.trace(factor.T @ factor) / np.linalg.norm(factor, 2) ** 2
    assert trace_rank(values) == pytest.approx(expected)


def test_power_laws_refuse_ranks_and_eigenvalues_without_a_meaning():
    with pytest.raises(ValueError, match="first: 0; ranks count from 1"):
        fit_power_law(np.arange(1, 30.0), 0, 20)
    with pytest.raises(ValueError, match="eigenvalues: sample 1 is not finite"):
        fit_power_law([1.0, np.nan] + [0.5] * 20, 1, 20)
    with pytest.raises(ValueError, match="10–16 holds fewer than 8 ranks"):
        PowerLawRange(10, 16)


def one_hot(n, kinds):
    return np.eye(kinds)[np.random.default_rng(1).integers(0, kinds, n)]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool, np.float16, list])
def test_integer_and_boolean_targets_do_not_overflow(dtype):
    targets = one_hot(600, 2)
    given = targets.tolist() if dtype is list else targets.astype(dtype)
    # ⟨I, yyᵀ⟩ = 600 and ‖yyᵀ‖ = √(n₀² + n₁²).
    counts = targets.sum(axis=0)
    expected = 600 / (np.sqrt(600) * np.sqrt((counts**2).sum()))
    assert alignment(np.eye(600), given) == pytest.approx(expected, rel=1e-12)
    vectors = np.linalg.qr(np.random.default_rng(0).standard_normal((600, 600)))[0]
    np.testing.assert_allclose(target_power(vectors, given), target_power(vectors, targets))


def test_one_dimensional_targets_are_one_output():
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 10, 60).astype(np.uint8) * 20
    vectors = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    power = target_power(vectors, grey)
    assert power.sum() == pytest.approx(1)
    np.testing.assert_allclose(power, (vectors.T @ grey.astype(float)) ** 2 / (grey**2.0).sum())
    kernel, _ = decaying(60, 80)
    assert alignment(kernel, grey) == alignment(kernel, grey[:, None])
    with pytest.raises(ValueError, match=r"shape \(3,\) does not fit 60 samples"):
        alignment(kernel, [1, 2, 3])


def test_target_power_sums_to_one_over_a_basis():
    rng = np.random.default_rng(0)
    vectors, _ = np.linalg.qr(rng.standard_normal((12, 12)))
    power = target_power(vectors, rng.standard_normal((12, 3)))
    assert power.sum() == pytest.approx(1)
    assert target_power(vectors, vectors[:, [4]])[4] == pytest.approx(1)


def test_alignment_is_one_for_the_ideal_kernel_only():
    y = np.random.default_rng(0).standard_normal((15, 2))
    assert alignment(y @ y.T, y) == pytest.approx(1)
    centred = y - y.mean(axis=0)
    ideal = centred @ centred.T
    assert alignment(ideal + 5, y, centred=True) == pytest.approx(1)
    assert 0 < alignment(np.eye(15), y) < 1


def test_centred_alignment_is_that_of_the_centred_kernel():
    rng = np.random.default_rng(0)
    root, y = rng.random((15, 4)), rng.standard_normal((15, 2))
    centre = np.eye(15) - 1 / 15
    kernel, ideal = centre @ root @ root.T @ centre, centre @ y @ y.T @ centre
    expected = (kernel * ideal).sum() / (np.linalg.norm(kernel) * np.linalg.norm(ideal))
    assert alignment(root @ root.T, y, centred=True) == pytest.approx(expected)


@pytest.mark.parametrize("size", [1e-2, 1e-8, 1e-9])
def test_centring_a_nearly_constant_kernel_does_not_cancel(size):
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((200, 5))
    kernel, y = factor @ factor.T, np.sign(rng.standard_normal((200, 1)))
    # The constant part falls out exactly; 1 + size·K is stored to 1e-16, K in it to 1e-16/size.
    found = alignment(1 + size * kernel, y, centred=True)
    assert found == pytest.approx(alignment(kernel, y, centred=True), rel=1e-15 / size + 1e-12)


def test_alignment_reads_a_kernel_in_row_blocks_of_the_working_memory():
    kernel, targets = decaying(50, 60)
    whole = [alignment(kernel, targets, centred) for centred in (False, True)]
    with limited_memory(16 * 8 * 50 * 7):
        blocks = [alignment(kernel, targets, centred) for centred in (False, True)]
    np.testing.assert_allclose(blocks, whole, rtol=1e-13)


def test_alignment_with_nothing_is_not_a_number():
    assert np.isnan(alignment(np.eye(4), np.ones(4), centred=True))
    assert np.isnan(alignment(np.zeros((4, 4)), np.ones(4)))


def test_an_exact_power_law_is_found_exactly():
    law = fit_power_law(3 * np.arange(1, 2001.0) ** -1.7, 5, 1500)
    assert (law.exponent, law.scale) == pytest.approx((1.7, 3))
    assert (law.first, law.last) == (5, 1500)
    assert law.low <= law.exponent <= law.high
    assert law.high - law.low < 1e-10


def test_intervals_cover_the_exponent_though_neighbours_share_their_errors():
    rng = np.random.default_rng(0)
    ranks = np.arange(1, 1001.0)
    covered = 0
    for _ in range(200):
        # Errors interpolated between 16 independent values over three decades of ranks.
        errors = 0.1 * rng.standard_normal(16)
        smooth = np.interp(np.log(ranks), np.linspace(0, np.log(1000), 16), errors)
        law = fit_power_law(ranks**-1.5 * np.exp(smooth), 1, 1000)
        covered += law.low < 1.5 < law.high
    # Nominally 190, measured 168 ± 5; intervals that take errors for independent cover 133.
    assert covered >= 155


def test_fits_stop_at_the_floor_and_say_where():
    values = np.r_[np.arange(1, 101.0) ** -2, [1e-9] * 400]
    law = fit_power_law(values, 1, 500, above=1e-8)
    assert law.last == 100
    assert law.exponent == pytest.approx(2)
    assert fit_power_law(values[:5], 1, 500) is None


def decaying(points, features):
    """A kernel whose eigenvalues fall like a power, and targets."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((points, features)) * np.arange(1, features + 1) ** -1.0
    return x @ x.T, rng.standard_normal((points, 2))


def test_profile_agrees_whether_complete_or_partial():
    kernel, targets = decaying(60, 200)
    complete = profile(kernel, ProfileSettings(100, 100, 15, PowerLawRange(2, 12)), targets)
    partial = profile(kernel, ProfileSettings(50, 60, 15, PowerLawRange(2, 12)), targets)
    np.testing.assert_allclose(partial.eigenvalues, complete.eigenvalues[:15], rtol=1e-10)
    np.testing.assert_allclose(partial.cumulative_power, complete.cumulative_power[:15], rtol=1e-9)
    for key in ("trace_rank", "participation_rank", "power_law_exponent", "alignment"):
        assert partial.summary[key] == pytest.approx(complete.summary[key], rel=1e-8), key
    assert complete.summary["participation_rank"] == pytest.approx(
        participation_rank(complete.eigenvalues)
    )
    assert complete.cumulative_power[-1] == pytest.approx(1)


def test_kernels_too_large_for_more_are_profiled_by_their_density():
    kernel, targets = decaying(400, 600)
    exact = profile(kernel, ProfileSettings(400, 400, 15, PowerLawRange(5, 200)), targets)
    estimate = profile(kernel, ProfileSettings(100, 399, 15, PowerLawRange(5, 200)), targets)
    assert (exact.summary["method"], estimate.summary["method"]) == ("full", "density")
    assert estimate.cumulative_power is None
    assert len(estimate.eigenvalues) == 400
    np.testing.assert_allclose(estimate.eigenvalues[:3], exact.eigenvalues[:3], rtol=1e-5)
    # Counts err by √(2/(8 probes·k)), 7 % at k = 50: with λ ~ k⁻² that moves λ_k by 14 %.
    np.testing.assert_allclose(
        estimate.eigenvalues[50:300:50], exact.eigenvalues[50:300:50], rtol=0.25
    )
    for key, tolerance in {"alignment": 1e-12, "trace_rank": 1e-6, "power_law_exponent": 0.1,
                           "dimension_at_mean_ridge": 0.1}.items():  # fmt: skip
        assert estimate.summary[key] == pytest.approx(exact.summary[key], rel=tolerance), key
