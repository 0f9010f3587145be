"""Arrays on disk: mapped, never half written."""

import json
import os

import numpy as np
import pytest
from kedro.io import DatasetError
from kedro_datasets.partitions import PartitionedDataset

from kernel_regime.datasets.npy import NpyDataset


@pytest.fixture
def array():
    return np.random.default_rng(0).standard_normal((20, 3, 3)).astype(np.float32)


def test_arrays_come_back_memory_mapped_and_read_only(tmp_path, array):
    dataset = NpyDataset(str(tmp_path / "folder" / "x.npy"))
    assert not dataset.exists()
    dataset.save(array)
    loaded = dataset.load()
    assert isinstance(loaded, np.memmap)
    assert not loaded.flags.writeable
    np.testing.assert_array_equal(loaded, array)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["x.npy"]


def test_an_array_read_earlier_stays_as_it_was(tmp_path, array):
    dataset = NpyDataset(str(tmp_path / "x.npy"))
    dataset.save(array)
    before = dataset.load()
    dataset.save(-array)
    np.testing.assert_array_equal(before, array)
    np.testing.assert_array_equal(dataset.load(), -array)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_array_and_no_litter(tmp_path, array, monkeypatch, failing):
    dataset = NpyDataset(str(tmp_path / "x.npy"))
    dataset.save(array)

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(DatasetError, match="No space left"):
        dataset.save(-array)
    monkeypatch.undo()
    np.testing.assert_array_equal(dataset.load(), array)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


def test_python_objects_are_neither_written_nor_read(tmp_path):
    dataset = NpyDataset(str(tmp_path / "x.npy"))
    with pytest.raises(DatasetError, match="Object arrays cannot be saved"):
        dataset.save(np.array([{}], dtype=object))
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DatasetError, match=r"x\.npy is not a whole \.npy file"):
        dataset.load()


@pytest.mark.parametrize("kept", [0, 5, 100, 500])
def test_a_truncated_file_is_named(tmp_path, array, kept):
    path = tmp_path / "x.npy"
    NpyDataset(str(path)).save(array)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DatasetError, match=r"x\.npy is not a whole \.npy file .*run again"):
        NpyDataset(str(path)).load()


def test_the_preview_summarises_the_array(tmp_path, array):
    dataset = NpyDataset(str(tmp_path / "x.npy"))
    dataset.save(array)
    summary = json.loads(dataset.preview())
    assert summary["shape"] == [20, 3, 3]
    assert summary["dtype"] == "float32"
    assert summary["max"] == pytest.approx(array.max())
    assert len(summary["first sample"]) == 8


def test_partitions_are_computed_one_at_a_time(tmp_path):
    order = []

    def compute(value):
        order.append((value, sorted(path.name for path in tmp_path.glob("*.npy"))))
        return np.full(3, value)

    partitions = PartitionedDataset(
        path=str(tmp_path), dataset=NpyDataset, filename_suffix=".npy", overwrite=True
    )
    partitions.save({f"level_{k:02d}": lambda k=k: compute(k) for k in range(2)})
    assert order == [(0, []), (1, ["level_00.npy"])]
