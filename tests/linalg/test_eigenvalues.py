"""Three routes to a spectrum, one answer; and loud refusals."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from kernel_regime.core.memory import limited_memory
from kernel_regime.linalg import eigenvalues as module
from kernel_regime.linalg.eigenvalues import (
    eigensystem,
    eigenvalues,
    extreme_eigenvalues,
    lanczos_ends,
    round_off_floor,
    top_eigensystem,
)
from kernel_regime.linalg.products import multiply
from tests.linalg.matrices import matrix_with


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
    largest, smallest = lanczos_ends(matrix_with(eigenvalues)[0])
    assert largest == pytest.approx(eigenvalues.max(), rel=1e-7)
    # Met from above, to the resolution that its docstring states.
    missed = smallest - eigenvalues.min()
    assert -1e-12 * largest < missed < 1e-6 * largest


def test_lanczos_ends_early_where_the_spectrum_has_two_values():
    assert lanczos_ends(np.eye(50) + 1.0) == pytest.approx((51.0, 1.0))


def test_one_sample_is_a_spectrum():
    assert extreme_eigenvalues(np.full((1, 1), 3.0, np.float32)) == (3.0, 3.0)


def test_the_largest_of_a_zero_or_tiny_matrix_are_found(power_law_matrix):
    spectrum, matrix, _ = power_law_matrix
    values, vectors = top_eigensystem(np.zeros((50, 50)), 3)
    np.testing.assert_array_equal(values, 0)
    np.testing.assert_array_equal(vectors.T @ vectors, np.eye(3))
    for scale in (1e-200, 1e200):
        values, _ = top_eigensystem(scale * matrix, 5)
        np.testing.assert_allclose(values, scale * spectrum[:5], rtol=1e-12)


@pytest.mark.parametrize("route", [eigenvalues, eigensystem])
def test_every_route_refuses_what_is_no_symmetric_matrix(route):
    for matrix, message in [
        (np.zeros((0, 0)), "not square"),
        (np.full((9, 9), np.nan), "row 0 is not finite"),
        (np.triu(np.ones((9, 9))), "not symmetric"),
    ]:
        for call in (route, lambda kernel: top_eigensystem(kernel, 3)):
            with pytest.raises(ValueError, match=message):
                call(matrix)
