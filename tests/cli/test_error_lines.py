"""What a user can mend ends in one line; an error of the program keeps its traceback."""

import numpy as np
import pytest
from kedro.io import AbstractDataset, DataCatalog, DatasetError

from kernel_regime.command_line.error_lines import error_line
from kernel_regime.core.errors import InputError

PREPARE = ("run", "--env", "test", "--to-outputs", "train_labels")
NODE = "kernel_regime.pipelines.data_processing.pipeline.prepare"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def misspell_a_type(conf):
    edit(conf / "base/catalog_data_processing.yml", "DigitsDataset", "DigitDataset")


def misspell_an_argument(conf):
    edit(conf / "base/catalog_data_processing.yml", "split:", "spilt:")


def drop_an_entry(conf):
    edit(conf / "base/catalog_data_processing.yml", '"raw_{split}"', '"rwa_{split}"')


def break_yaml(conf):
    (conf / "test/parameters_data_processing.yml").write_text("data: [")


def repeat_a_key(conf):
    (conf / "test/parameters_data_processing.yml").write_text("data: {}\ndata: {}\n")


def declare_twice(conf):
    (conf / "test/parameters_a.yml").write_text("data: {seed: 1}\n")
    (conf / "test/parameters_b.yml").write_text("data: {seed: 2}\n")


def parameters(text):
    return lambda conf: (conf / "test/parameters_of_this_test.yml").write_text(text)


def globals_of(text):
    return lambda conf: (conf / "test/globals.yml").write_text(text)


def catalog(text):
    return lambda conf: (conf / "test/catalog_of_this_test.yml").write_text(text)


def store_no_parquet(conf):
    (conf.parent / "broken.parquet").write_text("not parquet")
    catalog("raw_train: {type: pandas.ParquetDataset, filepath: broken.parquet}\n")(conf)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (misspell_a_type, ["dataset 'raw_t", "DigitDataset"]),
        (misspell_an_argument, ["Dataset 'raw_t", "spilt"]),
        (drop_an_entry, ["raw_train: ", "raw_train.parquet"]),
        (break_yaml, ["conf/test/parameters_data_processing.yml"]),
        (repeat_a_key, ["duplicate key data"]),
        (declare_twice, ["parameters_a.yml", "parameters_b.yml", "data.seed"]),
        (
            catalog("x: {type: text.TextDataset, filepath: a.txt, credentials: mine}\n"),
            ["credentials 'mine'"],
        ),
        (
            catalog("x: {type: text.TextDataset, filepath: '${globals:nothing}'}\n"),
            ["'nothing'", "x.filepath"],
        ),
        (
            catalog("raw_train: {type: pandas.CSVDataset, filepath: gone.csv}\n"),
            ["raw_train: ", "gone.csv"],
        ),
        (
            parameters("- 1\n"),
            ["conf/test/parameters_of_this_test.yml: it holds a list; give keys"],
        ),
        (parameters("5\n"), ["conf/test/parameters_of_this_test.yml: it holds 5; give keys"]),
        (parameters("5: 1\n"), ["conf/test/parameters_of_this_test.yml: 5 is no name; give keys"]),
        (
            parameters("data: &all\n  split: *all\n"),
            ["parameters_of_this_test.yml: data.split refers to what it lies in"],
        ),
        (catalog("x: &all\n  y: [*all]\n"), ["catalog_of_this_test.yml: x.y.0 refers to what"]),
        (globals_of("[a]\n"), ["conf/test/globals.yml: it holds a list"]),
        (
            parameters("noise: [1]\n"),
            ["noise: ", "test/parameters_of_this_test.yml", "list", "bring both to one form"],
        ),
        (
            parameters("selection: [1]\n"),
            ["selection: conf/test has a list, the base environment has keys and values; bring"],
        ),
        (catalog('"raw_{split}": null\n'), ["catalog: 'raw_{split}' is null, no data set"]),
        (catalog('"raw_{split}": foo\n'), ["catalog: 'raw_{split}' is 'foo', no data set"]),
        (catalog("raw_train: 5\n"), ["catalog: 'raw_train' is 5, no data set; describe one"]),
        (store_no_parquet, ["raw_train: cannot be read", "Parquet"]),
    ],
)
def test_broken_configuration_is_one_line_that_names_its_place(command, project, break_it, words):
    break_it(project / "conf")
    result = command(*PREPARE)
    assert result.exit_code == 1
    line = result.stderr.splitlines()[-1]
    assert line.startswith("Error: ")
    assert all(word in line for word in words), line
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("given", "key"), [("kernels=[1]", "kernels"), ("noise.levels.0=5", "noise.levels")]
)
def test_parameters_of_another_form_name_their_key(command, given, key):
    line = command(*PREPARE, "--params", given).stderr.splitlines()[-1]
    assert line.startswith(f"Error: {key}: --params has ")
    assert "conf/base/parameters_" in line and line.endswith("bring both to one form")


def test_an_environment_that_does_not_exist_is_named(command):
    result = command("run", "--env", "cifra2")
    assert result.exit_code == 1
    assert "no environment 'cifra2'; did you mean 'cifar2'" in result.stderr.splitlines()[-1]


def broadcast_wrongly(train, test, data, noise):
    return np.zeros(2) + np.zeros(3)


def refuse(train, test, data, noise):
    raise InputError("data.n_train: 5 samples are too few; give more")


def test_a_bug_in_a_node_keeps_its_traceback_and_names_the_node(command, monkeypatch):
    monkeypatch.setattr(NODE, broadcast_wrongly)
    error = command(*PREPARE).exception
    assert isinstance(error, ValueError)
    assert "could not be broadcast" in str(error)
    assert error.__notes__ == ["in node data_processing.prepare"]


def test_what_a_node_refuses_is_one_line_that_names_the_node(command, monkeypatch):
    monkeypatch.setattr(NODE, refuse)
    line = command(*PREPARE).stderr.splitlines()[-1]
    assert line == (
        "Error: data.n_train: 5 samples are too few; give more (in node data_processing.prepare)"
    )


@pytest.mark.parametrize(
    ("options", "environment"),
    [(["--traceback"], {}), ([], {"KERNEL_REGIME_TRACEBACK": "1"})],
    ids=["option", "environment"],
)
def test_one_switch_shows_where_an_error_arose(command, monkeypatch, options, environment):
    monkeypatch.setattr(NODE, refuse)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert isinstance(command(*PREPARE, *options).exception, InputError)


class Failing(AbstractDataset):
    """A dataset that raises what it is given, when it loads and when it saves."""

    def __init__(self, error):
        self._error = error

    def load(self):
        raise self._error

    def save(self, data):
        raise self._error

    def _describe(self):
        return {}


def line_of(action, error):
    """The line about an error in the dataset `scores`; None where the traceback stays."""
    data = DataCatalog({"scores": Failing(error)})
    with pytest.raises(DatasetError) as caught:
        data.load("scores") if action == "load" else data.save("scores", 1)
    return error_line(caught.value)


def test_a_refusal_of_a_dataset_names_the_dataset():
    assert line_of("load", InputError("5 rows, not 6; copy the file again")) == (
        "scores: 5 rows, not 6; copy the file again"
    )


def test_a_full_disk_names_the_dataset_and_the_file():
    error = OSError(28, "No space left on device", "data/scores.npy")
    assert line_of("save", error) == "scores: No space left on device: data/scores.npy"


def test_a_file_that_a_node_may_not_write_is_named():
    error = PermissionError(13, "Permission denied", "data/04_feature/digits")
    assert error_line(error) == "Permission denied: data/04_feature/digits"


def test_a_strange_error_while_reading_is_of_the_file_and_while_saving_of_the_program():
    error = ValueError("operands could not be broadcast together")
    assert line_of("load", error).startswith("scores: cannot be read (ValueError: operands")
    assert line_of("save", error) is None


def test_errors_of_values_files_and_memory_are_bugs_unless_said_otherwise():
    for error in (ValueError("x"), OSError("x"), MemoryError("x"), KeyError("x")):
        assert error_line(error) is None
