"""Runs of single learners in a study of spectral bias, known by what they follow from."""

import logging
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectral_bias.experiment import Experiment, LabelledSamples
from kernel_regime.analysis.spectral_bias.finite_networks import FiniteNetwork
from kernel_regime.analysis.spectral_bias.study_settings import (
    Architecture,
    ExperimentSettings,
    SpectralBiasStudy,
)
from kernel_regime.core.files import digest
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Identity, Row
from kernel_regime.execution.results import Content

logger = logging.getLogger(__name__)

_FORMAT = 2  # raised when the same run would give other numbers than before


@dataclass(frozen=True)
class Learner:
    """A learner in one run: the infinite kernel, of width 0, or a network of some width.

    Examples
    --------
    >>> Learner(run=2, width=0).columns()
    {'run': 2, 'learner': 'kernel', 'width': 0}
    """

    run: int
    width: int

    def columns(self) -> Row:
        """What tables call it."""
        name = "network" if self.width else "kernel"
        return {"run": self.run, "learner": name, "width": self.width}


class LearnerRuns:
    """All learners of one architecture on one labelling of the samples.

    Parameters
    ----------
    study : SpectralBiasStudy
        Sizes, seed and settings.
    kind : {"fully_connected", "convolutional", "residual"}
        The architecture.
    pool : LabelledSamples
        Reference samples, held-out samples, and those that training samples are drawn from.
    """

    def __init__(self, study: SpectralBiasStudy, kind: Architecture, pool: LabelledSamples) -> None:
        # Of any width: what K^∞ does not depend on.
        self._network = FiniteNetwork(kind, 1, pool.targets.shape[1])
        self._pool = LabelledSamples(self._network.prepare(pool.inputs), pool.targets)
        self._study, self._kind = study, kind

    def content(self, learner: Learner) -> Identity:
        """What the tables of a learner follow from, JSON-able."""
        study = self._study
        return {
            **{"what": "spectral bias", "format": _FORMAT, "architecture": self._kind},
            **learner.columns(),
            **{name: getattr(study, name) for name in ("train", "reference", "held_out", "seed")},
            **{name: getattr(study, name) for name in ExperimentSettings.__dataclass_fields__},
            "samples": self._samples_digest,
        }

    def follow(self, learner: Learner) -> Content:
        """Tables of a learner's run: `RUN_TABLES`, and the distances of a network's kernels."""
        study = self._study
        rng = seeded(study.seed, learner.run)
        rest = np.arange(study.reference + study.held_out, len(self._pool))
        train = self._pool.take(rng.choice(rest, study.train, replace=False))
        if not learner.width:
            return asdict(self._experiment.run_kernel(train))
        tables, distances = self._experiment.with_width(learner.width).run_network(
            train, learner.run
        )
        logger.info(
            "%s, width %d, run %d: K₀ %.3f from the limit, drift %.3f",
            *(self._kind, learner.width, learner.run, *distances.values()),
        )
        return asdict(tables) | {"distances": pd.DataFrame([distances])}

    @cached_property
    def _experiment(self) -> Experiment:
        """The kernel, diagonalised once the first learner is not found."""
        first, last = self._study.reference, self._study.reference + self._study.held_out
        return Experiment.prepare(
            self._network,
            self._pool.take(slice(0, first)),
            self._pool.take(slice(first, last)),
            self._study,
        )

    @cached_property
    def _samples_digest(self) -> list[str]:
        return [digest(self._pool.inputs), digest(self._pool.targets)]
