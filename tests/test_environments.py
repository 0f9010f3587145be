"""Every shipped environment is planned and runs to its report, at tiny size, on raw files."""

import json

import pytest
from click.testing import CliRunner
from kedro.framework.project import configure_project

from kernel_regime.cli import cli
from tests.experiments import PROJECT, new_project, run, tiny, write_raw

ENVIRONMENTS = sorted({path.parent.name for path in (PROJECT / "conf").glob("*/*.yml")} - {"local"})
# Networks under gradient descent and by conjugate gradients, on images and on generated samples.
PLANNED_ALWAYS = {"cifar10_grey", "spiked_covariates"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = new_project(tmp_path_factory.mktemp("project"))
    write_raw(folder)
    return folder


@pytest.mark.parametrize(
    "environment",
    [
        name if name in PLANNED_ALWAYS else pytest.param(name, marks=pytest.mark.slow)
        for name in ENVIRONMENTS
    ],
)
def test_an_environment_is_planned(project, environment, monkeypatch):
    monkeypatch.chdir(project)
    configure_project("kernel_regime")
    parameters = tiny(environment, project / "conf")
    options = {"run": {"env": environment, "params": parameters}}
    (project / "plan.yml").write_text(json.dumps(options))  # which is YAML too
    result = CliRunner().invoke(cli, ["plan", "--config", "plan.yml"])
    assert result.exit_code == 0, result.output
    for network in parameters["network_sweep"]:
        assert network in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_runs_to_its_report(project, environment):
    parameters = tiny(environment, project / "conf")
    catalog = run(project, environment, **parameters)
    assert len(catalog.load("noise_levels")) == len(parameters["noise"]["levels"])
    methods = set(catalog.load("phase_curves")["method"])
    assert methods == {
        *catalog.load("kernel_scores")["kernel"],
        *catalog.load("feature_machine_scores")["machine"],
        *parameters["network_sweep"],
    }
    assert "</html>" in catalog.load("report")
