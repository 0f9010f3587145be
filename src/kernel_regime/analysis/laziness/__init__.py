"""Laziness as a dial: from feature learning to the kernel regime by the scale of the outputs."""

from kernel_regime.analysis.laziness.laws import (
    gap_slope,
    lost_advantage,
    transition_scales,
    width_exponent,
)
from kernel_regime.analysis.laziness.runs import LazinessStudy, LazyNetwork, measure_laziness
from kernel_regime.analysis.laziness.verdicts import judge_laziness

__all__ = [
    "LazinessStudy",
    "LazyNetwork",
    "gap_slope",
    "judge_laziness",
    "lost_advantage",
    "measure_laziness",
    "transition_scales",
    "width_exponent",
]
