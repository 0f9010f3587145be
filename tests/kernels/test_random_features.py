"""Random features against explicit weights."""

import numpy as np
import pytest

from kernel_regime.kernels.dense.two_layer import TwoLayerNNGP
from kernel_regime.kernels.random_features_kernel import (
    RandomFeatures,
    random_features_cross,
    random_features_gram,
)
from tests.beside import golden


def explicit(kernel, x1, x2):
    """The kernel with all its weights held at once, in float64."""
    weights = np.concatenate(list(kernel.weights(x1.shape[1]))).astype(np.float64)
    scale = np.sqrt(x1.shape[1])
    features = [np.maximum(x.astype(np.float64) @ weights.T / scale, 0) for x in (x1, x2)]
    return 1 + features[0] @ features[1].T


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-13), (np.float32, 1e-6)])
def test_published_values(dtype, tolerance):
    data = golden("random_features_kernel")
    train, test = data["x_train"].astype(dtype), data["x_test"].astype(dtype)
    weights = data["weights"].T * np.sqrt(train.shape[1])
    blocks = [weights[:130], weights[130:]]
    np.testing.assert_allclose(random_features_gram(train, blocks), data["train"], rtol=tolerance)
    np.testing.assert_allclose(
        random_features_cross(test, train, blocks), data["test"], rtol=tolerance
    )


@pytest.mark.parametrize("width", [1, 511, 513, 9000])
def test_blocks_add_up_to_the_explicit_kernel(width):
    rng = np.random.default_rng(0)
    x1, x2 = rng.standard_normal((31, 12)), rng.standard_normal((17, 12))
    kernel = RandomFeatures(width, seed=3)
    np.testing.assert_allclose(kernel(x1, x2), explicit(kernel, x1, x2), rtol=1e-12)
    np.testing.assert_allclose(kernel(x1), explicit(kernel, x1, x1), rtol=1e-12)
    np.testing.assert_allclose(kernel.diagonal(x1), np.diagonal(kernel(x1)), rtol=1e-12)
    single = kernel(x1.astype(np.float32), x2.astype(np.float32))
    np.testing.assert_allclose(single, explicit(kernel, x1, x2), rtol=2e-6)


def test_train_and_test_kernels_share_their_weights():
    x = np.random.default_rng(1).standard_normal((40, 6))
    kernel = RandomFeatures(700, seed=5)
    np.testing.assert_allclose(kernel(x[:10], x), kernel(x)[:10], rtol=1e-12)
    assert not np.allclose(RandomFeatures(700, seed=6)(x), kernel(x))


def test_a_wider_kernel_starts_with_the_features_of_a_narrower_one():
    narrow, wide = (np.concatenate(list(RandomFeatures(w, 2).weights(5))) for w in (700, 5000))
    assert (wide[:700] == narrow).all()


def test_weights_are_independent_standard_normals():
    weights = np.concatenate(list(RandomFeatures(20_000, 0).weights(10)))
    assert abs(weights.mean()) < 4 / np.sqrt(weights.size)
    assert abs(weights.var() - 1) < 4 * np.sqrt(2 / weights.size)
    correlation = np.corrcoef(weights[:512].ravel(), weights[512:1024].ravel())[0, 1]
    assert abs(correlation) < 4 / np.sqrt(5120)


def test_many_features_approach_the_infinite_network():
    """K/N → TwoLayerNNGP/d, with relative fluctuations of order N^-½."""
    x = np.random.default_rng(2).standard_normal((20, 16))
    limit = TwoLayerNNGP()(x) / 16
    np.testing.assert_allclose(RandomFeatures(200_000, 1)(x) / 200_000, limit, atol=0.02)


def test_exactly_symmetric_in_single_precision():
    x = np.random.default_rng(3).standard_normal((700, 20)).astype(np.float32)
    matrix = RandomFeatures(3000, 1)(x)
    assert (matrix == matrix.T).all()


def test_wrong_fields_are_refused():
    with pytest.raises(ValueError, match=r"RandomFeatures.width: 0 should be greater than 0"):
        RandomFeatures(0)
    with pytest.raises(ValueError, match=r"seed: -1 should be greater than or equal to 0"):
        RandomFeatures(10, -1)
