"""What a report knows of its run: parameters, tables, and what follows from them in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.core.types import Parameters
from kernel_regime.figures.methods import method_name
from kernel_regime.figures.style import quantity
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.feature_machines import FeatureMachineParameters
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters

CRITERIA = {
    "loo_loss": "leave-one-out",
    "gcv_loss": "generalised cross-validation",
    "test_loss": "the test loss itself, which flatters kernels",
    "test_accuracy": "the test accuracy itself, which flatters kernels",
}
"""What picks a ridge, in words."""


@dataclass(frozen=True)
class ReportedRun:
    """Parameters and tables of the run that a report is about.

    Parameters
    ----------
    parameters : mapping
        By top-level key.
    tables : mapping
        Datasets by name.
    data_source : str
        What the data set is called.
    """

    parameters: Parameters
    tables: Mapping[str, Any]
    data_source: str

    @property
    def noise(self) -> str:
        """What the noise level measures."""
        return str(self.parameters["noise"].perturbation.level_label())

    @property
    def quantity(self) -> str:
        """The same without the remark in brackets."""
        return quantity(self.noise)

    @property
    def criterion(self) -> str:
        """What picks the ridges of the kernels, in words."""
        return CRITERIA[self.parameters["selection"].criterion]

    @property
    def penalty_criterion(self) -> str:
        """What picks the penalties of the networks, in words."""
        share = self.parameters["training"].validation
        if share:
            return f"the validation loss, on {share:.0%} of the training samples,"
        return "the test loss itself, as no samples are kept for validation,"

    @property
    def measure(self) -> str:
        """What methods are compared by."""
        return "test error" if self.unit else "test loss"

    @property
    def unit(self) -> str:
        """Percent for the errors of classifications, none for the losses of regressions."""
        return "\u00a0%" if (self.tables["phase_curves"]["metric"] == "test_accuracy").any() else ""

    def errors(self) -> pd.DataFrame:
        """`phase_curves` with `error`, `error_low`, `error_high`: smaller is better."""
        curves: pd.DataFrame = self.tables["phase_curves"]
        scores = curves[["score", "score_low", "score_high"]].to_numpy(float)
        # Rounded, since 1 less an interval's end of nearly 1 is no error of 1e-14 %, nor of −0.
        values = np.round(100 * (1 - scores[:, [0, 2, 1]]), 9) + 0.0 if self.unit else scores
        return curves.assign(error=values[:, 0], error_low=values[:, 1], error_high=values[:, 2])

    def value(self, level: str) -> float:
        """Value of a level by its name."""
        levels: pd.DataFrame = self.tables["noise_levels"]
        return float(levels.set_index("level")["value"].loc[level])

    def diverged(self) -> list[str]:
        """Networks and levels at which no training can be used, as `network (value)`."""
        scores: pd.DataFrame = self.tables["network_scores"]
        if scores.empty:
            return []
        usable = scores.groupby(["network", "level"])["selected"].any()
        return [
            f"{method_name(network)} ({self.value(level):g})"
            for network, level in usable.index[~usable.to_numpy(bool)]
        ]

    def ridges_at_the_edge(self) -> list[str]:
        """Kernels and levels where the criterion picks the smallest or largest ridge of the grid.

        Ridge 0 is no edge: there is nothing beyond interpolation.
        """
        paths: pd.DataFrame = self.tables["kernel_scores"]
        picks: pd.DataFrame = self.tables["ridge_selection"]
        picks = picks[picks["criterion"] == self.parameters["selection"].criterion]
        ends = paths.groupby(["level", "kernel"])["ridge"].agg(["min", "max"]).reset_index()
        rows = picks.merge(ends, on=["level", "kernel"])
        low = (rows["ridge"] == rows["min"]) & (rows["min"] > 0)
        chosen = rows[(low | (rows["ridge"] == rows["max"])) & (rows["min"] < rows["max"])]
        return [
            f"{method_name(kernel)} ({self.value(level):g}: {ridge:.3g})"
            for level, kernel, ridge in chosen[["level", "kernel", "ridge"]].itertuples(index=False)
        ]

    def data(self) -> str:
        """Name, sizes and kind of the data, in words."""
        images, labels = self.tables["train_images"], self.tables["train_labels"]
        inputs = next(iter(images.values()))()
        counts = f"{len(labels):,} training and {len(self.tables['test_labels']):,} test samples"
        return f"{self.data_source}, {counts}: {_describe(inputs.shape[1:])}, {_task(labels)}"


def method_names(
    kernels: KernelParameters, networks: NetworkParameters, machines: FeatureMachineParameters
) -> list[str]:
    """Kernels, networks and feature machines of a run, in the order of the parameters."""
    return [*kernels.names, *(name for _, name, _ in networks.architectures()), *machines.names]


def _describe(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"vectors of {shape[0]} features"
    colours = "colour" if len(shape) == 3 else "grey"
    return f"{colours} images of {shape[0]}×{shape[1]} pixels"


def _task(labels: Array) -> str:
    if np.issubdtype(labels.dtype, np.integer):
        return f"{int(labels.max()) + 1} classes"
    return "regression on real-valued targets"
