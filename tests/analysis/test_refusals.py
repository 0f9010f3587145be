"""What analyses refuse, in one line each, and numbers that no scale may change."""

import numpy as np
import pytest

from kernel_regime.analysis.distribution_shift import loss_under_shift, shifted_cross_validation
from kernel_regime.analysis.hermite_eigenstructure import HermiteEigenstructure
from kernel_regime.analysis.hermite_forecast import HermiteForecast
from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.analysis.learning_curves import LearningCurveForecast, learning_curve
from kernel_regime.analysis.spectrum import (
    PowerLawRange,
    ProfileSettings,
    alignment,
    degrees_of_freedom,
    fit_power_law,
    participation_rank,
    profile,
    target_power,
    trace_rank,
)
from kernel_regime.core.errors import InputError
from kernel_regime.kernels import FullyConnectedNTK

N = 24
X = np.random.default_rng(0).standard_normal((N, 4))
Y = X[:, 0]
TEST = np.random.default_rng(1).standard_normal((6, 4))
KERNEL = FullyConnectedNTK(2).gram(X)
TEST_KERNEL = FullyConnectedNTK(2).cross(TEST, X)
FORECAST = LearningCurveForecast.of(KERNEL, Y)
STRUCTURE = HermiteEigenstructure.of(FullyConnectedNTK(2), X, modes=30)
HERMITE = HermiteForecast.of(STRUCTURE, X, Y)
SIZES = LearningCurveSettings(10, [5], [0.1], 2)
MODES = ([3.0, 2.0, 1.0], [1.0, 1.0, 1.0], np.eye(3))


def curve(kernel=KERNEL, test_kernel=TEST_KERNEL, targets=Y, test_targets=TEST[:, 0]):
    return learning_curve(kernel, test_kernel, targets, test_targets, SIZES)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trace_rank([]), r"eigenvalues: shape \(0,\); give a list"),
        (lambda: participation_rank(KERNEL), r"eigenvalues: shape \(24, 24\); give a list"),
        (lambda: trace_rank([1, np.inf]), "eigenvalues: sample 1 is not finite"),
        (lambda: degrees_of_freedom([1, 2], -1), "ridge: -1; give one number, 0 or larger"),
        (lambda: degrees_of_freedom([1, 2], [1, 2]), r"ridge: \[1, 2\]; give one number"),
        (lambda: fit_power_law(KERNEL, 1, 20), r"eigenvalues: shape \(24, 24\)"),
        (lambda: target_power(KERNEL[0], Y), r"vectors: shape \(24,\); give eigenvectors"),
        (lambda: target_power(KERNEL, np.nan * Y), "targets: row 0 is not finite"),
        (lambda: alignment(KERNEL[:, :5], Y), r"kernel: shape \(24, 5\) is not square"),
        (lambda: alignment(KERNEL[None], Y), r"kernel: shape \(1, 24, 24\) is not square"),
        (lambda: alignment(KERNEL, Y[:9]), r"targets: shape \(9,\) does not fit 24 samples"),
        (lambda: alignment(KERNEL, np.zeros((N, 0))), r"targets: shape \(24, 0\) does not fit"),
        # Twice the targets, and targets as a row, would make two columns and four.
        (lambda: LearningCurveForecast.of(KERNEL, np.r_[Y, Y]), r"targets: shape \(48,\)"),
        (lambda: LearningCurveForecast.of(KERNEL, X.T), r"targets: shape \(4, 24\) does not fit"),
        (lambda: LearningCurveForecast.of(-KERNEL, Y), "the kernel is indefinite"),
        (lambda: FORECAST.loss(10, np.nan), "ridge = nan: a forecast from 24 samples"),
        (lambda: FORECAST.loss(10, np.inf), "ridge = inf: a forecast from 24 samples"),
        (lambda: curve(test_kernel=TEST_KERNEL.T), r"test_targets: shape \(6,\) does not fit 24"),
        (lambda: curve(kernel=KERNEL[:, :20]), r"kernel: shape \(24, 20\) does not fit 24 and 24"),
        (lambda: curve(targets=Y[:20]), r"targets: shape \(20,\) does not fit 24 samples"),
        (
            lambda: HermiteEigenstructure.of(FullyConnectedNTK(2), X, 0),
            "modes: 0; give 1 or more",
        ),
        (
            lambda: HermiteEigenstructure.of(FullyConnectedNTK(2), X[:0], 9),
            "inputs: there are none",
        ),
        (
            lambda: HermiteEigenstructure.of(FullyConnectedNTK(2), X + 1e8, 9),
            "inputs: how they vary is lost beside their mean",
        ),
        (lambda: STRUCTURE.features(X[:, :2], 5), "inputs: 2 features, the eigenstructure is of 4"),
        (lambda: HermiteForecast.of(STRUCTURE, 1.0, Y), r"24 of them for inputs of shape \(\)"),
        (lambda: HERMITE.loss(np.nan, 0.1), "n = nan, ridge = 0.1"),
        (lambda: HERMITE.loss(10, np.inf), "n = 10, ridge = inf"),
        (lambda: loss_under_shift([], [], np.eye(0), 5, 0.1), r"eigenvalues: shape \(0,\)"),
        # Six coefficients of three modes would be two outputs.
        (lambda: loss_under_shift(MODES[0], np.ones(6), np.eye(3), 5, 0.1), r"coefficients: .*3"),
        (lambda: loss_under_shift(*MODES, np.inf, 0.1), "n = inf, ridge = 0.1"),
        (lambda: loss_under_shift(*MODES, 5, 0.1, noise=-1), "noise: -1; give a variance"),
        (
            lambda: loss_under_shift(*MODES[:2], np.triu(np.ones((3, 3))), 5, 0.1),
            "overlap: not symmetric",
        ),
        (
            lambda: shifted_cross_validation(*3 * [np.ones((3, 1))], np.ones(2), np.ones(3)),
            r"own_weights \(2,\); give one row for each of 3 copies",
        ),
    ],
)
def test_bad_input_is_one_line_that_names_it(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_lists_and_single_outputs_give_what_arrays_of_columns_do():
    expected = curve(targets=Y[:, None], test_targets=TEST[:, :1])
    found = curve(KERNEL.tolist(), TEST_KERNEL.tolist(), Y.tolist(), TEST[:, 0].tolist())
    np.testing.assert_array_equal(found.to_numpy(), expected.to_numpy())


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_no_scale_changes_ranks_and_alignment(scale):
    values = np.linalg.eigvalsh(KERNEL)
    settings = ProfileSettings(100, 100, top=5, power_law=PowerLawRange(1, 8))
    plain, scaled = (profile(factor * KERNEL, settings, Y).summary for factor in (1, scale))
    for name in ("trace_rank", "participation_rank", "alignment", "centred_alignment"):
        assert scaled[name] == pytest.approx(plain[name], rel=1e-12)
    assert trace_rank(scale * values) == pytest.approx(trace_rank(values), rel=1e-12)
    assert participation_rank(scale * values) == pytest.approx(participation_rank(values))
    assert alignment(KERNEL, scale * Y) == pytest.approx(alignment(KERNEL, Y), rel=1e-12)
    vectors = np.linalg.eigh(KERNEL)[1]
    np.testing.assert_allclose(target_power(vectors, scale * Y), target_power(vectors, Y))


def test_of_nothing_no_rank_and_no_share_is_known():
    settings = ProfileSettings(100, 100, top=5, power_law=PowerLawRange(1, 8))
    summary = profile(np.zeros((9, 9)), settings, np.ones(9)).summary
    assert np.isnan([summary[name] for name in ("trace_rank", "participation_rank")]).all()
    assert np.isnan([trace_rank([0, 0]), participation_rank([0, 0])]).all()
    assert np.isnan(target_power(np.eye(3), np.zeros(3))).all()
