"""A folder of the catalog is made when asked for, and written by nodes alone."""

import pytest
from kedro.io import DatasetError

from kernel_regime.datasets.work_folder import WorkFolderDataset


def test_a_folder_is_there_from_its_first_loading_on(tmp_path):
    dataset = WorkFolderDataset(str(tmp_path / "new" / "folder"))
    assert not dataset.exists()
    (dataset.load() / "kept.txt").write_text("kept")
    assert dataset.exists()
    assert (dataset.load() / "kept.txt").read_text() == "kept"


def test_saving_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="nodes write into this folder themselves"):
        WorkFolderDataset(str(tmp_path / "folder")).save(1)
