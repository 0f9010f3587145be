"""Whole experiments at tiny size: a project in a temporary folder, and raw files of each format."""

import gzip
import shutil
from pathlib import Path

import numpy as np
from kedro.framework.project import configure_project
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from kernel_regime.configuration.loader import ExperimentConfigLoader
from kernel_regime.settings import CONFIG_LOADER_ARGS
from tests.datasets.test_cifar import CLASSES, write_records
from tests.datasets.test_idx import idx

PROJECT = Path(__file__).parents[1]
TINY_STUDIES = {
    "spectral_bias_study": {"modes": 2, "runs": 1, "side": None},
    "learning_curve_forecasts": {"sizes": [10], "repeats": 2},
    "limits": {
        "sphere": {"samples": 60, "degrees": 2},
        "infinite_width": {"widths": [8, 32], "runs": 1, "samples": 10},
    },
    "regime_verdict": {"samples": 20},
    "kernel_evolution_study": {"times": 2, "samples": 10},
    "laziness": {"widths": [4], "alphas": [1.0], "most_gradients": 20, "samples": 4},
    "selection": {"resamples": 50},
}


def new_project(folder):
    """A project with the configuration of this one, and no data."""
    shutil.copytree(PROJECT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    (folder / "conf" / "local").mkdir()
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, folder / name)
    (folder / "src").mkdir()  # the package is importable here already
    return folder


def write_raw(folder):
    """Images of both classes and noise in the formats of MNIST and of CIFAR-10."""
    rng = np.random.default_rng(0)
    for name in ("mnist", "fashion-mnist"):
        raw = folder / "data" / "01_raw" / name
        raw.mkdir(parents=True)
        for split, n in (("train", 80), ("t10k", 40)):
            images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
            labels = (np.arange(n) % 10).astype(np.uint8)
            for content, array in (("images-idx3", images), ("labels-idx1", labels)):
                path = raw / f"{split}-{content}-ubyte.gz"
                path.write_bytes(gzip.compress(idx(array)))
    # The binary files under the name of the folder that the catalogs read.
    raw = folder / "data" / "01_raw" / "cifar-10-batches-py"
    raw.mkdir(parents=True)
    (raw / "batches.meta.txt").write_text("\n".join(CLASSES))
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        pixels = rng.integers(0, 256, (200, 3072), dtype=np.uint8)  # 40 of two classes
        write_records(raw / f"{name}.bin", pixels, np.arange(200) % 10)


def tiny(environment, conf):
    """Parameters that make an environment small: everything it names stays in."""
    loader = ExperimentConfigLoader(conf, environment, **CONFIG_LOADER_ARGS)
    given = loader["parameters"]
    networks = {name: network for name, network in given["network_sweep"].items() if network}
    small = {
        name: {"penalties": [1.0e-4], **({"width": 8} if "width" in network else {})}
        for name, network in networks.items()
    }
    fresh = given["spectrum"]["initialisations"]
    architectures = given["spectral_bias_study"]["architectures"]
    return TINY_STUDIES | {
        "data": {"n_train": 60, "n_test": 30},
        "noise": {"levels": given["noise"]["levels"][:2]},
        "network_sweep": small,
        "training": {"epochs": 2, "warm_up": 1, "batches": {0: 20}, "seeds": [0]},
        "spectrum": {
            "trained_networks": {"samples": 10},
            "initialisations": {
                name: {"runs": 1, "samples": 20, **({"width": 16} if "width" in entry else {})}
                for name, entry in fresh.items()
                if entry
            },
        },
        "spectral_bias_study": {
            **TINY_STUDIES["spectral_bias_study"],
            "side": given["spectral_bias_study"]["side"],
            "architectures": {name: {"widths": [8]} for name, entry in architectures.items()},
        },
    }


def run(project, environment, pipeline="__default__", *, only_missing=False, **parameters):
    """Run a pipeline of an environment in this process, and give its catalog."""
    bootstrap_project(project)
    configure_project("kernel_regime")
    with KedroSession.create(project, env=environment, runtime_params=parameters) as session:
        session.run(pipeline_names=[pipeline], only_missing_outputs=only_missing)
    with KedroSession.create(project, env=environment, runtime_params=parameters) as session:
        return session.load_context().catalog


def plan_rows(printed):
    """Rows of all tables that `kedro plan` prints."""
    lines = [line for line in printed.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]
