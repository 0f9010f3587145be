"""A matrix that was damaged, moved or touched: what is lost is found, and nothing else is read."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kernel_regime.execution.store import fill, finished
from kernel_regime.execution.store.finished import is_complete, open_matrix
from kernel_regime.execution.store.manifest import Places
from tests.execution.matrices import N, edit_manifest
from tests.execution.recording import recorded


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
