"""`execution.memory` governs every node of a run, and nothing outside of it."""

import pandas as pd
import pytest

from kernel_regime.core.memory import DEFAULT_BYTES, rows_within, working_memory
from kernel_regime.pipelines.data_processing import nodes
from tests.experiments import new_project, run


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def memory_of_nodes(monkeypatch):
    """Working memory while a node runs, and while a partition is computed as it is saved."""
    seen, resolve, sample = {}, nodes.resolve_levels, nodes.Sweep.train

    def resolve_levels(*given):
        seen["node"] = working_memory()
        seen["rows"] = rows_within(1000)
        return resolve(*given)

    def train(*given):
        seen["saving"] = working_memory()
        return sample(*given)

    monkeypatch.setattr(nodes, "resolve_levels", resolve_levels)
    monkeypatch.setattr(nodes.Sweep, "train", train)
    return seen


def test_the_row_blocks_of_every_node_follow_the_setting(project, memory_of_nodes):
    catalog = run(project, "test", "data_processing", execution={"memory": "64MB"})
    assert isinstance(catalog.load("noise_levels"), pd.DataFrame)
    assert memory_of_nodes == {"node": 64_000_000, "saving": 64_000_000, "rows": 4000}
    assert working_memory() == DEFAULT_BYTES


def test_a_failed_run_leaves_no_limit_behind_nor_an_interrupted_one_in_the_next(
    project, monkeypatch
):
    def interrupt(*given):
        raise KeyboardInterrupt

    with pytest.raises(ValueError, match="data set has 597"):
        run(project, "test", "data_processing", execution={"memory": "64MB"}, data={"n_test": 600})
    assert working_memory() == DEFAULT_BYTES
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(nodes, "resolve_levels", interrupt)
        run(project, "test", "data_processing", execution={"memory": "64MB"})
    run(project, "test", "data_processing")
    assert working_memory() == DEFAULT_BYTES
