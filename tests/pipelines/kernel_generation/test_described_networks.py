"""Networks described layer by layer in YAML, through `kedro run`."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from kernel_regime.kernels import NetworkKernel
from tests.experiments import new_project, tiny
from tests.experiments import run as run_experiment

PROJECT = Path(__file__).parents[3]
KEDRO = Path(sys.executable).with_name("kedro")
DENSE = {"Dense": {"out_dim": 1, "W_std": 1.4, "b_std": 0.1}}
KERNELS = {
    "gelu": {
        "kind": "network",
        "architecture": [DENSE, "Gelu", DENSE, "Gelu", DENSE],
        "get": ["ntk", "nngp"],
    },
    "residual": {
        "kind": "network",
        "architecture": ["Flatten", DENSE, {"residual": ["Erf", DENSE]}, "Relu", DENSE],
        "get": "nngp",
    },
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    for name in ("conf", "src"):
        shutil.copytree(PROJECT / name, folder / name)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def run(project, kernels):
    settings = {
        "env": "test",
        "pipelines": "data_processing,kernel_generation",
        "params": {"kernels": {"ntk": None, "nngp": None, "quadratic": None, **kernels}},
    }
    (project / "run.yml").write_text(yaml.safe_dump({"run": settings}))
    return subprocess.run(
        [KEDRO, "run", "--config", "run.yml"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_described_networks_run_from_yaml_and_are_found_again(project):
    result = run(project, KERNELS)
    assert result.returncode == 0, result.stdout + result.stderr
    folder = project / "data/04_feature/test/train_kernels"
    images = sorted((project / "data/03_primary/test/train_images").glob("*.npy"))
    assert len(images) == 2
    gelu, residual = (KERNELS[name]["architecture"] for name in ("gelu", "residual"))
    kernels = {
        "gelu_ntk": NetworkKernel(gelu),
        "gelu_nngp": NetworkKernel(gelu, "nngp"),
        "residual": NetworkKernel(residual, "nngp"),
    }
    for name, kernel in kernels.items():
        for image in images:
            stored = np.load(folder / image.stem / f"{name}.npy")
            expected = kernel.gram(np.load(image))
            np.testing.assert_allclose(stored, expected, rtol=1e-5, atol=1e-6)
    assert "level_0/gelu_ntk and train_kernels/level_0/gelu_nngp" in " ".join(result.stdout.split())
    written = {path: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}
    assert len(written) == 2 * len(kernels)
    assert run(project, KERNELS).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.npy")} == written


@pytest.mark.slow
def test_both_kernels_of_a_network_are_two_methods_up_to_the_report(tmp_path):
    project = new_project(tmp_path)
    parameters = tiny("test", project / "conf")
    parameters["kernels"] = {"ntk": None, "nngp": None, "quadratic": None, **KERNELS}
    catalog = run_experiment(project, "test", **parameters)
    kernels = {"gelu_ntk", "gelu_nngp", "residual"}
    assert set(catalog.load("kernel_scores")["kernel"]) == kernels
    assert kernels <= set(catalog.load("spectra")["source"])
    assert kernels <= set(catalog.load("phase_curves")["method"])
    assert "</html>" in catalog.load("report")
