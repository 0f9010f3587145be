"""Workers compute, this process persists, and losing a worker costs its tiles only."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from threading import Thread

import dask
import numpy as np
import pytest
from distributed import LocalCluster

from kernel_regime.core.errors import MissingDeviceError, UnreachableError
from kernel_regime.execution import dask_cluster
from kernel_regime.execution.dask_cluster import connect, on_one_thread
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.job import KernelJob, TileTask
from tests.execution.recording import Recorded, ThreadCounts, numbered_samples, recorded

TILE = 6 * 4 * 16**2
N = 100  # 7 rows of tiles, 28 tiles


def thread_settings():
    return {name: v for name, v in os.environ.items() if "THREADS" in name or name == "XLA_FLAGS"}


@pytest.fixture(scope="module")
def settings_before():
    return thread_settings()


@pytest.fixture(scope="module")
def cluster(settings_before):
    """A local cluster of two single-threaded workers, as `execution.workers: 2` starts it."""
    # A lost worker is noticed sooner than by default, after 30 s.
    with dask.config.set({"distributed.comm.timeouts.connect": "3s"}):
        client = connect(None, 2)
        yield client
        client.cluster.close()
        client.close()
    connect.cache_clear()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "k.npy"


def job(log, pause=0.0, **execution):
    dask = Execution(engine="dask", memory=TILE, **execution)
    return KernelJob(Recorded(str(log), pause), numbered_samples(N), execution=dask)


def same_as_here(path, tmp_path):
    here = KernelJob(
        Recorded(str(tmp_path / "here.log")), numbered_samples(N), execution=Execution(memory=TILE)
    )
    fill(here, tmp_path / "here.npy")
    return path.read_bytes() == (tmp_path / "here.npy").read_bytes()


def test_a_cluster_gives_the_bits_that_this_process_gives(cluster, path, tmp_path):
    log = tmp_path / "log"
    fill(job(log, workers=2), path)
    assert same_as_here(path, tmp_path)
    assert set(Counter(recorded(log)).values()) == {1}
    assert len(recorded(log)) == 28


def test_a_cluster_leaves_the_threads_of_this_process_alone(cluster, settings_before):
    assert thread_settings() == settings_before


def test_an_existing_cluster_is_used_by_its_address(cluster, path, tmp_path):
    address = cluster.scheduler.address
    fill(job(tmp_path / "log", address=address), path)
    connect(address, None).close()
    assert same_as_here(path, tmp_path)


def test_losing_a_worker_costs_its_tiles_only(cluster, path, tmp_path):
    log = tmp_path / "log"
    process_ids = list(cluster.run(os.getpid).values())
    filling = Thread(target=fill, args=(job(log, 0.1, workers=2), path))
    filling.start()
    while len(recorded(log)) < 8:
        time.sleep(0.01)
    os.kill(process_ids[0], signal.SIGKILL)
    filling.join(60)
    assert same_as_here(path, tmp_path)
    counts = Counter(recorded(log))
    assert len(counts) == 28
    # The tile in hand, the one waiting behind it, and finished ones not yet fetched.
    assert sum(counts.values()) - 28 <= 3


def test_a_cluster_without_workers_is_said_and_waited_for(path, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(dask_cluster, "PATIENCE_SECONDS", 0.1)
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=None) as empty:
        address = empty.scheduler_address
        filling = Thread(target=fill, args=(job(tmp_path / "log", address=address), path))
        filling.start()
        while "no worker is left" not in caplog.text:
            time.sleep(0.01)
        assert f"`dask worker {address} --nthreads 1`" in caplog.text
        empty.scale(1)
        filling.join(60)
        connect(address, None).close()
    assert same_as_here(path, tmp_path)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tls://127.0.0.1:1"])
def test_an_address_where_nobody_answers_is_refused(address):
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(UnreachableError, match=f"answers at {address} .*start one there"),
    ):
        connect(address, None)


def test_an_error_on_a_worker_ends_the_run_with_its_message(cluster, tmp_path):
    samples = numbered_samples(N)
    samples[40] = 1e30
    dask = Execution(engine="dask", memory=TILE, workers=2)
    bad = KernelJob(Recorded(str(tmp_path / "log")), samples, execution=dask)
    with pytest.raises(FloatingPointError, match="between samples 8 and 8"):
        fill(bad, tmp_path / "bad.npy")


def test_two_workers_take_one_thread_each(cluster):
    samples = numbered_samples(2)
    task = TileTask((ThreadCounts(),), Execution(), samples, samples, symmetric=False)
    for worker in cluster.nthreads():
        tile = cluster.submit(on_one_thread, TileTask.compute, task, workers=[worker], pure=False)
        np.testing.assert_array_equal(tile.result()[0], 1)
    flags = cluster.run(lambda: os.environ["XLA_FLAGS"]).values()
    assert set(flags) == {"--xla_cpu_multi_thread_eigen=false"}


def test_dask_is_imported_only_when_asked_for():
    code = "import sys, kernel_regime.execution.store; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


UNGUARDED = """
from pathlib import Path
from kernel_regime.core.errors import UserError
from kernel_regime.execution import Execution
from kernel_regime.execution.store import KernelJob, fill
from tests.execution.recording import Recorded, numbered_samples

folder = Path(__file__).parent
with (folder / "starts").open("a") as file:
    file.write("start ")
execution = Execution(engine="dask", workers=1)
job = KernelJob(Recorded(str(folder / "log")), numbered_samples(20), execution=execution)
try:
    fill(job, folder / "kernels" / "k.npy")
except UserError as error:
    print(f"refused: {error}")
"""


def test_a_script_without_main_guard_is_refused_in_one_line(tmp_path):
    """Its workers would start it again, and wait for it while it waits for them."""
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    root = str(Path(__file__).parents[2])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    }
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=100, env=environment
    )
    assert done.stdout.count("refused: ") == 1
    assert 'below `if __name__ == "__main__":`' in done.stdout
    assert (tmp_path / "starts").read_text() == "start start "  # itself, and in its worker
    assert not (tmp_path / "kernels").exists()


def test_workers_of_a_local_cluster_for_gpus_see_one_each(monkeypatch):
    """As many as there are; no GPU is asked for anything."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    client = connect(None, None, "gpu")
    try:
        seen = client.run(lambda: os.environ["CUDA_VISIBLE_DEVICES"])
        assert sorted(seen.values()) == ["3", "5"]
    finally:
        client.cluster.close()
        client.close()
        connect.cache_clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(MissingDeviceError, match="the driver finds none"):
        connect(None, None, "gpu")
