"""Gaussian processes on the kernels of a run: evidence, likelihood and calibration by level."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.core.arrays import Array
from kernel_regime.core.files import digest
from kernel_regime.core.parameters import ParameterMapping, ParameterModel
from kernel_regime.core.types import Arguments, Identity
from kernel_regime.evaluation.gaussian_scores import interval_coverage, negative_log_likelihood
from kernel_regime.evaluation.scores import squared_errors
from kernel_regime.evaluation.targets import class_labels, encode_targets
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.pipelines.kernel_generation.parameters import KernelName, KernelParameters
from kernel_regime.pipelines.partitions import Load, Partitions, select
from kernel_regime.regression.gaussian_process import GaussianProcess
from kernel_regime.regression.gradient_flow_ensemble import GradientFlowEnsemble

COVERED = (10, 25, 50, 75, 90, 95)
"""Per cent that intervals should hold."""

SCORES = [
    *("level", "process", "kernel", "noise_variance", "time", "log_evidence"),
    *("negative_log_likelihood", *(f"coverage_{share}" for share in COVERED)),
    *("test_loss", "selected"),
]

_FORMAT = 1  # raised when the same kernels and targets would give other numbers than before
_NOISES = np.logspace(-2, 2, 9)  # beside the one that maximises the evidence
_TIMES = (1.0, 10.0, 100.0, np.inf)  # in units of the inverse mean diagonal of the NTK
_LEAST_VARIANCE = 1e-6  # of the mean prior variance: below it, float32 kernels know none


class GaussianProcessEntry(ParameterModel):
    """A Gaussian process: the posterior under a kernel, or an ensemble where `initial` is given."""

    kernel: KernelName
    """Covariance of the posterior; for an ensemble, the NTK."""
    initial: KernelName | None = None
    """NNGP kernel of the networks at initialisation."""

    @property
    def kernels(self) -> list[str]:
        """Names of the kernels that it takes."""
        return [self.kernel] if self.initial is None else [self.kernel, self.initial]


class GaussianProcessParameters(ParameterMapping[dict[KernelName, GaussianProcessEntry | None]]):
    """Gaussian processes by name; an environment drops one of base's with null.

    Examples
    --------
    >>> given = {"posterior": {"kernel": "nngp"}, "dropped": None}
    >>> list(GaussianProcessParameters.model_validate(given).entries(["nngp"]))
    ['posterior']
    """

    def entries(self, kernels: list[str]) -> dict[str, GaussianProcessEntry]:
        """Those that are left, and all of whose kernels are."""
        return {
            name: entry
            for name, entry in self.root.items()
            if entry is not None and set(entry.kernels) <= set(kernels)
        }


def fit_gaussian_processes(
    train_kernels: Partitions,
    test_kernels: Partitions,
    test_images: Partitions,
    train_labels: Array,
    test_labels: Array,
    noise_levels: pd.DataFrame,
    finished_results: Path,
    kernels: KernelParameters,
    processes: GaussianProcessParameters,
) -> pd.DataFrame:
    """Score every Gaussian process at every level: `SCORES`.

    A posterior has a row per noise variance, around the selected one that maximises the evidence;
    an ensemble a row per time, of which the last, infinity, is selected. Each is kept in
    `finished_results` as soon as it is finished: see `Results`.
    """
    classes = class_labels(train_labels)
    targets = [encode_targets(labels, classes) for labels in (train_labels, test_labels)]
    results, built, tables = Results(finished_results), kernels.build(), []
    for level, (name, entry) in product(
        noise_levels["level"], processes.entries(kernels.names).items()
    ):
        names = [f"{level}/{kernel}" for kernel in entry.kernels]
        train, test = (
            list(select(split, names).values()) for split in (train_kernels, test_kernels)
        )
        inputs = select(test_images, [level])[level]()
        prior = built[entry.kernels[-1]].diagonal(inputs)
        fitted = _Fit(train, test, prior, *targets)
        found = results.get(fitted.description, fitted.scores)
        place = {"level": level, "process": name, "kernel": entry.kernel}
        tables.append(pd.DataFrame(found["scores"]).assign(**place))
    return pd.concat(tables, ignore_index=True)[SCORES] if tables else pd.DataFrame(columns=SCORES)


@dataclass(frozen=True)
class _Fit:
    """One process at one level: kernels as partitions, prior variances of the test samples."""

    train: list[Load]
    test: list[Load]
    prior: Array
    train_targets: Array
    test_targets: Array

    @property
    def description(self) -> Identity:
        """What the scores follow from."""
        return {
            **{"what": "Gaussian process", "format": _FORMAT},
            "kernels": list(map(partition_content, [*self.train, *self.test])),
            "arrays": list(map(digest, (self.prior, self.train_targets, self.test_targets))),
        }

    def scores(self) -> Content:
        """A table, one row per noise variance or time."""
        rows = self._posterior() if len(self.train) == 1 else self._ensemble()
        return {"scores": pd.DataFrame(list(rows))}

    def _posterior(self) -> Iterator[Arguments]:
        process = GaussianProcess.fit(self.train[0](), self.train_targets)
        best = process.best_noise_variance()
        noises = best * _NOISES
        evidence = process.log_evidence(noises)
        predicted = process.predict(self.test[0](), self.prior, noises)
        for noise, logarithm, mean, variance in zip(noises, evidence, *predicted, strict=True):
            known = {"noise_variance": noise, "time": np.nan, "log_evidence": logarithm}
            yield known | self._scored(mean, variance + noise) | {"selected": bool(noise == best)}

    def _ensemble(self) -> Iterator[Arguments]:
        ntk, nngp = (load() for load in self.train)
        ensemble = GradientFlowEnsemble.fit(ntk, nngp, self.train_targets)
        times = np.array(_TIMES) / ensemble.eigenvalues.mean()
        test_ntk, test_nngp = (load() for load in self.test)
        predicted = ensemble.predict(test_ntk, test_nngp, self.prior, times)
        for time, mean, variance in zip(times, *predicted, strict=True):
            known = {"noise_variance": 0.0, "time": time, "log_evidence": np.nan}
            yield known | self._scored(mean, variance) | {"selected": bool(np.isinf(time))}

    def _scored(self, mean: Array, variance: Array) -> dict[str, float]:
        variance = np.maximum(variance, _LEAST_VARIANCE * self.prior.mean())
        shares = [share / 100 for share in COVERED]
        covered = interval_coverage(mean, variance, self.test_targets, shares)
        likelihood = partial(negative_log_likelihood, mean, variance)
        return {
            "negative_log_likelihood": float(likelihood(self.test_targets)),
            "test_loss": float(squared_errors(mean, self.test_targets).mean()),
            **{f"coverage_{share}": float(c) for share, c in zip(COVERED, covered, strict=True)},
        }


def create_gaussian_processes() -> Pipeline:
    """Kernels and labels → gaussian_process_scores."""
    return Pipeline(
        [
            Node(
                fit_gaussian_processes,
                inputs=[
                    *("train_kernels", "test_kernels", "test_images", "train_labels"),
                    *("test_labels", "noise_levels", "finished_results", "params:kernels"),
                    "params:gaussian_processes",
                ],
                outputs="gaussian_process_scores",
                name="fit_gaussian_processes",
            )
        ]
    )
