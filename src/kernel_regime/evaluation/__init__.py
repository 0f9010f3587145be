"""What results are worth: targets, scores, intervals, choices, and where methods cross."""

from kernel_regime.evaluation.bootstrap import percentile_interval, resampled_means
from kernel_regime.evaluation.crossings import crossing, phase_diagram
from kernel_regime.evaluation.gaussian_scores import interval_coverage, negative_log_likelihood
from kernel_regime.evaluation.input_dimension import input_dimensions
from kernel_regime.evaluation.scores import correct, normalised_loss, squared_errors
from kernel_regime.evaluation.selection import CRITERIA, best_row, mark_selected, select_ridges
from kernel_regime.evaluation.targets import class_labels, count_classes, encode_targets

__all__ = [
    "CRITERIA",
    "best_row",
    "class_labels",
    "correct",
    "count_classes",
    "crossing",
    "encode_targets",
    "input_dimensions",
    "interval_coverage",
    "mark_selected",
    "negative_log_likelihood",
    "normalised_loss",
    "percentile_interval",
    "phase_diagram",
    "resampled_means",
    "select_ridges",
    "squared_errors",
]
