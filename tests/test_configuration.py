"""Every environment under conf/ resolves, validates, and names exactly what the pipelines use."""

import re
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from kedro.framework.project import configure_project, pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogConfigResolver, DataCatalog, DatasetError, MemoryDataset

from kernel_regime.checks.parameters import ParameterError, check_parameters
from kernel_regime.configuration.loader import ExperimentConfigLoader
from kernel_regime.core.errors import InputError
from kernel_regime.datasets import SpikedCovariatesDataset
from kernel_regime.pipelines.result_tables import RESULT_TABLES
from kernel_regime.settings import CONFIG_LOADER_ARGS

PROJECT = Path(__file__).parents[1]
CONF = PROJECT / "conf"
ENVIRONMENTS = sorted(
    path.name for path in CONF.iterdir() if path.is_dir() and path.name != "local"
)
RESULTS = sorted((PROJECT / "docs" / "results").glob("*.yml"))
TABLES = "{table}"


@pytest.fixture(scope="module", autouse=True)
def project():
    bootstrap_project(PROJECT)
    configure_project("kernel_regime")


def open_context(environment, **parameters):
    session = KedroSession.create(PROJECT, env=environment, runtime_params=parameters)
    return session.load_context()


@cache
def entries(environment):
    """What the catalog of an environment says of each dataset in use, by its name."""
    loader = ExperimentConfigLoader(CONF, environment, **CONFIG_LOADER_ARGS)
    resolver = CatalogConfigResolver(loader["catalog"], default_runtime_patterns={"-": {}})
    return {name: resolver.resolve_pattern(name) for name in used_datasets()}


@cache
def written(environment):
    """The keys of the catalog, as written: names, and patterns of names."""
    loader = ExperimentConfigLoader(CONF, environment, **CONFIG_LOADER_ARGS)
    return CatalogConfigResolver(loader["catalog"], default_runtime_patterns={"-": {}})


def entry_of(name, catalog):
    """The key of the catalog that describes a dataset."""
    if name in catalog.config:
        return name
    return catalog.match_dataset_pattern(name) or catalog.match_user_catch_all_pattern(name)


def used_datasets():
    return {name for name in pipelines["__default__"].datasets() if not is_parameter(name)}


def is_parameter(name):
    return name == "parameters" or name.startswith("params:")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_resolves_and_its_parameters_validate(environment):
    context = open_context(environment)
    assert context.params["data"] is not None
    catalog = context.catalog
    for name in used_datasets() - {"data_source"}:  # which a hook brings to every run
        assert not isinstance(catalog.get(name), MemoryDataset | None), (
            f"{name} has no catalog entry in {environment}: it would vanish after the run"
        )


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_what_a_published_result_was_run_with_still_validates(file):
    run = yaml.safe_load(file.read_text(encoding="utf-8"))["run"]
    open_context(run.get("env", "base"), **run["params"])  # refuses wrong parameters
    outputs = run.get("to_outputs")
    assert outputs is None or set(outputs.split(",")) <= pipelines[run["pipelines"]].all_outputs()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_catalog_entry_is_unused(environment):
    catalog = written(environment)
    used = {entry_of(name, catalog) for name in used_datasets()}
    known = {*catalog.config, *catalog.list_patterns()} - {"-"}
    by_hooks = {"provenance"}
    assert {name for name in known if not name.startswith("_")} == used | by_hooks


def test_the_catalog_is_a_table_of_contents():
    """Tables, which one pattern describes, are listed with what they hold."""
    catalog = written("base")
    tables = {name for name in used_datasets() if entry_of(name, catalog) == TABLES}
    listed = re.findall(r"^#   (\w+)  +\w", (CONF / "base" / "catalog.yml").read_text(), re.M)
    assert sorted(listed) == sorted(tables)
    assert tables < RESULT_TABLES.keys()  # their columns are checked


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_experiments_never_write_to_one_place(environment):
    name = "digits" if environment == "base" else environment
    for entry in set().union(*(node.outputs for node in pipelines["__default__"].nodes)):
        found = entries(environment)[entry]
        path = found.get("filepath") or found["path"]
        assert f"/{name}/" in path or path.endswith(f"/{name}"), f"{entry}: {path}"


def a_project_with(folder, environment, **files):
    """A copy of the configuration with one environment more."""
    shutil.copytree(CONF, folder / "conf")
    (folder / "conf" / environment).mkdir()
    for name, text in files.items():
        (folder / "conf" / environment / f"{name}.yml").write_text(text)
    return folder / "conf"


def test_an_environment_that_names_no_experiment_is_its_own(tmp_path):
    conf = a_project_with(tmp_path, "mine", parameters="data: {n_train: 50}\n")
    loader = ExperimentConfigLoader(conf, "mine", **CONFIG_LOADER_ARGS)
    assert loader["globals"]["experiment"] == "mine"
    assert loader["catalog"]["report"]["filepath"] == "data/08_reporting/mine/report.html"
    (conf / "mine" / "globals.yml").write_text("experiment: digits\n")
    loader = ExperimentConfigLoader(conf, "mine", **CONFIG_LOADER_ARGS)
    assert loader["globals"]["experiment"] == "digits"
    for default in (None, "local"):
        loader = ExperimentConfigLoader(conf, default, **CONFIG_LOADER_ARGS)
        assert loader["globals"]["experiment"] == "digits"


@pytest.mark.parametrize("given", ["", "../other", "[a]", "a/b", "3"])
def test_an_experiment_is_the_name_of_a_folder(tmp_path, given):
    conf = a_project_with(tmp_path, "mine", globals=f"experiment: {given}\n")
    with pytest.raises(InputError, match=r"experiment: .* in globals.yml is no name of a folder"):
        ExperimentConfigLoader(conf, "mine", **CONFIG_LOADER_ARGS)


def test_a_file_that_was_meant_to_be_read_is_told_so(tmp_path):
    conf = a_project_with(tmp_path, "mine", paramters_noise="noise: {seed: 1}\n", mlflow="a: 1\n")
    with pytest.raises(InputError, match=r"paramters_noise.yml: .* did you mean parameters.yml"):
        ExperimentConfigLoader(conf, "mine", **CONFIG_LOADER_ARGS)
    (conf / "mine" / "paramters_noise.yml").unlink()
    ExperimentConfigLoader(conf, "mine", **CONFIG_LOADER_ARGS)  # a plugin's file may be there


def test_parameters_reach_the_generator_wherever_they_are_set(tmp_path):
    catalog = (CONF / "spiked_covariates" / "catalog_data_processing.yml").read_text()
    given = {"catalog": catalog, "parameters": "data: {n_train: 70, n_test: 30}\n"}
    conf = a_project_with(tmp_path, "mine", **given)

    def generated(**runtime):
        loader = ExperimentConfigLoader(conf, "mine", runtime, **CONFIG_LOADER_ARGS)
        found = DataCatalog.from_config(loader["catalog"])
        return [len(found.load(f"raw_{split}").labels) for split in ("train", "test")]

    assert generated() == [70, 30]
    assert generated(data={"n_train": 40}) == [40, 30]
    with pytest.raises(DatasetError, match=r"data\.n_train: None is no number of samples"):
        generated(data={"n_train": None})


def test_generated_data_follow_the_seed_of_the_data():
    def generated(seed):
        data = {"n_train": 3, "n_test": 2, "seed": seed}
        loader = ExperimentConfigLoader(
            CONF, "spiked_covariates", {"data": data}, **CONFIG_LOADER_ARGS
        )
        return DataCatalog.from_config(loader["catalog"]).load("raw_train").inputs

    drawn = SpikedCovariatesDataset(split="train", n_train=3, n_test=2, seed=1).load().inputs
    np.testing.assert_array_equal(generated(1), drawn)
    assert (generated(0) != drawn).all()


def test_every_pipeline_has_tags():
    for name in ("data", "kernels", "training", "spectra", "figures"):
        assert pipelines["__default__"].only_nodes_with_tags(name).nodes, name
    untagged = {node.name for node in pipelines["__default__"].nodes if not node.tags}
    assert not untagged


def test_every_parameter_is_read_by_a_node():
    inputs = pipelines["__default__"].inputs()
    read = {name.removeprefix("params:").split(".")[0] for name in inputs if is_parameter(name)}
    assert set(open_context("base").config_loader["parameters"]) <= read


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nosie": {"kind": "high_frequency"}}, "nosie: unknown parameter; did you mean 'noise'?"),
        ({"nothing_like_it": 1}, "nothing_like_it: unknown parameter; give one of kernels, noise"),
    ],
)
def test_unknown_top_level_keys_are_refused(given, message):
    with pytest.raises(ParameterError, match="unknown parameter") as refusal:
        check_parameters(given, {"noise", "kernels"}, {})
    assert message in str(refusal.value)


def test_a_misspelt_nested_key_is_named_with_the_one_meant():
    with pytest.raises(ParameterError) as refusal:
        open_context("test", noise={"levls": [1.0]})
    assert (
        str(refusal.value)
        == "noise: high_frequency has no parameter 'levls'; did you mean 'levels'?"
    )
