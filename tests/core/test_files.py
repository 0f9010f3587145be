"""A file is replaced whole or not at all, whatever happens meanwhile."""

import json
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from kedro_datasets.partitions import PartitionedDataset

from kernel_regime.core.files import digest, replacing, write_json


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("partition", [False, True])
def test_a_file_is_replaced_when_the_block_ends(tmp_path, durable, partition):
    target = tmp_path / "new folder" / "a.txt"
    for text in ("old", "new"):
        with replacing(target, durable=durable, partition=partition) as draft:
            draft.write_text(text)
            assert not target.exists() or target.read_text() == "old"
    assert target.read_text() == "new"
    assert names_in(target.parent) == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.txt") as draft:
        draft.write_text("half")
        raise ZeroDivisionError
    assert names_in(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_error_before_anything_is_written_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.txt"):
        raise ZeroDivisionError
    assert names_in(tmp_path) == []


def test_a_kill_leaves_the_old_partition_and_lists_no_other(tmp_path):
    np.save(tmp_path / "level_0.npy", np.zeros(3))
    code = f"""
        import os, signal
        import numpy as np
        from kernel_regime.datasets import NpyDataset
        write = np.save
        def save_and_die(file, data, **options):
            write(file, data, **options)
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        np.save = save_and_die
        NpyDataset(filepath="{tmp_path}/level_0.npy").save(np.ones(3))
    """
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(code)])
    assert result.returncode == -signal.SIGKILL
    assert len(names_in(tmp_path)) == 2  # the draft is there, and taken for no partition
    partitions = PartitionedDataset(
        path=str(tmp_path), dataset="kernel_regime.datasets.NpyDataset", filename_suffix=".npy"
    ).load()
    assert {name: load().tolist() for name, load in partitions.items()} == {"level_0": [0, 0, 0]}
    with replacing(tmp_path / "level_0.npy", partition=True) as draft:
        draft.touch()
    assert names_in(tmp_path) == ["level_0.npy"]  # the next replacement has taken the draft away


def test_drafts_of_living_processes_and_of_other_files_are_left_alone(tmp_path):
    with replacing(tmp_path / "a.1.txt") as other, replacing(tmp_path / "a.txt") as first:
        other.touch()
        first.touch()
        with replacing(tmp_path / "a.txt", partition=True) as second:
            second.touch()
            assert other.exists() and first.exists()


def test_json_is_read_back(tmp_path):
    write_json(tmp_path / "a.json", {"größe": [1, None, 2.5]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {
        "größe": [1, None, 2.5]
    }


def test_a_digest_is_of_content_alone():
    array = np.arange(12.0).reshape(3, 4)
    same = (array.copy(), np.asfortranarray(array), np.repeat(array, 2, axis=0)[::2])
    assert {digest(copy) for copy in same} == {digest(array)}


def test_a_digest_depends_on_every_value_and_on_shape_and_dtype():
    array = np.zeros((5000, 2))
    changed = array.copy()
    changed[4999, 1] = -0.0  # equal as a number, not as bytes
    others = (changed, array.reshape(2, 5000), array.astype(np.float32), array[:-1])
    assert len({digest(other) for other in (array, *others)}) == 5
