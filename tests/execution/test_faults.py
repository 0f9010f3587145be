"""Kills, interrupts, rivals: nothing is lost, nothing is computed twice, nothing is wrong."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import numpy as np
import pytest

from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.finished import is_complete, open_matrix
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.execution.store.manifest import Places, boot_id, read_manifest
from tests.execution.recording import Recorded, numbered_samples, recorded

HERE = Path(__file__).parent
# Forks must be small and free of threads.
ENVIRONMENT = os.environ | {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]),
}


@pytest.fixture
def start():
    """Start a script beside this file; whatever still runs at the end is killed."""
    with ExitStack() as running:

        def start(script, *arguments):
            command = [sys.executable, str(HERE / script), *map(str, arguments)]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield start


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "kills", [10, pytest.param(1500, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_killed_at_any_moment_a_resumed_matrix_is_bit_identical(start, tmp_path, kills):
    """And no tile that the manifest called done was computed again, in any of the rounds."""
    process = start("crash_lab.py", tmp_path, kills)
    _, errors = process.communicate()
    assert process.returncode == 0, errors


def test_a_killed_run_of_slow_tiles_loses_the_tile_in_hand_only(start, tmp_path):
    path, log = tmp_path / "k.npy", tmp_path / "log"
    process = start("one_fill.py", path, log, 0.3)
    wait_until(lambda: len(recorded(log)) > 8)  # start, 7 tiles finished, one begun
    process.kill()
    process.communicate()
    done = read_manifest(Places(path).manifest).checksums
    assert len(done) >= 7 - 4  # those of the last second may be unmarked
    assert not path.exists()
    before = len(recorded(log))
    resumed = start("one_fill.py", path, log, 0)
    _, errors = resumed.communicate()
    assert f"resuming, {len(done)} of 28 tiles are there" in errors
    assert len(recorded(log)) - before == 28 - len(done) + 2


def test_control_c_leaves_a_resumable_state_and_says_so(start, tmp_path):
    path, log = tmp_path / "k.npy", tmp_path / "log"
    process = start("one_fill.py", path, log, 0.1)
    wait_until(lambda: len(recorded(log)) > 5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "interrupted" in errors
    assert "the same command resumes here" in errors
    begun = len(recorded(log)) - 1
    done = len(read_manifest(Places(path).manifest).checksums)
    assert begun - 1 <= done <= begun  # all but the tile in hand
    assert not Places(path).lock.exists()
    start("one_fill.py", path, log, 0).communicate()
    samples = numbered_samples(100)
    np.testing.assert_allclose(open_matrix(path), samples @ samples.T, rtol=1e-6)
    assert len(recorded(log)) == begun + (28 - done) + 3


def test_a_second_process_waits_for_the_first_and_computes_nothing(start, tmp_path, caplog):
    path, log, own_log = (tmp_path / name for name in ("k.npy", "first", "second"))
    first = start("one_fill.py", path, log, 0.05)
    wait_until(lambda: len(recorded(log)) > 2)
    with caplog.at_level(logging.INFO):
        fill(KernelJob(Recorded(str(own_log)), numbered_samples(100)), path)
    first.communicate()
    assert f"process {first.pid} is at work on this matrix; going on after it" in caplog.text
    assert "nothing to compute" in caplog.text
    assert not own_log.exists()
    assert len(recorded(log)) == 28 + 2
    assert is_complete(path)


def test_a_waiting_process_takes_over_when_the_first_is_killed(start, tmp_path):
    path, log, own_log = (tmp_path / name for name in ("k.npy", "first", "second"))
    first = start("one_fill.py", path, log, 0.1)
    wait_until(lambda: len(recorded(log)) > 2)
    Timer(0.5, first.kill).start()
    fill(KernelJob(Recorded(str(own_log)), numbered_samples(100)), path)
    assert first.wait() == -signal.SIGKILL
    assert is_complete(path)
    assert 0 < len(recorded(own_log)) <= 28


def test_what_a_power_cut_took_from_a_finished_matrix_is_found_after_the_restart(tmp_path):
    path, log = tmp_path / "k.npy", tmp_path / "log"
    execution = Execution(memory=6 * 4 * 16**2)
    job = KernelJob(Recorded(str(log)), numbered_samples(100), execution=execution)
    fill(job, path)
    whole, manifest = path.read_bytes(), read_manifest(Places(path).manifest)

    def restart():
        manifest.boot = "the run of the machine before"
        manifest.write(Places(path).manifest)

    restart()
    assert is_complete(path)
    assert read_manifest(Places(path).manifest).boot == boot_id()
    restart()
    with path.open("r+b") as file:
        file.seek(-400, os.SEEK_END)
        file.write(bytes(400))
    os.utime(path, ns=(manifest.sealed, manifest.sealed))
    assert not is_complete(path)
    before = len(recorded(log))
    fill(job, path)
    assert path.read_bytes() == whole
    assert 0 < len(recorded(log)) - before < 28 + 2


def test_a_disk_that_fills_up_in_mid_run_is_said_and_survived(tmp_path):
    """On a file system of 300 kB in a name space of its own, which needs no rights on Linux."""
    disk = tmp_path / "disk"
    disk.mkdir()
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]
    mount = f"mount -t tmpfs -o size=300k tmpfs '{disk}'"
    if shutil.which("unshare") is None or subprocess.run([*alone, mount], check=False).returncode:
        pytest.skip("needs name spaces with mounts")
    script = f"{mount}; '{sys.executable}' '{HERE / 'full_disk.py'}' '{disk}' '{tmp_path / 'log'}'"
    result = subprocess.run([*alone, script], capture_output=True, text=True, env=ENVIRONMENT)
    assert result.returncode == 0, result.stderr


def test_peak_memory_is_that_of_the_tiles_not_of_the_matrix(tmp_path):
    """A matrix of 576 MB through 60 MB of tile buffers, measured by the operating system."""
    script = f"""
import numpy as np
from pathlib import Path
from kernel_regime.execution import Execution
from kernel_regime.execution.store import KernelJob, fill
from kernel_regime.kernels import Polynomial

def peak():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024

samples = np.random.default_rng(0).standard_normal((12_000, 16)).astype(np.float32)
job = KernelJob(Polynomial(2, 1.0), samples, execution=Execution(memory="60MB"))
before = peak()
fill(job, Path({str(tmp_path / "k.npy")!r}))
print(peak() - before)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux' /proc")
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "k.npy").stat().st_size > 576e6
    assert int(result.stdout) < 60e6 + 200e6
    (tmp_path / "k.npy").unlink()
