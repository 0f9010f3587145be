"""Study of spectral bias: architectures, widths, runs, and true against permuted labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectral_bias.experiment import RUN_TABLES, LabelledSamples
from kernel_regime.analysis.spectral_bias.learner_runs import Learner, LearnerRuns
from kernel_regime.analysis.spectral_bias.mode_rates import pool_runs
from kernel_regime.analysis.spectral_bias.study_settings import SpectralBiasStudy
from kernel_regime.core.arrays import Array, ArrayLike, as_array
from kernel_regime.core.errors import InputError
from kernel_regime.core.images import grey, resize
from kernel_regime.core.samples import checked_targets
from kernel_regime.core.seeds import seeded
from kernel_regime.execution.results import Keep, compute_anew
from kernel_regime.noise.transforms import centre_and_scale

WHAT = ["architecture", "learner", "width", "labels"]
"""Columns that tell learners apart; the kernel itself has width 0."""


@dataclass(frozen=True)
class StudyTables:
    """What a study found, as tidy tables."""

    modes: pd.DataFrame
    curves: pd.DataFrame
    bounds: pd.DataFrame
    widths: pd.DataFrame


def run_study(
    study: SpectralBiasStudy, inputs: Array, targets: ArrayLike, keep: Keep = compute_anew
) -> StudyTables:
    """Run every architecture on one pool of samples.

    Parameters
    ----------
    study : SpectralBiasStudy
        What to do.
    inputs : array (n, s, s[, c]) or (n, d)
        All samples there are; vectors only for fully connected networks.
    targets : array-like (n,) or (n, outputs)
        Targets f*.
    keep : callable
        What finds or keeps every run of a learner: `Results.get`.

    Raises
    ------
    InputError
        If the samples do not suffice, or the targets do not fit them.

    Examples
    --------
    >>> from kernel_regime.analysis.spectral_bias import Widths
    >>> widths = {"fully_connected": Widths([32])}
    >>> sizes = {"train": 16, "reference": 16, "held_out": 16}
    >>> study = SpectralBiasStudy(architectures=widths, runs=1, modes=2, **sizes)
    >>> x = np.random.default_rng(0).standard_normal((40, 3))
    >>> run_study(study, inputs=x, targets=x[:, :1])
    Traceback (most recent call last):
    ...
    kernel_regime.core.errors.InputError: spectral_bias: 48 samples are asked for, there are 40...
    """
    needed = study.train + study.reference + study.held_out
    if needed > len(inputs):
        raise InputError(
            f"spectral_bias: {needed:,} samples are asked for, there are {len(inputs):,}; "
            "lower train, reference or held_out"
        )
    # In their own dtype: their digest is part of what stored results are found by.
    columns = checked_targets(targets, "targets", len(inputs)).shape
    targets = as_array(targets, "targets").reshape(columns)
    rng = seeded(study.seed)
    order, shuffled = rng.permutation(len(inputs)), rng.permutation(len(inputs))
    pool = LabelledSamples(prepared_inputs(inputs, study.side)[order], targets[order])
    permuted = LabelledSamples(pool.inputs, targets[shuffled])
    found: dict[str, list[pd.DataFrame]] = {name: [] for name in (*RUN_TABLES, "distances")}
    for kind, widths in study.widths().items():
        for labels, samples in (("true", pool), ("permuted", permuted)):
            runs = LearnerRuns(study, kind, samples)
            for learner in _learners(study, widths if labels == "true" else widths[-1:]):
                what = {"architecture": kind, "labels": labels, **learner.columns()}
                tables = keep(runs.content(learner), partial(runs.follow, learner))
                for name, table in tables.items():
                    found[name].append(pd.DataFrame(table).assign(**what))
    whole = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
    modes = pool_runs(whole["rates"], [*WHAT, "measure"])
    curves = whole["curves"].groupby([*WHAT, "measure", "mode", "time"], sort=False)["share"]
    return StudyTables(modes, curves.mean().reset_index(), whole["bounds"], whole["distances"])


def _learners(study: SpectralBiasStudy, widths: Sequence[int]) -> Iterator[Learner]:
    """In every run the kernel itself, and a network of each width."""
    for run in range(study.runs):
        for width in (0, *widths):
            yield Learner(run, width)


def prepared_inputs(inputs: Array, side: int | None) -> Array:
    """Centred and scaled inputs of a study, images grey and of the wanted size.

    Examples
    --------
    >>> prepared_inputs(np.eye(64).reshape(4, 16, 8, 8)[:, 0], side=4).shape
    (4, 4, 4)
    """
    inputs = np.asarray(inputs, np.float32)
    if inputs.ndim > 2:
        inputs = grey(inputs)
        inputs = inputs if side is None else resize(inputs, side)
    return centre_and_scale(inputs)
