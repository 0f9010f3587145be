"""What a user does: run an experiment, open its notebooks, look at the pipelines."""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.experiments import PROJECT, new_project, plan_rows

KEDRO = Path(sys.executable).with_name("kedro")
NOTEBOOKS = sorted(path.name for path in (PROJECT / "notebooks").glob("0*.ipynb"))


def kedro(project, *arguments):
    """Run a kedro command in a project, as a user would: no terminal, nothing inherited."""
    return subprocess.run(
        [KEDRO, *arguments], cwd=project, capture_output=True, text=True, timeout=900
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = new_project(tmp_path_factory.mktemp("project"))
    shutil.copytree(PROJECT / "notebooks", folder / "notebooks")
    return folder


@pytest.fixture(scope="module")
def finished_run(project):
    result = kedro(project, "run", "--env", "test")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout  # Python's warnings included: Kedro logs them


def test_a_run_ends_by_pointing_to_its_report(project, finished_run):
    assert "Open data/08_reporting/test/report.html" in re.sub(r"\s+", " ", finished_run)
    page = (project / "data/08_reporting/test/report.html").read_text(encoding="utf-8")
    pictures = len(list((project / "data/08_reporting/test/figures").glob("*.png")))
    assert pictures >= 5
    # Those of the first screen are there twice.
    assert len(set(re.findall(r"data:image/png;base64,([^\"]+)", page))) == pictures
    assert 'src="http' not in page and 'href="http' not in page


def test_a_run_prints_no_warning(finished_run):
    assert not re.findall(r"WARNING|Warning", finished_run)


def test_a_second_run_recomputes_no_kernel_and_no_network(project, finished_run):
    kernels = sorted((project / "data/04_feature/test").rglob("*.npy"))
    written = [path.stat().st_mtime_ns for path in kernels]
    result = kedro(project, "run", "--env", "test", "--pipeline", "model_training")
    assert result.returncode == 0, result.stdout + result.stderr
    assert [path.stat().st_mtime_ns for path in kernels] == written
    assert not re.findall(r"WARNING|Warning", result.stdout)


def planned(project, *arguments):
    """Rows of all tables of `kedro plan`."""
    result = kedro(project, "plan", "--env", "test", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return plan_rows(result.stdout)


def test_a_plan_after_the_run_finds_everything_finished(project, finished_run):
    rows = planned(project)
    kernels = {row[0]: row[-2:] for row in rows if len(row) > 5}
    assert set(kernels) == {"ntk", "nngp", "quadratic", "total"}
    assert all(done == tiles for tiles, done in kernels.values())
    trainings = next(row for row in rows if row[0] == "trainings")
    # Two levels, two seeds, one penalty.
    assert trainings == ["trainings", "mean_field", "4", "4", "0"]
    others = [row for row in rows if len(row) == 5]
    paths = [row for row in others if row[0] == "ridge paths"]
    assert [row[1:3] for row in paths] == [["ntk", "2"], ["nngp", "2"], ["quadratic", "2"]]
    assert {row[0] for row in others if row[0] not in ("total", "trainings", "ridge paths")} == {
        *("Gaussian processes", "feature machines", "spectra", "learning curves"),
        *("verdicts", "kernel evolution", "spectral bias"),
        *("laziness", "distribution shift"),
    }
    disk = {row[0]: row[2] for row in rows if len(row) == 4}
    assert disk == {"samples": "0", "kernels": "0", "networks": "0", "total": "0"}


def test_a_plan_of_something_new_writes_nothing_and_finds_nothing(project, finished_run):
    def files():
        return {path: path.stat().st_mtime_ns for path in (project / "data").rglob("*")}

    before = files()
    rows = planned(project, "--params", "data.n_train=90")
    assert files() == before
    assert {row[-1] for row in rows if len(row) > 5} == {"0"}
    trainings = next(row for row in rows if row[0] == "trainings")
    assert trainings[2:4] == ["4", "0"]
    assert 0 < float(trainings[4]) < 0.1


def test_params_win_over_local_configuration(project, finished_run):
    local = project / "conf" / "local" / "parameters.yml"
    local.parent.mkdir(exist_ok=True)
    local.write_text("data: {n_train: 60, n_test: 40}\n")
    try:
        result = kedro(
            project, "run", "--to-outputs", "train_labels", "--params", "data.n_train=50"
        )
    finally:
        local.unlink()
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(numpy_file(project / "data/03_primary/digits/train_labels.npy")) == 50
    assert len(numpy_file(project / "data/03_primary/digits/test_labels.npy")) == 40


def numpy_file(path):
    import numpy as np

    return np.load(path)


def test_bad_input_is_refused_without_a_traceback(project):
    result = kedro(project, "run", "--env", "test", "--params", "noise.levls=[1]")
    assert result.returncode != 0
    assert "noise: high_frequency has no parameter 'levls'; did you mean 'levels'?" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(project, finished_run, name, monkeypatch):
    monkeypatch.setenv("KEDRO_ENV", "test")
    notebook = nbformat.read(project / "notebooks" / name, as_version=4)
    client = NotebookClient(
        notebook, timeout=240, resources={"metadata": {"path": str(project / "notebooks")}}
    )
    client.execute()


def free_port():
    """A port that nobody listens on, below 49,152: kedro-viz takes none beyond."""
    for port in random.sample(range(20_000, 32_000), 100):
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.fail("no port is free")


@pytest.fixture(scope="module")
def viz(project, finished_run, tmp_path_factory):
    """The address of a running kedro-viz; a port that others take meanwhile is given up."""
    log = tmp_path_factory.mktemp("viz") / "viz.log"
    for _ in range(3):
        port = free_port()
        command = [KEDRO, "viz", "run", "--no-browser", "--env", "test", "--port", str(port)]
        with log.open("w") as output:
            server = subprocess.Popen(command, cwd=project, stdout=output, stderr=subprocess.STDOUT)
        try:
            if answers(port, server):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            server.terminate()
            server.wait(timeout=30)
    pytest.fail(log.read_text())


def answers(port, server, seconds=120):
    """Whether the port answers before the server ends or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.5)
    return False


def test_kedro_viz_has_a_band_for_every_layer(viz):
    """It draws none where a layer comes before and after another."""
    with urllib.request.urlopen(f"{viz}/api/main") as answer:
        layers = json.load(answer)["layers"]
    assert " ".join(layers) == "raw intermediate primary feature models model_output reporting"


def test_kedro_viz_shows_the_pipelines_by_name(viz, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium here: the page of kedro-viz cannot be looked at")
    page = subprocess.run(
        [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            f"--user-data-dir={tmp_path}",
            *("--virtual-time-budget=20000", "--window-size=1600,1200", "--dump-dom"),
            viz,
        ],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "HOME": str(tmp_path)},
    ).stdout
    for name in ("Data Processing", "Kernel Generation", "Model Training", "Spectral Analysis"):
        assert name in page or name.lower().replace(" ", "_") in page, name
