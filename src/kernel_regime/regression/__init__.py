"""Kernel ridge regression: a whole path of ridges at once, and how to choose among them."""

from kernel_regime.regression.fit import fit_ridge_path, ridge_path, score_path
from kernel_regime.regression.path import RidgePath
from kernel_regime.regression.scores import correct, normalised_loss, squared_errors
from kernel_regime.regression.targets import count_classes, encode_targets

__all__ = [
    "RidgePath",
    "correct",
    "count_classes",
    "encode_targets",
    "fit_ridge_path",
    "normalised_loss",
    "ridge_path",
    "score_path",
    "squared_errors",
]
