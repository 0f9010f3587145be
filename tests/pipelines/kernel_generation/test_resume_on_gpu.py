"""Runs with `device: gpu`, planned, killed and resumed, where JAX's CPU is the GPU."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.experiments import new_project, plan_rows

KEDRO_ON_JAX = Path(__file__).with_name("kedro_on_jax.py")
RUN = ("run", "--pipelines", "kernel_generation")
FIRST, LAST = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}, {"Dense": {"out_dim": 1}}
PARAMETERS = {
    "data": {"n_train": 1200, "n_test": 300},
    "noise": {"levels": [{"value": 0}]},
    "kernels": {
        "quadratic": None,
        "erf": {"kind": "network", "architecture": [FIRST, "Erf", LAST], "get": ["ntk", "nngp"]},
    },
    "network_sweep": {"mean_field": {"width": 8, "penalties": [0]}},
    "training": {"epochs": 2, "warm_up": 1, "seeds": [0]},
    # Four rows of tiles, each large enough for polynomials on the device.
    "execution": {"device": "gpu", "memory": 6 * 4 * 304**2},
}
NAMES, TILES = ("ntk", "nngp", "erf_ntk", "erf_nngp"), {"train": 10, "test": 4}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Project:
    """A project that computes kernels on the device."""

    def __init__(self, folder):
        self.folder = new_project(folder)
        (folder / "conf/local/parameters.yml").write_text(yaml.safe_dump(PARAMETERS))

    def start(self, *command):
        return subprocess.Popen(
            [sys.executable, KEDRO_ON_JAX, *command],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self, *command):
        """What a command prints."""
        with self.start(*command) as process:
            printed, _ = process.communicate()
        assert process.returncode == 0, printed
        return printed

    def matrix(self, name, split="train"):
        return self.folder / f"data/04_feature/digits/{split}_kernels/level_0/{name}.npy"

    def manifest(self, name, split="train"):
        return self.matrix(name, split).with_name(f"{name}.npy.json")

    def kept(self, name, split="train"):
        """Checksums of finished tiles."""
        manifest = self.manifest(name, split)
        return json.loads(manifest.read_text())["checksums"] if manifest.exists() else {}

    def seconds(self, name):
        """Of the passes that filled the training and the test kernel."""
        return sum(json.loads(self.manifest(name, split).read_text())["seconds"] for split in TILES)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A project that ran, and what it printed before, as a plan, and then."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    planned = project.finish("plan")
    return project, planned, " ".join(project.finish(*RUN).split())


def test_a_killed_run_goes_on_with_the_missing_tiles_of_both_kernels(undisturbed, tmp_path):
    project, both = Project(tmp_path), ("erf_ntk", "erf_nngp")
    with project.start(*RUN) as first:
        while not all(project.kept(name) for name in both) and first.poll() is None:
            time.sleep(0.02)
        first.kill()
    assert first.returncode == -9
    kept = {name: project.kept(name) for name in both}
    assert all(len(tiles) < TILES["train"] for tiles in kept.values())
    printed = " ".join(project.finish(*RUN).split())
    for name, tiles in kept.items():
        assert f"{name}: resuming, {len(tiles)} of {TILES['train']} tiles are there" in printed
        assert project.kept(name).items() > tiles.items()
    for name in NAMES:
        for split, tiles in TILES.items():
            assert len(project.kept(name, split)) == tiles
            found, expected = (one.matrix(name, split) for one in (project, undisturbed[0]))
            assert found.read_bytes() == expected.read_bytes()


def test_the_plan_says_the_hours_of_the_passes_that_give_both_kernels(undisturbed):
    project, planned, printed = undisturbed
    rows = {row[0]: row for row in plan_rows(planned) if len(row) > 5}
    assert set(rows) == {*NAMES, "total"}
    for first, second in (("ntk", "nngp"), ("erf_ntk", "erf_nngp")):
        passes = project.seconds(first)
        hours = float(rows[first][3]) + float(rows[second][3])
        assert f"level_0/{first} and train_kernels/level_0/{second}: " in printed
        # A plan leaves out what JAX compiles, some seconds, and that tiles on the diagonal are
        # computed whole.
        assert passes / 3 < 3600 * hours < 1.5 * passes
