"""Gaussian processes of a run: their table, what is found again, and what is refused."""

import numpy as np
import pytest

from kernel_regime.figures.gaussian_processes import gaussian_process_figure
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.gaussian_processes import (
    SCORES,
    GaussianProcessParameters,
    fit_gaussian_processes,
)
from kernel_regime.regression import GaussianProcess
from tests.figures.reading import reason
from tests.pipelines.model_training.test_kernel_regression import LEVELS

KERNELS = KernelParameters.model_validate(
    {
        "ntk": {"kind": "fully_connected_ntk", "layers": 2},
        "nngp": {"kind": "fully_connected_nngp", "layers": 2},
        "quadratic": None,
    }
)
GIVEN = {
    "posterior": {"kernel": "nngp"},
    "ensemble": {"kernel": "ntk", "initial": "nngp"},
    "gone": {"kernel": "quadratic"},
    "dropped": None,
}


class Run:
    def __init__(self):
        rng = np.random.default_rng(0)
        self.x = {level: rng.standard_normal((60, 4)) for level in LEVELS["level"]}
        self.new = {level: rng.standard_normal((40, 4)) for level in LEVELS["level"]}
        self.labels, self.test_labels = (
            np.sin(inputs["level_0"][:, 0]) + 0.1 * rng.standard_normal(len(inputs["level_0"]))
            for inputs in (self.x, self.new)
        )
        self.opened = []

    def partitions(self, rows, columns):
        return {
            f"{level}/{name}": lambda k=kernel, r=rows[level], c=columns[level]: self.open(k(r, c))
            for level in LEVELS["level"]
            for name, kernel in KERNELS.build().items()
        }

    def open(self, matrix):
        self.opened.append(matrix.shape)
        return matrix

    def scores(self, folder, given=GIVEN):
        return fit_gaussian_processes(
            self.partitions(self.x, self.x),
            self.partitions(self.new, self.x),
            {level: lambda x=x: x for level, x in self.new.items()},
            *(self.labels, self.test_labels, LEVELS, folder, KERNELS),
            GaussianProcessParameters.model_validate(given),
        )


def test_the_table_has_evidence_coverage_and_the_losses_of_the_library(tmp_path):
    run = Run()
    table = run.scores(tmp_path)
    assert list(table.columns) == SCORES and set(table["process"]) == {"posterior", "ensemble"}
    chosen = table[(table["level"] == "level_0") & table["selected"]].set_index("process")
    kernel, x, new = KERNELS.build()["nngp"], run.x["level_0"], run.new["level_0"]
    process = GaussianProcess.fit(kernel(x), run.labels)
    best = process.best_noise_variance()
    assert chosen["noise_variance"]["posterior"] == pytest.approx(best)
    means, _ = process.predict(kernel(new, x), kernel.diagonal(new), [best])
    loss = np.mean((means[0][:, 0] - run.test_labels) ** 2)
    assert chosen["test_loss"]["posterior"] == pytest.approx(loss)
    posterior = table[(table["level"] == "level_0") & (table["process"] == "posterior")]
    assert posterior["log_evidence"].idxmax() == posterior["selected"].idxmax()
    assert 0.8 <= chosen["coverage_90"]["posterior"] <= 1
    assert np.isinf(chosen["time"]["ensemble"])
    narrower = table.filter(like="coverage_").to_numpy()
    assert (np.diff(narrower, axis=1) >= 0).all()


def test_finished_processes_are_found(tmp_path):
    run = Run()
    first = run.scores(tmp_path)
    fitted, run.opened = len(run.opened), []
    assert run.scores(tmp_path).equals(first)
    assert len(run.opened) < fitted  # only their contents are compared


def test_the_figure_draws_every_process_and_the_evidence(tmp_path):
    table = Run().scores(tmp_path)
    posterior, _, evidence = gaussian_process_figure(table, LEVELS, "ratio τ").axes
    chosen = table[table["selected"] & (table["process"] == "posterior")].iloc[0]
    drawn = posterior.lines[0].get_xydata()
    assert drawn[drawn[:, 0] == 90, 1] == pytest.approx(100 * chosen["coverage_90"])
    assert max(evidence.lines[0].get_ydata()) == 0
    assert evidence.get_yscale() == "symlog"
    assert 0 < evidence.get_ylim()[1] < 10  # little is left empty above
    near = table[table["log_evidence"] > table["log_evidence"].max() - 5]
    assert gaussian_process_figure(near, LEVELS, "ratio τ").axes[-1].get_yscale() == "linear"
    empty = gaussian_process_figure(table.head(0), LEVELS, "ratio τ")
    assert "name none" in reason(empty)
