"""Every environment under conf/ resolves, validates, and names exactly what the pipelines use."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import MemoryDataset

from kernel_regime.parameter_checks import ParameterError, check_parameters

PROJECT = Path(__file__).parents[1]
ENVIRONMENTS = sorted(path.parent.name for path in (PROJECT / "conf").glob("*/globals.yml"))


@pytest.fixture(scope="module", autouse=True)
def project():
    bootstrap_project(PROJECT)
    configure_project("kernel_regime")


def open_context(environment, **parameters):
    session = KedroSession.create(PROJECT, env=environment, runtime_params=parameters)
    return session.load_context()


@cache
def configuration(environment):
    """The merged catalog of an environment, as written."""
    return open_context(environment).config_loader["catalog"]


def used_datasets():
    return {name for name in pipelines["__default__"].datasets() if not is_parameter(name)}


def is_parameter(name):
    return name == "parameters" or name.startswith("params:")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_resolves_and_its_parameters_validate(environment):
    context = open_context(environment)
    assert context.params["data"] is not None
    catalog = context.catalog
    for name in used_datasets():
        assert not isinstance(catalog.get(name), MemoryDataset | None), (
            f"{name} has no catalog entry in {environment}: it would vanish after the run"
        )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_catalog_entry_is_unused(environment):
    entries = set(configuration(environment))
    unused = {name for name in entries if not name.startswith("_")} - used_datasets()
    assert not unused


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_experiments_never_write_to_one_place(environment):
    globals_file = PROJECT / "conf" / environment / "globals.yml"
    name = yaml.safe_load(globals_file.read_text())["experiment"]
    assert name == ("digits" if environment == "base" else environment)
    catalog = configuration(environment)
    written = set().union(*(node.outputs for node in pipelines["__default__"].nodes))
    for entry in written:
        path = catalog[entry].get("filepath") or catalog[entry]["path"]
        assert f"/{name}/" in path or path.endswith(f"/{name}"), f"{entry}: {path}"


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
