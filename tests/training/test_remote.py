"""Trainings on Dask workers: nothing is waited for in silence, nothing is half written."""

import time
from threading import Thread
from types import SimpleNamespace

import pytest
from distributed import LocalCluster

from kernel_regime.execution import dask_cluster
from kernel_regime.execution.settings import Execution
from kernel_regime.training import remote
from kernel_regime.training.job import TrainingResult


def train_quickly(job, samples, every, memory):
    """What a worker sends back."""
    return {"record.json": f"{job}, {samples}, {every}".encode(), "final.keras": b"weights"}


@pytest.fixture
def empty():
    with LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster
        dask_cluster.connect(cluster.scheduler_address, None).close()


def test_trainings_without_workers_say_so_and_go_on_when_one_comes(
    empty, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(dask_cluster, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(remote, "train_remotely", train_quickly)
    execution = Execution(engine="dask", address=empty.scheduler_address)
    training = SimpleNamespace(name="first", job="LeNet", samples="digits")
    pairs = [(training, TrainingResult(tmp_path / name)) for name in "ab"]
    finished = []
    run = Thread(target=lambda: finished.extend(remote.train_on_workers(iter(pairs), execution, 3)))
    run.start()
    while "no worker is left" not in caplog.text:
        time.sleep(0.01)
    assert finished == []
    empty.scale(1)
    run.join(60)
    assert sorted(result.folder.name for _, result in finished) == ["a", "b"]
    for _, result in pairs:
        assert result.record.read_text() == "LeNet, digits, 3"
        assert sorted(path.name for path in result.folder.iterdir()) == [
            "final.keras",
            "record.json",
        ]
