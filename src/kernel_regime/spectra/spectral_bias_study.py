"""The test of spectral bias over architectures, widths, runs, and true against permuted labels."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernel_regime.spectra.architectures import Architecture
from kernel_regime.spectra.images import centre_and_scale, grey, resize
from kernel_regime.spectra.mode_rates import pool_runs
from kernel_regime.spectra.spectral_bias import Experiment, Result, Samples
from kernel_regime.spectra.study import Study

Array = NDArray[Any]

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


def run_study(study: Study, inputs: Array, targets: Array) -> StudyTables:
    """Run every architecture on one pool of samples.

    Parameters
    ----------
    study : Study
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
        raise ValueError(
            f"spectral_bias: {needed:,} samples are asked for, there are {len(inputs):,}; "
            "lower train, reference or held_out"
        )
    rng = np.random.default_rng(study.seed)
    order, shuffled = rng.permutation(len(inputs)), rng.permutation(len(inputs))
    pool = Samples(_prepare(inputs, study.side)[order], targets[order])
    permuted = Samples(pool.inputs, targets[shuffled])
    found: dict[str, list[pd.DataFrame]] = {"rates": [], "curves": [], "bounds": [], "widths": []}
    for kind, widths in study.widths.items():
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
    study: Study, kind: str, widths: Sequence[int], pool: Samples, labels: str
) -> Iterator[tuple[dict[str, Any], Result | None, dict[str, float] | None]]:
    """Kernel and networks of one architecture: who and which run, what was found."""
    widest = Architecture(kind, max(widths), pool.targets.shape[1])
    pool = Samples(widest.prepare(pool.inputs), pool.targets)
    reference = pool.take(slice(0, study.reference))
    held_out = pool.take(slice(study.reference, study.reference + study.held_out))
    rest = np.arange(study.reference + study.held_out, len(pool))
    experiment = Experiment.prepare(widest, reference, held_out, study.settings)
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
