"""A folder of the catalog is made and written by nodes alone."""

import numpy as np
import pytest
from kedro.io import DatasetError

from kernel_regime.datasets.work_folder import KernelDiskDataset, WorkFolderDataset
from kernel_regime.execution.results import Results


def test_a_folder_is_there_once_something_was_kept_in_it(tmp_path):
    dataset = WorkFolderDataset(str(tmp_path / "new" / "folder"))
    folder = dataset.load()
    assert not dataset.exists()
    Results(folder).get({"a": 1}, lambda: {"kept": np.ones(1)})
    assert dataset.exists()
    assert dataset.load() == folder


@pytest.mark.parametrize("dataset", [WorkFolderDataset, KernelDiskDataset])
def test_saving_is_refused(dataset, tmp_path):
    with pytest.raises(DatasetError, match="nodes write into this folder themselves"):
        dataset(str(tmp_path / "folder")).save(1)
