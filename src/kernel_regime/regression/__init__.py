"""Kernel ridge regression: a whole path of ridges at once, and how to choose among them."""

from kernel_regime.regression.bootstrap import percentile_interval, resampled_means
from kernel_regime.regression.choice import Plan, choose_solver
from kernel_regime.regression.effective_dimension import effective_dimension
from kernel_regime.regression.fit import fit_ridge_path, ridge_path, score_path
from kernel_regime.regression.path import RidgePath
from kernel_regime.regression.phase import crossing, phase_diagram
from kernel_regime.regression.scores import correct, normalised_loss, squared_errors
from kernel_regime.regression.selection import CRITERIA, select_ridges, selected_row
from kernel_regime.regression.targets import count_classes, encode_targets

__all__ = [
    "CRITERIA",
    "Plan",
    "RidgePath",
    "choose_solver",
    "correct",
    "count_classes",
    "crossing",
    "effective_dimension",
    "encode_targets",
    "fit_ridge_path",
    "normalised_loss",
    "percentile_interval",
    "phase_diagram",
    "resampled_means",
    "ridge_path",
    "score_path",
    "select_ridges",
    "selected_row",
    "squared_errors",
]
