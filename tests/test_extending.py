"""The examples of docs/extending.md, exactly as they stand there, from outside the repository."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.experiments import PROJECT, TINY_STUDIES, new_project, plan_rows

DOCUMENT = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w/]+\.(?:py|yml))`\n```\w+\n(.*?)```", DOCUMENT, re.DOTALL))
# Its own kernel, noise and network beside one built-in each, and no study that has nothing of them.
SMALL = TINY_STUDIES | {
    "data": {"n_train": 80, "n_test": 40},
    "kernels": {"nngp": None, "quadratic": None},
    "network_sweep": {"mean_field": {"width": 8, "penalties": [1.0e-4]}},
    "training": {"epochs": 2, "warm_up": 1, "batches": {0: 20}, "seeds": [0]},
    "spectrum": {"trained_networks": {"samples": 10}, "initialisations": {"shallow_fresh": None}},
    "spectral_bias_study": {
        **TINY_STUDIES["spectral_bias_study"],
        "architectures": {"fully_connected": {"widths": [8]}},
    },
}


def write_project(folder):
    """A project whose environment is what the document says, at tiny size."""
    for name, text in FILES.items():
        # The package lies beside the project, as a user's own would.
        path = folder.parent / "elsewhere" / name if name.endswith(".py") else folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "conf/mine/parameters_small.yml").write_text(yaml.safe_dump(SMALL))
    return folder


def kedro(project, *arguments, **variables):
    path = os.pathsep.join([str(PROJECT / "src"), str(project.parent / "elsewhere")])
    result = subprocess.run(
        [Path(sys.executable).with_name("kedro"), *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONPATH": path, **variables},
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def test_every_example_takes_fewer_than_thirty_lines():
    modules = {name: text for name, text in FILES.items() if name.startswith("my_lab/")}
    assert {Path(name).stem for name in modules} == {
        *("kernels", "noise", "networks", "data", "figures")
    }
    assert all(len(text.splitlines()) < 30 for text in modules.values())


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The project of the document, run to its report."""
    folder = tmp_path_factory.mktemp("own") / "project"
    folder.mkdir()
    project = write_project(new_project(folder))
    said = kedro(project, "run", "--env", "mine")
    assert "Open data/08_reporting/mine/report.html" in re.sub(r"\s+", " ", said)
    return project


def test_kernel_noise_network_data_and_figure_of_ones_own_reach_the_report(own):
    results = own / "data/07_model_output/mine"
    scores = pd.read_parquet(results / "kernel_scores.parquet")
    assert {"gaussian", "ntk"} <= set(scores["kernel"])
    assert set(scores["level"]) == {"level_0", "level_0.25"}
    networks = pd.read_parquet(results / "network_scores.parquet")
    assert {"skip_width_8", "skip_width_16", "mean_field"} <= set(networks["network"])
    inputs = np.load(own / "data/03_primary/mine/train_images/level_0.25.npy")
    assert inputs.shape == (80, 2)
    page = (own / "data/08_reporting/mine/report.html").read_text(encoding="utf-8")
    for words in ("gaussian", "skip width 8", "share of lost features", "best_ridges"):
        assert words in page, words


def test_the_stored_kernel_is_that_of_the_formula(own):
    x = np.load(own / "data/03_primary/mine/train_images/level_0.npy").astype(float)
    squares = ((x[:, None] - x) ** 2).sum(axis=2)
    stored = np.load(own / "data/04_feature/mine/train_kernels/level_0/gaussian.npy")
    np.testing.assert_allclose(stored, np.exp(-squares / (2 * 2**2 * 2)), rtol=1e-5)


def test_plan_knows_kernel_and_network_of_ones_own_and_finds_them_finished(own):
    rows = plan_rows(kedro(own, "plan", "--env", "mine"))
    kernel = next(row for row in rows if row[0] == "gaussian")
    assert kernel[-1] == kernel[-2] != "0"  # tiles, tiles done
    trainings = {row[1]: row[2:] for row in rows if row[0] == "trainings"}
    # Two levels, one seed, one penalty.
    assert {trainings[f"skip_width_{width}"][0] for width in (8, 16)} == {"2"}
    assert all(done == planned for planned, done, *_ in trainings.values())


def test_kedro_viz_shows_parameters_of_kinds_of_ones_own(own):
    kedro(own, "viz", "build", KEDRO_ENV="mine")  # it has no option for the environment
    api = own / "build" / "api"
    nodes = {node["name"]: node["id"] for node in json.loads((api / "main").read_text())["nodes"]}
    shown = {
        name: json.loads((api / "nodes" / nodes[f"params:{name}"]).read_text())["parameters"][name]
        for name in ("kernels", "noise", "network_sweep")
    }
    assert shown["kernels"]["gaussian"] == {"kind": "my_lab.kernels:Gaussian", "width": 2.0}
    assert shown["noise"]["kind"] == "my_lab.noise:SaltAndPepper"
    assert "skip" in shown["network_sweep"]
