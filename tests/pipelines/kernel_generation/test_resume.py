"""A real CIFAR-2 subset through `kedro run` with Myrtle-5, killed and started again."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

PROJECT = Path(__file__).parents[3]
BATCHES = PROJECT / "data/01_raw/cifar-10-batches-py"
KEDRO = Path(sys.executable).with_name("kedro")

RUN = {
    "env": "cifar2",
    "pipelines": "kernel_generation",
    "params": {
        "data": {"n_train": 64, "n_test": 32},
        "noise": {"levels": [{"value": 1}]},
        "kernels": {"two_layer_ntk": None, "two_layer_nngp": None},
        "execution": {"memory": "7kB"},  # tiles of 16 × 16
    },
}


@pytest.fixture
def project(tmp_path):
    if not BATCHES.exists():
        pytest.skip("needs CIFAR-10: kedro download --env cifar10")
    for name in ("conf", "src"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, tmp_path / name)
    (tmp_path / "data/01_raw").mkdir(parents=True)
    (tmp_path / "data/01_raw/cifar-10-batches-py").symlink_to(BATCHES.resolve())
    (tmp_path / "run.yml").write_text(yaml.safe_dump({"run": RUN}))
    return tmp_path


def start(project):
    command = [KEDRO, "run", "--config", "run.yml"]
    return subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def done_tiles(manifest):
    return set(json.loads(manifest.read_text())["checksums"]) if manifest.exists() else set()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_run_goes_on_where_it_was_and_ends_bit_identical(project):
    kernels = project / "data/04_feature/cifar2"
    train = kernels / "train_kernels/level_1/myrtle.npy"
    manifest = train.with_name("myrtle.npy.json")
    with start(project) as first:
        while not done_tiles(manifest) and first.poll() is None:
            time.sleep(0.05)
        first.kill()
    kept = done_tiles(manifest)
    assert kept
    with start(project) as second:
        report, _ = second.communicate()
    assert second.returncode == 0, report
    if len(kept) < 10:
        assert f"resuming, {len(kept)} of 10 tiles are there" in " ".join(report.split())
    resumed = [train.read_bytes(), (kernels / "test_kernels/level_1/myrtle.npy").read_bytes()]
    assert np.load(train).shape == (64, 64)

    shutil.rmtree(kernels)
    with start(project) as undisturbed:
        report, _ = undisturbed.communicate()
    assert undisturbed.returncode == 0, report
    again = [train.read_bytes(), (kernels / "test_kernels/level_1/myrtle.npy").read_bytes()]
    assert again == resumed
