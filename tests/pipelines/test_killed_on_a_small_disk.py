"""A run of Kedro whose kernels do not fit the disk together, killed in paths and in spectra."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.experiments import new_project

KEDRO = Path(sys.executable).with_name("kedro")
DISK = 7_000_000  # two training kernels of 900 samples, of six
RUN = {
    "pipelines": "reporting",
    "to_outputs": "kernel_audit,kernel_scores,spectra",
    "params": {
        "data": {"n_train": 900, "n_test": 300},
        "noise": {"levels": [{"value": 0}, {"value": 2}]},
        "network_sweep": {"mean_field": {"width": 8, "penalties": [0]}},
        "training": {"epochs": 2, "warm_up": 1, "seeds": [0]},
        "spectrum": {"initialisations": {"shallow_fresh": None}},
    },
}
TABLES = {"07_model_output": ["kernel_scores", "spectra"], "08_reporting": ["kernel_audit"]}


class Project:
    """A project on a disk of so many bytes."""

    def __init__(self, folder, disk):
        self.folder = new_project(folder)
        run = {**RUN, "params": {**RUN["params"], "execution": {"disk": disk}}}
        (folder / "run.yml").write_text(yaml.safe_dump({"run": run}))
        self.most = 0

    @property
    def results(self):
        """What every finished result is of, by file and time of writing."""
        folder = self.folder / "data/06_models/digits/finished_results"
        return {(path, path.stat().st_mtime_ns): _what(path) for path in folder.glob("[!.]*.npz")}

    def run(self, until=None):
        """Run, watching the disk; kill −9 as soon as two results are of the kind `until`."""
        with subprocess.Popen(
            [KEDRO, "run", "--config", "run.yml"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            while process.poll() is None:
                self.most = max(self.most, self.occupied())
                if list(self.results.values()).count(until) >= 2:
                    process.kill()
                time.sleep(0.02)
            report = process.stdout.read()
        return process.returncode, report

    def occupied(self):
        kernels = self.folder / "data/04_feature/digits"
        total = 0
        for path in [*kernels.rglob("*.npy"), *kernels.rglob("*.partial")]:
            try:
                total += 512 * path.stat().st_blocks
            except FileNotFoundError:  # it has just given way
                continue
        return total

    def tables(self):
        return {
            name: pd.read_parquet(self.folder / f"data/{layer}/digits/{name}.parquet")
            for layer, names in TABLES.items()
            for name in names
        }


def _what(path):
    with np.load(path) as archive:
        return json.loads(str(archive["layout.json"]))["description"]["what"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_goes_on_with_the_first_missing_result_and_stays_within_its_disk(tmp_path):
    for name in ("ample", "small"):
        (tmp_path / name).mkdir()
    ample, small = Project(tmp_path / "ample", None), Project(tmp_path / "small", DISK)
    finished = small.results
    for what in ("ridge path", "spectrum"):
        code, report = small.run(until=what)
        assert code == -9, report
        assert finished.items() < small.results.items()  # nothing was written again
        finished = small.results
    code, report = small.run()
    assert code == 0, report
    assert "gives way to" in report
    assert finished.items() <= small.results.items()
    assert small.most <= DISK
    code, report = ample.run()
    assert code == 0, report
    assert "gives way to" not in report
    expected, found = ample.tables(), small.tables()
    for name, table in expected.items():
        timed = table.columns.intersection(["seconds", "pairs_per_second"])
        pd.testing.assert_frame_equal(found[name].drop(columns=timed), table.drop(columns=timed))
