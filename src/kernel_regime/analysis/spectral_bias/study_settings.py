"""What a study of spectral bias is to do, said without loading JAX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ExperimentSettings:
    """Sizes of the experiment.

    Parameters
    ----------
    modes : int
        Eigenfunctions followed.
    horizon : float
        Last time, in units of 1/σ_modes.
    step : float
        Step of the networks, in units of 1/σ_1.
    records : int
        Times recorded, evenly spaced in logarithm.
    """

    modes: int
    horizon: float = 2.0
    step: float = 0.1
    records: int = 30


@dataclass(frozen=True)
class SpectralBiasStudy:
    """Sizes and architectures of a study.

    Parameters
    ----------
    widths : mapping of str to sequence of int
        Widths of every kind of architecture, smallest first. Networks of the largest are
        compared with the kernel in full; the others only show how kernels approach the limit.
    train, reference, held_out : int
        Samples of each role. Training samples are drawn anew in every run.
    runs : int
        Independent repetitions: training sample and initial weights.
    seed : int
        Of everything random.
    settings : ExperimentSettings
        Modes, horizon and step.
    side : int, optional
        Images are resized to this side first.
    """

    widths: Mapping[str, Sequence[int]]
    train: int
    reference: int
    held_out: int
    runs: int
    seed: int
    settings: ExperimentSettings
    side: int | None = None
