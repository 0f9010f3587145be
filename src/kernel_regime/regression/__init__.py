"""Kernel ridge regression: a whole path of ridges at once."""

from kernel_regime.regression.fit import fit_ridge_path, ridge_path, score_path
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.solvers.choice import Plan, choose_solver

__all__ = [
    "Plan",
    "RidgePath",
    "choose_solver",
    "fit_ridge_path",
    "ridge_path",
    "score_path",
]
