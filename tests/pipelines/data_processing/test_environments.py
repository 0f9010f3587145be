"""The data parts of every environment: sources, perturbations, and real data where it lies near."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from kernel_regime.configuration.loader import ExperimentConfigLoader
from kernel_regime.datasets.download import SOURCES
from kernel_regime.noise.levels import NoiseParameters, resolve_levels
from kernel_regime.pipelines.data_processing import create_pipeline
from kernel_regime.pipelines.data_processing.parameters import DataParameters
from kernel_regime.settings import CONFIG_LOADER_ARGS
from tests.beside import FASHION_MNIST, UNPACK_CIFAR, needs_images

PROJECT = Path(__file__).parents[3]
SHAPES = {
    "base": (8, 8),
    "test": (8, 8),
    "fmnist_high_frequency": (28, 28),
    "fmnist_low_frequency": (28, 28),
    "mnist": (28, 28),
    "cifar2": (32, 32),
    "cifar10_grey": (32, 32),
    "cifar10": (32, 32, 3),
    "spiked_covariates": (1024,),
    "spectral_bias": (32, 32, 3),
    "laziness": (8, 8),
}


def load(environment, **runtime):
    return ExperimentConfigLoader(PROJECT / "conf", environment, runtime, **CONFIG_LOADER_ARGS)


def test_every_environment_is_listed_here():
    assert set(SHAPES) == {
        path.parent.name for path in (PROJECT / "conf").glob("*/parameters*.yml")
    }


@pytest.mark.parametrize("environment", SHAPES)
def test_parameters_suit_the_images(environment):
    parameters = load(environment)["parameters"]
    DataParameters(**parameters["data"])
    assert resolve_levels(NoiseParameters(**parameters["noise"]), SHAPES[environment])


@pytest.mark.parametrize("environment", SHAPES)
def test_what_is_downloaded_is_what_the_catalog_reads(environment):
    loader = load(environment)
    given, raw = loader["globals"], loader["catalog"]["raw_{split}"]
    if "download" not in given:
        assert "path" not in raw
        return
    source = SOURCES[given["download"]]
    assert raw["path"] == given["raw_data"]
    assert source.unpacked in (None, Path(raw["path"]).name)


def run(environment, folder, **data):
    """Run data_processing on real files, with its outputs in a temporary folder."""
    loader = load(environment, data=data)
    catalog = loader["catalog"]
    for entry in catalog.values():
        for key in ("path", "filepath"):
            if key in entry:
                entry[key] = str(folder / entry[key])
    parameters = loader["parameters"]
    read = {
        "params:data": MemoryDataset(DataParameters(**parameters["data"])),
        "params:noise": MemoryDataset(NoiseParameters(**parameters["noise"])),
    }
    found = DataCatalog.from_config(catalog)
    for name, dataset in read.items():
        found[name] = dataset
    SequentialRunner().run(create_pipeline(), found)
    return found


def check(found, n_levels, shape):
    levels = found.load("noise_levels")
    images = found.load("train_images")
    assert len(levels) == len(images) == n_levels
    assert len(found.load("test_images")) == n_levels
    for load_images in images.values():
        assert load_images().shape == shape
        assert load_images().dtype == np.float32
        assert np.isfinite(load_images()).all()


@needs_images
@pytest.mark.parametrize(
    ("environment", "raw", "n_levels"),
    [
        ("fmnist_high_frequency", "fashion-mnist", 15),
        ("fmnist_low_frequency", "fashion-mnist", 14),
        # The same file names and formats.
        ("mnist", "mnist", 15),
    ],
)
def test_idx_environments_run_on_real_files(environment, raw, n_levels, tmp_path):
    folder = tmp_path / "data" / "01_raw" / raw
    folder.parent.mkdir(parents=True)
    folder.symlink_to(FASHION_MNIST)
    found = run(environment, tmp_path, n_train=100, n_test=50)
    check(found, n_levels, (100, 28, 28))
    assert np.bincount(found.load("train_labels")).tolist() == [10] * 10


@pytest.fixture(scope="module")
def cifar(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cifar")
    raw = folder / "data" / "01_raw"
    raw.mkdir(parents=True)
    few = ["--train-per-class", "20", "--test-per-class", "10"]
    subprocess.run([sys.executable, UNPACK_CIFAR, raw, *few], check=True, capture_output=True)
    return folder


@needs_images
@pytest.mark.parametrize(
    ("environment", "n_levels", "shape"),
    [
        ("cifar2", 15, (30, 32, 32)),
        ("cifar10_grey", 15, (30, 32, 32)),
        ("spectral_bias", 1, (30, 32, 32, 3)),
        # A covariance of 3,072 coefficients takes 10 s.
        pytest.param("cifar10", 15, (30, 32, 32, 3), marks=pytest.mark.slow),
    ],
)
def test_cifar_runs_on_its_real_files(environment, n_levels, shape, cifar):
    found = run(environment, cifar, n_train=30, n_test=20)
    check(found, n_levels, shape)
    if environment == "cifar2":
        assert np.bincount(found.load("train_labels")).tolist() == [15, 15]


def test_spiked_covariates_are_generated_in_the_number_asked_for(tmp_path):
    found = run("spiked_covariates", tmp_path, n_train=300, n_test=20)
    check(found, 10, (300, 1024))
    labels = found.load("train_labels")
    assert labels.dtype == np.float64
    assert len(found.load("raw_train").labels) == 300
    levels, images = found.load("noise_levels"), found.load("train_images")
    norms = [np.linalg.norm(images[level]()[:, :16], axis=1) for level in levels["level"]]
    expected = 1024 ** ((0.4 + levels["value"].to_numpy()) / 2)
    np.testing.assert_allclose(norms, expected[:, None] + np.zeros(300), rtol=1e-5)
