"""Whatever state a matrix is found in, filling it ends with the right one and little work."""

import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import check_disk, fill, finished
from kernel_regime.execution.store.finished import is_complete, open_matrix, seconds_spent
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, read_manifest
from kernel_regime.execution.store.matrix_store import MatrixRefusedError
from kernel_regime.execution.store.resources import DiskTooSmallError
from kernel_regime.kernels import (
    FullyConnectedNNGP,
    FullyConnectedNTK,
    Polynomial,
    RandomFeatures,
    TwoLayerNNGP,
    TwoLayerNTK,
)
from tests.execution.recording import Recorded, numbered_samples, recorded

# 6 × 4 bytes × 16² of tile buffers: tiles of 16 × 16.
SMALL_TILES = Execution(memory=6 * 4 * 16**2)
N = 50  # 4 rows of tiles, 10 tiles of the upper half


class InOneTile(Recorded):
    """A kernel that sets no limit to tiles."""

    largest_tile_edge = 10**9


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "tiles.log")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "train_kernels" / "level_00" / "ntk.npy"


@pytest.fixture
def job(log):
    return KernelJob(Recorded(log), numbered_samples(N), execution=SMALL_TILES)


@pytest.fixture
def exact(log):
    samples = numbered_samples(N)
    return samples @ samples.T


def edit_manifest(path, **changes):
    manifest = Places(path).manifest
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))


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


@pytest.mark.parametrize(
    ("row", "column", "tile"),
    [(3, 5, "0,0"), (20, 40, "16,32"), (40, 20, "16,32"), (49, 0, "0,48")],
    ids=["diagonal", "upper", "mirror image", "last row"],
)
def test_a_flipped_bit_costs_its_tile(job, path, log, row, column, tile):
    fill(job, path)
    intact = path.read_bytes()
    damaged = bytearray(intact)
    damaged[128 + 4 * (row * N + column)] ^= 1
    path.write_bytes(damaged)
    assert not is_complete(path)
    with pytest.raises(FileNotFoundError, match="unfinished or damaged"):
        open_matrix(path)
    computed = recorded(log)
    fill(job, path)
    assert path.read_bytes() == intact
    assert recorded(log)[len(computed) :] == [tile]


def test_a_damaged_header_costs_no_tile(job, path, log):
    fill(job, path)
    intact = path.read_bytes()
    path.write_bytes(b"x" + intact[1:])
    assert not is_complete(path)
    computed = recorded(log)
    fill(job, path)
    assert path.read_bytes() == intact
    assert recorded(log) == computed


def test_a_truncated_file_costs_the_lost_tiles(job, path, log):
    fill(job, path)
    intact = path.read_bytes()
    path.write_bytes(intact[: 128 + 4 * N * 33])  # rows 33 … 49 are gone
    assert not is_complete(path)
    computed = recorded(log)
    fill(job, path)
    assert path.read_bytes() == intact
    again = recorded(log)[len(computed) :]
    assert sorted(again) == sorted(set(computed) - {"0,0", "0,16", "16,16"})


def test_a_copied_matrix_is_checked_and_believed(job, path, log, tmp_path):
    fill(job, path)
    copy = tmp_path / "copy.npy"
    shutil.copyfile(path, copy)
    shutil.copyfile(Places(path).manifest, Places(copy).manifest)
    assert is_complete(copy)
    computed = recorded(log)
    fill(job, copy)
    assert recorded(log) == computed


def test_a_cheap_matrix_of_other_inputs_is_replaced_with_a_log_line(job, path, log, caplog):
    fill(job, path)
    other = KernelJob(Recorded(log), 2 * numbered_samples(30), execution=SMALL_TILES)
    with caplog.at_level(logging.INFO):
        fill(other, path)
    assert "replacing the stored matrix" in caplog.text
    assert "shape is [50, 50], wanted [30, 30]; the row inputs differ" in caplog.text
    np.testing.assert_allclose(open_matrix(path), other.rows @ other.rows.T, rtol=1e-6)


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


def test_paths_may_be_strings(job, path, exact):
    fill(job, str(path))
    assert is_complete(str(path))
    np.testing.assert_allclose(open_matrix(str(path)), exact, rtol=1e-6)


def test_inputs_changed_in_place_between_two_fills_give_each_its_own_matrix(path, log):
    original = numbered_samples(N)
    inputs = original.copy()
    job = KernelJob(Recorded(log), inputs, execution=SMALL_TILES)
    fill(job, path)
    inputs *= 2
    fill(job, path)
    np.testing.assert_allclose(open_matrix(path), 4 * original @ original.T, rtol=1e-6)
    fill(KernelJob(Recorded(log), original, execution=SMALL_TILES), path)
    np.testing.assert_allclose(open_matrix(path), original @ original.T, rtol=1e-6)


@dataclass(frozen=True)
class Meddled(Recorded):
    """A kernel during whose n-th tile somebody doubles the inputs."""

    inputs: np.ndarray | None = None
    at: int = 0
    interrupt: bool = False

    def _cross(self, x1, x2):
        if len(recorded(self.log)) == self.at:
            np.multiply(self.inputs, 2, out=self.inputs)
            if self.interrupt:
                raise KeyboardInterrupt
        return super()._cross(x1, x2)


@pytest.mark.parametrize("view", [False, True], ids=["array", "read-only view of it"])
def test_inputs_changed_in_place_during_a_fill_are_an_error_and_leave_no_tile(path, log, view):
    inputs = numbered_samples(N)
    rows = inputs[:]
    rows.flags.writeable = not view
    job = KernelJob(Meddled(log, inputs=inputs, at=4), rows, execution=SMALL_TILES)
    with pytest.raises(InputError, match="inputs of the kernel matrix changed while"):
        fill(job, path)
    assert len(recorded(log)) == 10
    assert not path.parent.exists()


def test_tiles_of_an_earlier_run_survive_inputs_that_change_in_a_later_one(job, path, log):
    fill(job, path)
    whole, done = path.read_bytes(), read_manifest(Places(path).manifest).checksums
    kept = dict(list(done.items())[:7])
    edit_manifest(path, checksums=kept, sealed=None)
    inputs = numbered_samples(N)
    kernel = Meddled(log, inputs=inputs, at=11, interrupt=True)
    with pytest.raises(KeyboardInterrupt):
        fill(KernelJob(kernel, inputs, execution=SMALL_TILES), path)
    assert len(recorded(log)) == 11  # one tile of three, before the change
    assert read_manifest(Places(path).manifest).checksums == kept
    fill(job, path)
    assert path.read_bytes() == whole
    assert len(recorded(log)) == 11 + 3


@pytest.fixture
def full_reads(monkeypatch):
    """A list that grows by one whenever a finished matrix is read in full."""
    reads, real = [], finished.missing_tiles
    monkeypatch.setattr(
        finished, "missing_tiles", lambda *given: (reads.append(1), real(*given))[1]
    )
    return reads


def test_a_touched_matrix_is_read_in_full_once_and_later_writes_still_show(job, path, full_reads):
    fill(job, path)
    os.utime(path)
    for _ in range(3):
        open_matrix(path)
    fill(job, path)
    assert len(full_reads) == 1
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"oops")
    assert not is_complete(path)
    assert not is_complete(path)


def test_a_matrix_that_cannot_be_sealed_anew_is_read_once_per_process(
    job, path, full_reads, monkeypatch
):
    fill(job, path)
    os.utime(path)

    def refuse(*given, **named):
        raise PermissionError("not yours")

    monkeypatch.setattr(finished.os, "utime", refuse)
    for _ in range(3):
        open_matrix(path)
    fill(job, path)
    assert len(full_reads) == 1
    damaged = bytearray(path.read_bytes())
    damaged[200] ^= 1
    path.write_bytes(damaged)
    assert not is_complete(path)


READ_ONLY = """
import os, sys
from pathlib import Path
from kernel_regime.execution.store import KernelJob, fill, is_complete, open_matrix
from tests.execution.recording import Recorded, numbered_samples

path = Path(sys.argv[1])
if os.getuid() == 0:  # who may write everywhere
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
assert not os.access(path.parent, os.W_OK)
assert is_complete(path)
assert open_matrix(path).shape == (50, 50)
fill(KernelJob(Recorded("/dev/null/none"), numbered_samples(50)), path)
"""


def test_a_finished_matrix_in_a_read_only_folder_opens_after_a_restart(job, tmp_path):
    folder = tmp_path / "published"
    path = folder / "k.npy"
    fill(job, path)
    edit_manifest(path, boot="the run of the machine before")
    for above in (tmp_path, *tmp_path.parents[:3]):
        above.chmod(above.stat().st_mode | 0o555)
    folder.chmod(0o555)
    command = [sys.executable, "-c", READ_ONLY, str(path)]
    root = str(Path(__file__).parents[2])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    }
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    folder.chmod(0o755)
    assert result.returncode == 0, result.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["k.npy", "k.npy.json"]


class Unnameable(Recorded):
    """A kernel whose identity is nothing that JSON knows."""

    def identity(self):
        return {"kind": object()}


class Sizes(Recorded):
    """A kernel with numbers of NumPy and tuples in its identity."""

    def identity(self):
        return {"kind": "Sizes", "depth": np.int64(5), "shape": (28, 28), "w": np.ones(2)}


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


def test_an_identity_of_tuples_and_numpy_numbers_is_found_again(path, log):
    job = KernelJob(Sizes(log), numbered_samples(N), execution=SMALL_TILES)
    fill(job, path)
    fill(job, path)
    assert len(recorded(log)) == 10


def test_several_matrices_are_held_to_the_disk_together(tmp_path, monkeypatch, job):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=25_000))
    paths = [tmp_path / "level" / f"{name}.npy" for name in "abc"]
    one = 128 + 4 * N * N
    check_disk((path, job) for path in paths[:2])
    with pytest.raises(DiskTooSmallError, match=f"the 3 matrices from a.npy on need {3 * one:,}"):
        check_disk((path, job) for path in paths)
    fill(job, paths[0])
    check_disk((path, job) for path in paths)


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
