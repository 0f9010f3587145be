"""Result tables are checked by the catalog: columns, types and ranges."""

import pandas as pd
import pytest
from kedro.io import DataCatalog, DatasetError

from kernel_regime.command_line.error_lines import error_line
from kernel_regime.configuration.loader import ExperimentConfigLoader
from kernel_regime.pipelines.result_tables import COLUMN_TYPES, RESULT_TABLES
from kernel_regime.settings import CONFIG_LOADER_ARGS
from tests.experiments import PROJECT

GOOD = pd.DataFrame(
    {
        **{"level": ["level_0"], "source": ["ntk"], "run": [0], "trace_rank": [3.0]},
        "participation_rank": [float("nan")],
    }
)


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loader = ExperimentConfigLoader(str(PROJECT / "conf"), "test", **CONFIG_LOADER_ARGS)
    return DataCatalog.from_config(loader["catalog"])


def test_a_good_table_comes_back_and_may_have_more_columns(catalog):
    catalog.save("spectral_summary", GOOD.assign(note="mine"))
    pd.testing.assert_frame_equal(catalog.load("spectral_summary"), GOOD.assign(note="mine"))


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (GOOD.drop(columns="run"), "spectral_summary: column 'run' is missing; delete the file"),
        (GOOD.assign(run=0.5), "spectral_summary.run: holds float64, not whole numbers"),
        (GOOD.assign(trace_rank=-1.0), "spectral_summary.trace_rank: -1 is not at least 0"),
        (GOOD.assign(level=[None]), "spectral_summary.level: has missing values"),
        (GOOD.assign(source=[0]), "spectral_summary.source: holds int64, not text"),
    ],
)
def test_a_table_that_is_not_what_it_should_be_is_refused_in_one_line(catalog, table, line):
    with pytest.raises(DatasetError) as saving:
        catalog.save("spectral_summary", table)
    assert error_line(saving.value).startswith(line)
    # A file of another version, or one that somebody edited.
    catalog.save("spectral_summary", GOOD)
    table.to_parquet(next((PROJECT.cwd() / "data").rglob("spectral_summary.parquet")))
    with pytest.raises(DatasetError):
        catalog.load("spectral_summary")


def test_tables_of_ones_own_and_tables_of_nothing_are_let_through(catalog):
    catalog.save("my_table", pd.DataFrame({"x": [-1]}))
    catalog.save("spectral_summary", pd.DataFrame(columns=list(GOOD)))


def test_every_column_type_is_that_of_some_table():
    columns = {column for table in RESULT_TABLES.values() for column in table}
    assert COLUMN_TYPES.keys() <= columns
