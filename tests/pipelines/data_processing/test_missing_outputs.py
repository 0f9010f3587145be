"""`--only-missing-outputs` writes again what is missing, were it one file of many."""

import numpy as np
import pytest

from tests.experiments import new_project, run


@pytest.mark.parametrize("pipeline", ["data_processing", "kernel_generation"])
def test_one_missing_partition_is_written_again(tmp_path, pipeline):
    project = new_project(tmp_path)
    folder = {"data_processing": "03_primary", "kernel_generation": "04_feature"}[pipeline]
    run(project, "test", pipeline)
    path = sorted((project / "data" / folder / "test").rglob("level_2*/*.npy"))
    path = path or sorted((project / "data" / folder / "test").rglob("level_2.npy"))
    before = np.load(path[0])
    path[0].unlink()
    run(project, "test", pipeline, only_missing=True)
    np.testing.assert_array_equal(np.load(path[0]), before)
