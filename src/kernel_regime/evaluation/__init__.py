"""What results are worth: targets, scores, intervals, choices, and where methods cross."""

from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means
from kernel_regime.evaluation.crossings import crossing, phase_diagram
from kernel_regime.evaluation.input_dimension import input_dimensions
from kernel_regime.evaluation.scores import correct, normalised_loss, squared_errors
from kernel_regime.evaluation.selection import CRITERIA, select_ridges, selected_row
from kernel_regime.evaluation.targets import count_classes, encode_targets

__all__ = [
    "CRITERIA",
    "correct",
    "count_classes",
    "crossing",
    "encode_targets",
    "input_dimensions",
    "normalised_loss",
    "percentile_interval",
    "phase_diagram",
    "resampled_means",
    "select_ridges",
    "selected_row",
    "squared_errors",
]
