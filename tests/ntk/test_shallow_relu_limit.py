"""The arc-cosine limit where inputs are equal or nearly so, and the kernel has its kink."""

import numpy as np
import pytest

from kernel_regime.ntk.shallow_network import shallow_relu_limit


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_diagonal_is_exact(dtype):
    x = np.random.default_rng(0).standard_normal((20, 50)).astype(dtype)
    limit = shallow_relu_limit(x)
    # Both parts are half of |x|² + 1 where θ = 0, and the output bias adds 1.
    exact = (x.astype(np.float64) ** 2).sum(axis=1) + 2
    assert limit.dtype == dtype
    np.testing.assert_allclose(np.diag(limit), exact, rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(np.diag(shallow_relu_limit(x, x.copy())), exact, rtol=1e-6)


@pytest.mark.parametrize("apart", [0.0, 1e-12, 1e-8, 1e-4, 0.1])
def test_close_inputs_have_their_exact_angle(apart):
    """On the line, an input x augmented by 1 has the angle arctan x."""
    x, y = 0.3, 0.3 + apart
    angle = np.arctan(y) - np.arctan(x) if apart > 1e-6 else (y - x) / (1 + x * y)
    scale = np.hypot(x, 1) * np.hypot(y, 1)
    inner = scale * np.cos(angle) * (np.pi - angle) / (2 * np.pi)
    found = shallow_relu_limit([[x]], [[y]], part="inner")
    np.testing.assert_allclose(found, inner, rtol=1e-14)
