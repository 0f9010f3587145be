"""Distribution shift of a run: refits, the ridge path's own scores, networks, and refusals."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.execution.settings import Execution
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.distribution_shift import (
    COLUMNS,
    ShiftParameters,
    measure_shifts,
)
from kernel_regime.pipelines.model_training.kernel_regression import fit_kernel_ridge
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.model_training.ridge_parameters import (
    RidgeParameters,
    SelectionParameters,
)
from tests.pipelines.model_training.test_kernel_regression import LEVELS

KERNELS = KernelParameters.model_validate(
    {
        "ntk": {"kind": "fully_connected_ntk", "layers": 2},
        "linear": {"kind": "polynomial", "degree": 1},
    }
)
NETWORKS = {
    "net": {"kind": "fully_connected", "width": 4, "learning_rate": 0.1, "penalties": [0.1]}
}
RIDGE = RidgeParameters(values=(0.1, 1.0, 10.0), solver="auto")
SELECTION = SelectionParameters(criterion="loo_loss", resamples=10, confidence=0.9, seed=0)
VALUES = dict(LEVELS[["level", "value"]].itertuples(index=False))


class Run:
    def __init__(self, models=()):
        rng = np.random.default_rng(0)
        x, noise = rng.standard_normal((2, 100, 6))
        inputs = {level: (x + value * noise).astype(np.float32) for level, value in VALUES.items()}
        labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
        self.x = {level: part[:60] for level, part in inputs.items()}
        self.new = {level: part[60:] for level, part in inputs.items()}
        self.labels, self.test_labels = labels[:60], labels[60:]
        self.models, self.computed = dict(models), 0

    def partitions(self, rows):
        return {
            f"{level}/{name}": lambda k=kernel, r=rows[level], c=self.x[level]: k(r, c)
            for level in VALUES
            for name, kernel in KERNELS.build().items()
        }

    def shifts(self, folder, methods=None):
        labels = self.labels, self.test_labels
        train, test = self.partitions(self.x), self.partitions(self.new)
        self.scores, _ = fit_kernel_ridge(
            train, test, *labels, LEVELS, folder, KERNELS, RIDGE, SELECTION, Execution()
        )
        images = ({level: lambda x=x: self.opened(x) for level, x in part.items()}
                  for part in (self.x, self.new))  # fmt: skip
        selected = [place.split("/") for place in self.models]
        network_scores = pd.DataFrame(
            [(level, name, int(seed[5:]), True) for level, name, seed in selected],
            columns=["level", "network", "seed", "selected"],
        )
        return measure_shifts(
            *(train, self.models, self.scores, network_scores, *images, *labels),
            *(LEVELS, folder, KERNELS, NetworkParameters.model_validate(NETWORKS), RIDGE),
            *(SELECTION,),
            ShiftParameters(methods=methods),
        )

    def opened(self, x):
        self.computed += 1
        return x


def one_hot(labels):
    return np.eye(3)[labels] - 1 / 3


def test_kernels_predict_what_a_refit_predicts_and_their_diagonal_is_the_ridge_path(tmp_path):
    run = Run()
    table = run.shifts(tmp_path)
    assert list(table.columns) == COLUMNS
    assert len(table) == len(KERNELS.names) * len(VALUES) ** 2
    for row in table.to_dict("records"):
        trained, tested = row["trained_level"], row["tested_level"]
        path = run.scores.query("level == @trained and kernel == @row['method']")
        best = path.loc[path["loo_loss"].idxmin()]
        if trained == tested:
            assert row["loss"] == best["test_loss"] and row["accuracy"] == best["test_accuracy"]
            assert row["predicted_loss"] == best["gcv_loss"]
            continue
        kernel, x = KERNELS.build()[row["method"]], run.x[trained].astype(np.float64)
        alpha = np.linalg.solve(kernel(x) + best["ridge"] * np.eye(60), one_hot(run.labels))
        predictions = kernel(run.new[tested].astype(np.float64), x) @ alpha
        gaps = predictions - one_hot(run.test_labels)
        assert row["loss"] == pytest.approx((gaps**2).sum(axis=1).mean(), rel=1e-5)
        hits = predictions.argmax(axis=1) == run.test_labels
        assert row["accuracy"] == pytest.approx(hits.mean())
        assert row["predicted_loss"] == pytest.approx(row["loss"], rel=0.5)


def test_finished_pairs_are_found_without_a_fit(tmp_path, monkeypatch):
    run = Run()
    first = run.shifts(tmp_path)
    monkeypatch.delattr("kernel_regime.pipelines.model_training.distribution_shift.fit_ridge_path")
    assert run.shifts(tmp_path).equals(first)


def test_networks_are_tested_at_every_level_and_averaged_over_seeds(tmp_path):
    tf = pytest.importorskip("tensorflow")
    weights = np.random.default_rng(1).standard_normal((2, 6, 3)).astype(np.float32)

    def model(matrix):
        return lambda: lambda x, training: tf.matmul(x, matrix)

    run = Run({f"level_0/net/seed_{seed}": model(w) for seed, w in enumerate(weights)})
    table = run.shifts(tmp_path, methods=["net"])
    assert set(table["trained_level"]) == {"level_0"} and set(table["family"]) == {"network"}
    for row in table.to_dict("records"):
        gaps = run.new[row["tested_level"]] @ weights - one_hot(run.test_labels)
        assert row["loss"] == pytest.approx((gaps**2).sum(axis=2).mean(), rel=1e-5)


def test_no_method_is_tested_where_none_is_named(tmp_path):
    assert Run().shifts(tmp_path, methods=[]).empty
