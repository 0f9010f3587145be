"""Partitions exist once all that were to be saved are there."""

import numpy as np
import pytest

from kernel_regime.datasets import NpyDataset
from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset
from kernel_regime.datasets.partitions import CompletePartitions
from kernel_regime.execution.store import KernelJob, disk_of
from kernel_regime.kernels import Polynomial


def dataset(folder, **settings):
    return CompletePartitions(
        path=str(folder), dataset=NpyDataset, filename_suffix=".npy", **settings
    )


def fail():
    raise RuntimeError("killed")


def test_one_missing_file_makes_them_incomplete(tmp_path):
    partitions = dataset(tmp_path)
    assert not partitions.exists()
    partitions.save({"level_0/a": np.zeros(3), "level_0/b": np.ones(3)})
    assert partitions.exists()
    assert sorted(partitions.load()) == ["level_0/a", "level_0/b"]
    (tmp_path / "level_0" / "b.npy").unlink()
    assert not partitions.exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_broken_off_save_leaves_them_incomplete(tmp_path, overwrite):
    partitions = dataset(tmp_path, overwrite=overwrite)
    partitions.save({"a": np.zeros(3)})
    with pytest.raises(Exception, match="killed"):
        partitions.save({"a": lambda: np.ones(3), "b": fail})
    assert not partitions.exists()
    partitions.save({"a": np.zeros(3)})
    assert partitions.exists()


@pytest.mark.parametrize("record", [b"", b'["a"', b"\xff\xfe", b"null", b"{}", b"[1]", b"5"])
def test_a_damaged_record_leaves_them_incomplete(tmp_path, record):
    partitions = dataset(tmp_path)
    partitions.save({"a": np.zeros(3)})
    (tmp_path / ".partitions.json").write_bytes(record)
    assert not partitions.exists()
    assert list(partitions.load()) == ["a"]
    partitions.save({"a": np.zeros(3)})
    assert partitions.exists()


def test_no_partitions_at_all_are_complete_too(tmp_path):
    partitions = dataset(tmp_path)
    partitions.save({})
    assert partitions.exists()
    assert partitions.load() == {}


def test_an_unfinished_kernel_makes_kernels_incomplete(tmp_path):
    disk, kernels = disk_of(tmp_path), KernelMatricesDataset(path=str(tmp_path / "kernels"))
    job = KernelJob(Polynomial(degree=2, intercept=1.0), np.random.default_rng(0).random((5, 3)))
    matrices = {name: disk.partition("kernels", name) for name in ("level_0/a", "level_0/b")}
    disk.add({matrix.path: lambda: job for matrix in matrices.values()})
    assert not kernels.exists()
    kernels.save(matrices)
    assert kernels.exists()
    matrices["level_0/b"].path.unlink()
    assert not kernels.exists()
    disk.add({matrix.path: lambda: job for matrix in matrices.values()})
    assert kernels.exists()
