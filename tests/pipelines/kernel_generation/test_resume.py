"""Runs of `kedro run` that are killed and started again: Myrtle-5, a ResNet, a GELU network."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.experiments import new_project, write_raw

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

CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME", "b_std": 0.1}}
POOL = {"AvgPool": {"window_shape": [4, 4], "strides": [4, 4]}}
DENSE = {"Dense": {"out_dim": 1}}
DESCRIBED = {
    "resnet": {
        "kind": "network",
        "architecture": [
            *(POOL, CONVOLUTION),
            {"residual": ["Relu", CONVOLUTION, "Relu", CONVOLUTION]},
            *("Relu", "GlobalAvgPool", DENSE),
        ],
        "get": ["ntk", "nngp"],
    },
    "gelu": {
        "kind": "network",
        "architecture": [POOL, CONVOLUTION, "Gelu", CONVOLUTION, "Gelu", "Flatten", DENSE],
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


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("killed", ["resnet_nngp", "gelu"])
def test_described_networks_on_images_go_on_too(tmp_path, killed):
    """What the kill left is kept, of both kernels that one pass computes."""
    project = new_project(tmp_path)
    write_raw(project)
    kernels = {"two_layer_ntk": None, "two_layer_nngp": None, "myrtle": None, **DESCRIBED}
    params = RUN["params"] | {"data": {"n_train": 34, "n_test": 2}, "kernels": kernels}
    (project / "run.yml").write_text(yaml.safe_dump({"run": RUN | {"params": params}}))
    folder = project / "data/04_feature/cifar2/train_kernels/level_1"
    manifests = {
        name: folder / f"{name}.npy.json" for name in ("resnet_ntk", "resnet_nngp", "gelu")
    }
    with start(project) as first:
        while not done_tiles(manifests[killed]) and first.poll() is None:
            time.sleep(0.05)
        first.kill()
    kept = {name: json.loads(m.read_text()) for name, m in manifests.items() if m.exists()}
    assert kept[killed]["checksums"]
    with start(project) as second:
        report, _ = second.communicate()
    assert second.returncode == 0, report
    for name, before in kept.items():
        now = json.loads(manifests[name].read_text())["checksums"]
        assert now.items() >= before["checksums"].items()
        assert len(now) == 6
    unfinished = [name for name in kept if 0 < len(kept[name]["checksums"]) < 6]
    said = " ".join(report.split())
    for name in unfinished:
        assert f"{name}: resuming, {len(kept[name]['checksums'])} of 6 tiles are there" in said
