"""`execution.disk`: a run whose kernels do not fit the disk together finds what any run finds."""

import numpy as np
import pandas as pd

from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.datasets.kernel_matrix import KernelMatricesDataset
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import disk_of, fill_all
from kernel_regime.pipelines.kernel_generation.nodes import (
    audit_kernels,
    compute_test_kernels,
    compute_train_kernels,
)
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.kernel_regression import fit_kernel_ridge
from kernel_regime.pipelines.model_training.ridge_parameters import (
    RidgeParameters,
    SelectionParameters,
)
from kernel_regime.pipelines.spectral_analysis.learning_curve_nodes import forecast_learning_curves

OUTPUTS = "train_kernels", "test_kernels"
TRAIN, TEST = 63, 31  # files of 16 KiB and 8 KiB
LEVELS = pd.DataFrame({"level": ["level_0", "level_1", "level_2"], "value": [0.0, 1.0, 2.0]})
KERNELS = KernelParameters.model_validate(
    {"ntk": {"kind": "two_layer_ntk"}, "cubic": {"kind": "polynomial", "degree": 3}}
)
RIDGE = RidgeParameters(values=[0.1, 1.0], solver="auto")
SELECTION = SelectionParameters(criterion="loo_loss", resamples=10, confidence=0.9, seed=0)
CURVES = LearningCurveSettings(forecast_from=30, sizes=[10, 20], ridges=[0.1], repeats=2, seed=0)


def images(count, seed):
    draws = np.random.default_rng(seed).standard_normal((3, count, 4, 4)).astype(np.float32)
    return {f"level_{level}": lambda level=level: draws[level] for level in range(3)}


def run(folder, execution):
    """Audit, ridge paths and learning curves, and the kernels that are left."""
    inputs = images(TRAIN, 0), images(TEST, 1)
    labels = [np.arange(count) % 3 for count in (TRAIN, TEST)]
    train, test = (KernelMatricesDataset(path=str(folder / name)) for name in OUTPUTS)
    swept = LEVELS, disk_of(folder), KERNELS, execution
    train.save(compute_train_kernels(inputs[0], *swept))
    test.save(compute_test_kernels(*reversed(inputs), *swept))
    results = folder / "results"
    audit = audit_kernels(train.load(), inputs[0], LEVELS, results, KERNELS)
    fitted = train.load(), test.load(), *labels, LEVELS, results, KERNELS
    return {
        "audit": audit.drop(columns=["seconds", "pairs_per_second"]),
        "scores": fit_kernel_ridge(*fitted, RIDGE, SELECTION, execution)[0],
        "curves": forecast_learning_curves(*fitted[:2], inputs[0], *fitted[2:], CURVES),
    }


def occupied(folder):
    return sum(512 * path.stat().st_blocks for path in folder.rglob("*.npy*") if path.is_file())


def test_kernels_that_give_way_to_each_other_change_no_result(tmp_path, monkeypatch):
    disk = 45_000
    expected = run(tmp_path / "ample", Execution())
    limited, most = tmp_path / "limited", []

    def watched(jobs):
        fill_all(jobs)
        most.append(sum(occupied(limited / name) for name in OUTPUTS))

    monkeypatch.setattr("kernel_regime.execution.store.shared_disk.fill_all", watched)
    found = run(limited, Execution(disk=disk))
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name], table)
    manifests = 12 * 4096
    assert max(most) <= disk + manifests
    computed = len(most)
    again = run(limited, Execution(disk=disk))
    for name, table in expected.items():
        pd.testing.assert_frame_equal(again[name], table)
    assert len(most) - computed <= 3  # what the disk can hold; all results are found
