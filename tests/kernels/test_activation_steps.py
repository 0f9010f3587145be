"""Dual activations in SIMD form, held to the dual activations themselves."""

import numpy as np
import pytest

from kernel_regime.kernels.activation_steps.steps import activate_columns, step_of
from kernel_regime.kernels.dual_activations import GaussianPairs
from kernel_regime.kernels.dual_activations.exponentials import (
    CosActivation,
    ExpActivation,
    ExpNormalizedActivation,
    RbfActivation,
    SinActivation,
)
from kernel_regime.kernels.dual_activations.numerical import ElementwiseActivation
from kernel_regime.kernels.dual_activations.polynomial_powers import (
    HermiteActivation,
    MonomialActivation,
    PolynomialActivation,
)
from kernel_regime.kernels.dual_activations.rectified import (
    ABReluActivation,
    AbsActivation,
    LeakyReluActivation,
    ReluActivation,
    SignActivation,
)
from kernel_regime.kernels.dual_activations.rectified_powers import RectifiedMonomialActivation
from kernel_regime.kernels.dual_activations.smooth import (
    ErfActivation,
    GaborActivation,
    GaussianActivation,
    GeluActivation,
    SigmoidLikeActivation,
)
from kernel_regime.linalg.simd import VECTOR_SIZE, aligned_zeros

ACTIVATIONS = [
    ReluActivation(),
    LeakyReluActivation(0.1),
    ABReluActivation(0.7, 0.7),
    AbsActivation(),
    SignActivation(),
    RectifiedMonomialActivation(0),
    RectifiedMonomialActivation(2),
    RectifiedMonomialActivation(3),
    ErfActivation(1.5, 0.7, 0.2),
    SigmoidLikeActivation(),
    GeluActivation(),
    GaussianActivation(1.2, -0.6),
    GaborActivation(),
    SinActivation(1.3, 0.7),
    SinActivation(1.0, 2.0, 0.4),
    CosActivation(),
    RbfActivation(0.5),
    ExpActivation(0.8, 0.05),
    ExpNormalizedActivation(2.0),
    MonomialActivation(3),
    HermiteActivation(2),
    PolynomialActivation((0.5, -1.0, 0.3, 0.1)),
    ElementwiseActivation("tanh"),
    ElementwiseActivation("silu"),
    ElementwiseActivation(np.cos),
]
GAPS = 10.0 ** np.arange(-15, 0)
COSINES = np.concatenate([[1, 0, -1], 1 - GAPS, GAPS - 1, np.linspace(-0.9, 0.9, 31)])
VARIANCES = [0.0, 1e-6, 1e-3, 0.3, 1.0, 1.7, 30.0, 1e3]


def pairs_of(activation, dtype):
    """Every cosine between every two variances, exactly as `dtype` rounds Σ and the variances."""
    variances, cosines = VARIANCES, COSINES
    if isinstance(activation, ElementwiseActivation):  # whose coefficients take their time
        variances, cosines = [0.0, 1e-6, 1.0, 3.0], COSINES[::8]
    var1, var2, cosine = (a.ravel() for a in np.meshgrid(variances, variances, cosines))
    var1, var2 = var1.astype(dtype).astype(float), var2.astype(dtype).astype(float)
    bound = np.sqrt(var1) * np.sqrt(var2)
    covariance = (cosine * bound).astype(dtype).astype(float)
    return var1, var2, shifted(var1, var2, covariance, 0.0)


def shifted(var1, var2, covariance, by):
    """Pairs of these variances, with the correlation moved by `by`."""
    bound = np.sqrt(var1) * np.sqrt(var2)
    covariance = np.clip(covariance + by * bound, -bound, bound)
    return GaussianPairs(np.sqrt(var1), np.sqrt(var2), bound - covariance, bound + covariance)


def stepped(activation, var1, var2, covariance, tangent, dtype):
    """(Σ, U) behind the compiled step, in float64."""
    step, columns = step_of(activation), -(-len(var1) // VECTOR_SIZE)
    rows = aligned_zeros((2 * columns, VECTOR_SIZE), dtype)
    rows[:columns].flat[: len(var1)] = covariance
    rows[columns:].flat[: len(var1)] = tangent
    factors = []
    for variances in (var1, var2):
        found = step.factors(variances.astype(dtype))
        padded = np.zeros((columns * VECTOR_SIZE, found.shape[1]), dtype)
        padded[: len(found)] = found
        vectors = padded.reshape(columns, VECTOR_SIZE, -1).swapaxes(1, 2)
        factors.append(np.ascontiguousarray(vectors.reshape(-1, VECTOR_SIZE)))
    span = 0, columns, found.shape[1]
    places = 0, columns, columns
    constants = np.array(step.constants)
    activate_columns(step.code, constants, rows, places, (factors[0], 0), (factors[1], 0), span)
    values = rows.astype(float).reshape(2, -1)[:, : len(var1)]
    return values[0], values[1]


def slopes_of(activation, pairs, by=0.0):
    """Values and slopes of the pairs, their correlations moved by `by`."""
    return activation.covariance(shifted(pairs.std1**2, pairs.std2**2, pairs.covariance, by))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_steps_are_their_dual_activations(activation, dtype):
    """At any angle and variance, as far as four roundings of Σ leave them determined."""
    tolerance = 1e-12 if dtype == np.float64 else 5e-7 if activation.is_homogeneous else 1e-6
    rounding = np.finfo(dtype).eps
    var1, var2, pairs = pairs_of(activation, dtype)
    value, slope = activation.covariance(pairs)
    near = [slopes_of(activation, pairs, by * rounding) for by in (-4, 4)]
    value_loss, slope_loss = (
        np.max([np.abs(moved - exact) for moved in around], axis=0)
        for exact, around in zip((value, slope), zip(*near, strict=True), strict=True)
    )
    found, total = stepped(activation, var1, var2, pairs.covariance, 0 * value + 3, dtype)
    scale = np.sqrt(activation.variance(var1) * activation.variance(var2))
    assert np.all(np.abs(found - value) <= tolerance * scale + value_loss)
    own = [activation.covariance(shifted(v, v, v, 0.0))[1] for v in (var1, var2)]
    slope_scale = np.sqrt(own[0] * own[1]) + 1e-20  # round-off where a series has no term
    tangent = 3 * (tolerance * slope_scale + slope_loss) + rounding * np.abs(found)
    assert np.all(np.abs(total - found - 3 * slope) <= tangent)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_coincident_pixels_have_no_angle(dtype):
    """However Σ and both variances were rounded."""
    variances = np.random.default_rng(0).uniform(0.1, 10, 4096).astype(dtype).astype(float)
    value, total = stepped(
        ReluActivation(), variances, variances, variances, 3 + 0 * variances, dtype
    )
    np.testing.assert_allclose(value, variances / 2, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(total, variances / 2 + 1.5, rtol=4 * np.finfo(dtype).eps)
