"""Exponential functions of vectors, held to extended precision."""

import numba
import numpy as np
import pytest

from kernel_regime.linalg.simd import VECTOR_SIZE, load, store
from kernel_regime.linalg.simd_exponential import exponential, exponential_minus_one


@numba.njit
def evaluate(x, power, excess):
    for i in range(len(x)):
        store(power, (i,), exponential(load(x, (i,))))
        store(excess, (i,), exponential_minus_one(load(x, (i,))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponentials_are_exact_to_two_units_in_the_last_place(dtype):
    least = np.log(np.finfo(dtype).tiny)
    sizes = np.geomspace(1e-30, 0.99 * -least, 1024)
    x = np.concatenate([-sizes, sizes]).astype(dtype).reshape(-1, VECTOR_SIZE)
    power, excess = np.empty_like(x), np.empty_like(x)
    evaluate(x, power, excess)
    unit, exact = np.finfo(dtype).eps, x.astype(np.longdouble)
    np.testing.assert_allclose(power, np.exp(exact).astype(dtype), rtol=2 * unit)
    negative = x < 0
    expected = np.expm1(exact[negative]).astype(dtype)
    np.testing.assert_allclose(excess[negative], expected, rtol=2 * unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponentials_of_what_is_out_of_range(dtype):
    x = np.zeros((1, VECTOR_SIZE), dtype)
    x[0, :4] = 1e4, -1e4, np.inf, -np.inf
    power, excess = np.empty_like(x), np.empty_like(x)
    evaluate(x, power, excess)
    np.testing.assert_array_equal(power[0, [0, 2]], np.inf)
    assert np.all(np.abs(power[0, [1, 3]]) <= 2 * np.finfo(dtype).tiny)
    np.testing.assert_array_equal(excess[0, [1, 3]], -1)
    np.testing.assert_array_equal(power[0, 4:], 1)
    np.testing.assert_array_equal(excess[0, 4:], 0)
