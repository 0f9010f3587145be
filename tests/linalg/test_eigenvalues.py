"""Three routes to a spectrum, one answer; and loud refusals."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ortho_group

from kernel_regime.core.memory import limited_memory
from kernel_regime.linalg import eigenvalues as module
from kernel_regime.linalg.eigenvalues import (
    eigensystem,
    eigenvalues,
    extreme_eigenvalues,
    lanczos_ends,
    round_off_floor,
    spectral_density,
    top_eigensystem,
)
from kernel_regime.linalg.products import multiply


def matrix_with(spectrum, seed=0):
    vectors = ortho_group.rvs(len(spectrum), random_state=seed)
    matrix = vectors * spectrum @ vectors.T
    return (matrix + matrix.T) / 2, vectors


@pytest.fixture(scope="module")
def power_law_matrix():
    spectrum = np.arange(1, 301.0) ** -1.5
    return spectrum, *matrix_with(spectrum)


def test_all_eigenvalues_come_largest_first(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    np.testing.assert_allclose(eigenvalues(matrix), spectrum, atol=1e-14)


def test_eigenvectors_belong_to_their_eigenvalues(power_law_matrix):
    spectrum, matrix, vectors = power_law_matrix
    values, found = eigensystem(matrix)
    np.testing.assert_allclose(values, spectrum, atol=1e-14)
    np.testing.assert_allclose(np.abs(np.sum(found * vectors, axis=0))[:50], 1, atol=1e-10)


def test_lanczos_on_a_memory_map_finds_the_largest(power_law_matrix, tmp_path):
    spectrum, matrix, vectors = power_law_matrix
    np.save(tmp_path / "kernel.npy", matrix)
    with limited_memory(16 * 8 * 300 * 7):  # seven rows at a time
        values, found = top_eigensystem(np.load(tmp_path / "kernel.npy", mmap_mode="r"), 20)
    np.testing.assert_allclose(values, spectrum[:20], rtol=1e-12)
    np.testing.assert_allclose(np.abs(np.sum(found * vectors[:, :20], axis=0)), 1, atol=1e-10)


def test_float32_kernels_are_read_in_float64(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    single = matrix.astype(np.float32)
    floor = round_off_floor(single)
    assert np.abs(eigenvalues(single) - spectrum).max() < floor
    assert np.abs(top_eigensystem(single, 5)[0] - spectrum[:5]).max() < floor
    assert multiply(single, np.ones(300)).dtype == np.float64


def test_density_counts_eigenvalues_above_thresholds(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    density = spectral_density(matrix, probes=20, steps=40)
    np.testing.assert_allclose(density.weights.sum(axis=1), 1, rtol=1e-10)
    counts = density.count_above([1e-3, 3e-4])
    exact = [(spectrum > t).sum() for t in (1e-3, 3e-4)]
    # Relative error 1/√(20 probes · 100 eigenvalues) ≈ 2 %; quadrature adds a few percent.
    np.testing.assert_allclose(counts, exact, rtol=0.1)
    assert density.nodes.max() == pytest.approx(1, rel=1e-8)


def test_density_of_a_matrix_of_low_rank_is_exact():
    matrix, _ = matrix_with(np.r_[[5.0] * 10, [2.0] * 10, [0.0] * 20])
    density = spectral_density(matrix, probes=400, steps=40)
    moments = [np.sum(density.weights * density.nodes**p) / 400 for p in (0, 1, 2)]
    # Traces from 400 random probes in 40 dimensions: relative error about √(2/16000).
    np.testing.assert_allclose(moments, [1, 70 / 40, 290 / 40], rtol=0.04)
    assert density.count_above(3.0) == pytest.approx(10, rel=0.05)


def test_what_is_no_symmetric_matrix_is_refused():
    with pytest.raises(ValueError, match="not square"):
        eigenvalues(np.ones((3, 4)))
    with pytest.raises(ValueError, match="not symmetric"):
        eigenvalues(np.triu(np.ones((3, 3))))
    with pytest.raises(ValueError, match="not finite"):
        eigenvalues(np.diag([1.0, np.nan]))
    with pytest.raises(ValueError, match="1…2"):
        top_eigensystem(np.eye(3), 3)


def test_32_bit_lapack_is_refused_beyond_its_limit(monkeypatch):
    monkeypatch.setattr(module, "lapack_has_64_bit_integers", lambda: False)
    module._check_lapack(1000, copies=1)
    with pytest.raises(OverflowError, match="32766; use top_eigensystem"):
        module._check_lapack(32_767, copies=1)


def test_numpy_wheels_count_in_64_bits():
    assert module.lapack_has_64_bit_integers()


def test_lapack_asks_for_the_whole_workspace_beyond_the_32_bit_limit():
    """The library itself, asked how much room divide and conquer needs at n = 50,000."""
    folder = Path(np.__file__).parents[1] / "numpy.libs"
    libraries = sorted(folder.glob("libscipy_openblas64_*.so*"))
    if not libraries:
        pytest.skip(f"no OpenBLAS beside NumPy in {folder}; its wheels for Linux have one")
    n, query = ctypes.c_int64(50_000), ctypes.c_int64(-1)
    work, sizes, info = np.zeros(1), np.zeros(1, np.int64), ctypes.c_int64()
    pointer = work.ctypes.data_as(ctypes.c_void_p)
    ctypes.CDLL(str(libraries[0])).scipy_dsyevd_64_(
        b"V", b"U", ctypes.byref(n), pointer, ctypes.byref(n), pointer, pointer,
        ctypes.byref(query), sizes.ctypes.data_as(ctypes.c_void_p), ctypes.byref(query),
        ctypes.byref(info), ctypes.c_size_t(1), ctypes.c_size_t(1),
    )  # fmt: skip
    assert info.value == 0
    assert work[0] >= 1 + 6 * 50_000 + 2 * 50_000**2


def test_what_does_not_fit_in_memory_is_refused():
    with pytest.raises(MemoryError, match="spectral_density"):
        module._check_lapack(10_000_000, copies=1)


def with_spectrum(eigenvalues):
    n = len(eigenvalues)
    basis, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((n, n)))
    matrix = (basis * eigenvalues) @ basis.T
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize(
    "eigenvalues",
    [
        100.0 * np.arange(1, 401) ** -1.5,
        np.concatenate([[50.0], np.linspace(1e-3, 1e-2, 399)]),
        np.concatenate([np.linspace(1, 2, 399), [-0.3]]),
    ],
    ids=["power law", "one outlier", "indefinite"],
)
def test_lanczos_finds_both_ends_of_the_spectrum(eigenvalues):
    largest, smallest = lanczos_ends(with_spectrum(eigenvalues))
    assert largest == pytest.approx(eigenvalues.max(), rel=1e-7)
    # Met from above, to the resolution that its docstring states.
    missed = smallest - eigenvalues.min()
    assert -1e-12 * largest < missed < 1e-6 * largest


def test_lanczos_ends_early_where_the_spectrum_has_two_values():
    assert lanczos_ends(np.eye(50) + 1.0) == pytest.approx((51.0, 1.0))


def test_one_sample_is_a_spectrum():
    assert extreme_eigenvalues(np.full((1, 1), 3.0, np.float32)) == (3.0, 3.0)


@pytest.mark.parametrize("value", [1e-20, 3.0, 1e20])
def test_density_of_a_multiple_of_one_is_that_eigenvalue(value):
    np.testing.assert_allclose(spectral_density(value * np.eye(2)).eigenvalues(), [value] * 2)
    np.testing.assert_allclose(spectral_density(value * np.eye(90)).eigenvalues(), [value] * 90)


def test_density_of_a_space_that_is_complete_is_the_spectrum(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    found = spectral_density(matrix, probes=8, steps=64)
    np.testing.assert_allclose(found.eigenvalues(), spectrum, rtol=0, atol=1e-13)


def test_density_in_a_smaller_space_keeps_the_trace_and_the_largest(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    for probes in (1, 8):
        found = spectral_density(matrix, probes=probes, steps=24).eigenvalues()
        assert len(found) == 300
        assert (np.diff(found) <= 0).all()
        np.testing.assert_allclose(found[:3], spectrum[:3], rtol=1e-6)


def test_the_largest_of_a_zero_or_tiny_matrix_are_found(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    values, vectors = top_eigensystem(np.zeros((50, 50)), 3)
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_array_equal(vectors.T @ vectors, np.eye(3))
    for scale in (1e-200, 1e200):
        values, _ = top_eigensystem(scale * matrix, 5)
        np.testing.assert_allclose(values, scale * spectrum[:5], rtol=1e-12)


@pytest.mark.parametrize("route", [eigenvalues, eigensystem, spectral_density])
def test_every_route_refuses_what_is_no_symmetric_matrix(route):
    for matrix, message in [
        (np.zeros((0, 0)), "not square"),
        (np.full((9, 9), np.nan), "row 0 is not finite"),
        (np.triu(np.ones((9, 9))), "not symmetric"),
    ]:
        for call in (route, lambda kernel: top_eigensystem(kernel, 3)):
            with pytest.raises(ValueError, match=message):
                call(matrix)
