"""Every shipped environment runs to its report, at tiny size, on raw files of its format."""

import pytest

from tests.experiments import PROJECT, new_project, run, tiny, write_raw

ENVIRONMENTS = sorted({path.parent.name for path in (PROJECT / "conf").glob("*/*.yml")} - {"local"})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = new_project(tmp_path_factory.mktemp("project"))
    write_raw(folder)
    return folder


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
