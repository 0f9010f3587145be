"""Study of spectral bias: architectures, widths, runs, and true against permuted labels."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectral_bias.experiment import Experiment, LabelledSamples, RunTables
from kernel_regime.analysis.spectral_bias.finite_networks import FiniteNetwork
from kernel_regime.analysis.spectral_bias.mode_rates import pool_runs
from kernel_regime.analysis.spectral_bias.study_settings import Architecture, SpectralBiasStudy
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.images import grey, resize
from kernel_regime.noise.transforms import centre_and_scale

logger = logging.getLogger(__name__)

WHAT = ["architecture", "learner", "width", "labels"]
"""Columns that tell learners apart; the kernel itself has width 0."""


@dataclass(frozen=True)
class StudyTables:
    """What a study found, as tidy tables."""

    modes: pd.DataFrame
    curves: pd.DataFrame
    bounds: pd.DataFrame
    widths: pd.DataFrame


def run_study(study: SpectralBiasStudy, inputs: Array, targets: Array) -> StudyTables:
    """Run every architecture on one pool of samples.

    Parameters
    ----------
    study : SpectralBiasStudy
        What to do.
    inputs : array (n, s, s[, c]) or (n, d)
        All samples there are; vectors only for fully connected networks.
    targets : array of shape (n, outputs)
        Targets f*.

    Raises
    ------
    ValueError
        If the samples do not suffice.
    """
    needed = study.train + study.reference + study.held_out
    if needed > len(inputs):
        raise InputError(
            f"spectral_bias: {needed:,} samples are asked for, there are {len(inputs):,}; "
            "lower train, reference or held_out"
        )
    rng = np.random.default_rng(study.seed)
    order, shuffled = rng.permutation(len(inputs)), rng.permutation(len(inputs))
    pool = LabelledSamples(_prepare(inputs, study.side)[order], targets[order])
    permuted = LabelledSamples(pool.inputs, targets[shuffled])
    found: dict[str, list[pd.DataFrame]] = {"rates": [], "curves": [], "bounds": [], "widths": []}
    for kind, widths in study.widths().items():
        for labels, samples in (("true", pool), ("permuted", permuted)):
            for what, result, distances in _run_architecture(study, kind, widths, samples, labels):
                if result is not None:
                    for name in ("rates", "curves", "bounds"):
                        found[name].append(getattr(result, name).assign(**what))
                if distances is not None:
                    found["widths"].append(pd.DataFrame([what | distances]))
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
    modes = pool_runs(tables["rates"], [*WHAT, "measure"])
    curves = tables["curves"].groupby([*WHAT, "measure", "mode", "time"], sort=False)["share"]
    return StudyTables(modes, curves.mean().reset_index(), tables["bounds"], tables["widths"])


def _run_architecture(
    study: SpectralBiasStudy,
    kind: Architecture,
    widths: Sequence[int],
    pool: LabelledSamples,
    labels: str,
) -> Iterator[tuple[dict[str, Any], RunTables | None, dict[str, float] | None]]:
    """Kernel and networks of one architecture: who and which run, what was found."""
    widest = FiniteNetwork(kind, max(widths), pool.targets.shape[1])
    pool = LabelledSamples(widest.prepare(pool.inputs), pool.targets)
    reference = pool.take(slice(0, study.reference))
    held_out = pool.take(slice(study.reference, study.reference + study.held_out))
    rest = np.arange(study.reference + study.held_out, len(pool))
    experiment = Experiment.prepare(widest, reference, held_out, study)
    for run in range(study.runs):
        rng = np.random.default_rng((study.seed, run))
        train = pool.take(rng.choice(rest, study.train, replace=False))
        what = {"architecture": kind, "labels": labels, "run": run}
        yield what | {"learner": "kernel", "width": 0}, experiment.run_kernel(train), None
        for width in widths if labels == "true" else [max(widths)]:
            result, distances = experiment.with_width(width).run_network(train, seed=run)
            who = what | {"learner": "network", "width": width}
            logger.info("%s: K₀ %.3f from the limit, drift %.3f", who, *distances.values())
            yield who, result if width == max(widths) else None, distances


def _prepare(inputs: Array, side: int | None) -> Array:
    """Centred and scaled inputs, images grey and of the wanted size."""
    inputs = np.asarray(inputs, np.float32)
    if inputs.ndim > 2:
        inputs = grey(inputs)
        inputs = inputs if side is None else resize(inputs, side)
    return centre_and_scale(inputs)
