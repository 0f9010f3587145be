"""Filling a matrix ends with the right one and little work, whatever was there before."""

import json
import logging

import numpy as np
import pytest

from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import is_complete, open_matrix, seconds_spent
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places
from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    Polynomial,
    RandomFeatures,
    TwoLayerNNGP,
    TwoLayerNTK,
)
from tests.execution.matrices import SMALL_TILES, N
from tests.execution.recording import Recorded, numbered_samples, recorded


def test_a_matrix_is_one_plain_npy_file_and_exactly_symmetric(job, path, exact):
    fill(job, path)
    matrix = np.load(path, mmap_mode="r")
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(matrix, exact, rtol=1e-6)
    assert sorted(p.name for p in path.parent.iterdir()) == ["ntk.npy", "ntk.npy.json"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiles_give_what_the_kernel_gives_in_one_piece(path, dtype):
    rows, columns = numbered_samples(70).astype(dtype), numbered_samples(45).astype(dtype)
    kernel = FullyConnectedNTK(layers=3)
    fill(KernelJob(kernel, rows, columns, Execution(memory=20_000)), path)
    # Products of 4 features differ by rounding when cut elsewhere.
    tolerance = 8 * np.finfo(dtype).eps
    expected = kernel(rows, columns)
    np.testing.assert_allclose(open_matrix(path), expected, atol=tolerance * expected.max())


def test_a_complete_matrix_is_not_computed_again(job, path, log):
    fill(job, path)
    computed = recorded(log)
    assert len(computed) == 10
    fill(job, path)
    assert recorded(log) == computed


def test_time_spent_is_recorded(job, path):
    fill(job, path)
    assert 0 < seconds_spent(open_matrix(path)) < 10


def test_a_cheap_matrix_of_other_inputs_is_replaced_with_a_log_line(job, path, log, caplog):
    fill(job, path)
    other = KernelJob(Recorded(log), 2 * numbered_samples(30), execution=SMALL_TILES)
    with caplog.at_level(logging.INFO):
        fill(other, path)
    assert "replacing the stored matrix" in caplog.text
    assert "shape is [50, 50], wanted [30, 30]; the row inputs differ" in caplog.text
    np.testing.assert_allclose(open_matrix(path), other.rows @ other.rows.T, rtol=1e-6)


def test_paths_may_be_strings(job, path, exact):
    fill(job, str(path))
    assert is_complete(str(path))
    np.testing.assert_allclose(open_matrix(str(path)), exact, rtol=1e-6)


class Sizes(Recorded):
    """A kernel with numbers of NumPy and tuples in its identity."""

    def identity(self):
        return {"kind": "Sizes", "depth": np.int64(5), "shape": (28, 28), "w": np.ones(2)}


def test_an_identity_of_tuples_and_numpy_numbers_is_found_again(path, log):
    job = KernelJob(Sizes(log), numbered_samples(N), execution=SMALL_TILES)
    fill(job, path)
    fill(job, path)
    assert len(recorded(log)) == 10


@pytest.mark.parametrize(
    ("kernel", "identity"),
    [
        (FullyConnectedNTK(3), {"kind": "FullyConnectedNTK", "layers": 3}),
        (FullyConnectedNNGP(2), {"kind": "FullyConnectedNNGP", "layers": 2}),
        (TwoLayerNTK(), {"kind": "TwoLayerNTK"}),
        (TwoLayerNNGP(), {"kind": "TwoLayerNNGP"}),
        (Polynomial(2, 1.0), {"kind": "Polynomial", "degree": 2, "intercept": 1.0}),
        (RandomFeatures(64, 5), {"kind": "RandomFeatures", "width": 64, "seed": 5}),
    ],
    ids=lambda given: given["kind"] if isinstance(given, dict) else "",
)
def test_a_matrix_of_the_first_version_is_found_again(path, kernel, identity, caplog):
    """Its manifest called kernels by their Python class."""
    job = KernelJob(kernel, numbered_samples(N), execution=SMALL_TILES)
    fill(job, path)
    new = json.loads(Places(path).manifest.read_text())
    old = {"format": 1, "fingerprint": new["fingerprint"] | {"kernel": identity}}
    written = ("edge", "seconds", "checksums", "sealed", "boot")
    Places(path).manifest.write_text(json.dumps(old | {key: new[key] for key in written}))
    with caplog.at_level(logging.INFO):
        fill(job, path)
    assert "complete, nothing to compute" in caplog.text
    assert is_complete(path)
