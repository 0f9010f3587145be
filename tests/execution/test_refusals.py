"""What cannot be filled is refused before the first tile, and leaves nothing behind."""

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import is_complete, open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places
from kernel_regime.execution.store.matrix_store import MatrixRefusedError
from kernel_regime.execution.store.resources import DiskTooSmallError
from kernel_regime.kernels import (
    FullyConnectedNTK,
)
from tests.execution.matrices import SMALL_TILES, edit_manifest
from tests.execution.recording import Recorded, numbered_samples


class InOneTile(Recorded):
    """A kernel that sets no limit to tiles."""

    largest_tile_edge = 10**9


def test_an_expensive_matrix_of_other_inputs_is_refused_with_the_way_out(job, path, log):
    fill(job, path)
    intact = path.read_bytes()
    edit_manifest(path, seconds=3600.0)
    other = KernelJob(FullyConnectedNTK(layers=3), job.rows, execution=SMALL_TILES)
    with pytest.raises(MatrixRefusedError) as refusal:
        fill(other, path)
    message = str(refusal.value)
    assert "kernel is {'kind': 'Recorded'}, wanted {'kind': 'fully_connected_ntk'" in message
    assert "took 3600 s" in message
    assert "overwrite: true" in message
    assert "`experiment`" in message
    assert path.read_bytes() == intact
    fill(KernelJob(other.kernel, job.rows, execution=Execution(overwrite=True)), path)
    np.testing.assert_allclose(open_matrix(path), other.kernel(job.rows), rtol=1e-5)


@pytest.mark.parametrize("content", [None, "", "{}", "[1]", '{"format": 99}'])
def test_a_file_without_readable_manifest_is_not_touched(job, path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"somebody's")
    if content is not None:
        Places(path).manifest.write_text(content)
    assert not is_complete(path)
    with pytest.raises(MatrixRefusedError, match="no readable manifest"):
        fill(job, path)
    assert path.read_bytes() == b"somebody's"


def test_a_disk_too_small_is_said_before_the_first_tile(path):
    huge = np.broadcast_to(np.float32(1), (4_000_000, 2))
    with pytest.raises(DiskTooSmallError, match=r"needs 64000.00 GB more, the disk has .* left"):
        fill(KernelJob(FullyConnectedNTK(layers=2), huge, execution=Execution(memory="1MB")), path)
    assert not path.exists()
    assert not Places(path).partial.exists()


def test_a_memory_too_small_is_said_before_the_first_tile(path):
    samples = np.broadcast_to(np.float32(1), (100_000, 2))
    job = KernelJob(InOneTile(""), samples, execution=Execution(memory="60TB"))
    with pytest.raises(MemoryError, match=r"tiles of 100000 × 100000 need 240.00 GB of memory"):
        fill(job, path)
    assert not path.exists()


def test_a_value_that_is_not_finite_is_never_stored(path):
    samples = np.full((20, 4), 1e30, np.float32)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(FloatingPointError, match="between samples 0 and 0 of a tile"),
    ):
        fill(KernelJob(Recorded("/dev/null"), samples), path)
    assert not is_complete(path)
    assert not path.exists()


class Unnameable(Recorded):
    """A kernel whose identity is nothing that JSON knows."""

    def identity(self):
        return {"kind": object()}


def test_a_refused_fill_leaves_nothing_behind(path, tmp_path):
    refused = {
        "identity": (Unnameable("/dev/null"), numbered_samples(5), SMALL_TILES, InputError),
        "first tile": (
            Recorded("/dev/null"),
            np.full((5, 4), 1e30, np.float32),
            SMALL_TILES,
            FloatingPointError,
        ),
        "disk": (
            Recorded("/dev/null"),
            np.broadcast_to(np.float32(1), (4_000_000, 2)),
            SMALL_TILES,
            DiskTooSmallError,
        ),
        "memory": (Recorded("/dev/null"), numbered_samples(5), Execution(memory=9), InputError),
    }
    for kernel, samples, execution, error in refused.values():
        with np.errstate(over="ignore", invalid="ignore"), pytest.raises(error):
            fill(KernelJob(kernel, samples, execution=execution), path)
        assert list(tmp_path.iterdir()) == []
