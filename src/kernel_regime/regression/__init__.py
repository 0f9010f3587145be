"""Kernel regression: whole ridge paths, Gaussian processes, and metrics learned from gradients."""

from kernel_regime.regression.feature_machines import (
    FeatureMachine,
    FeatureMachineStep,
    run_feature_machine,
)
from kernel_regime.regression.fit import fit_ridge_path, ridge_path, score_path
from kernel_regime.regression.gaussian_process import GaussianProcess
from kernel_regime.regression.gradient_flow_ensemble import GradientFlowEnsemble
from kernel_regime.regression.metrics import (
    average_gradient_outer_product,
    subspace_overlap,
    top_directions,
)
from kernel_regime.regression.ridge_path import RidgePath
from kernel_regime.regression.solvers.choice import Plan, choose_solver

__all__ = [
    "FeatureMachine",
    "FeatureMachineStep",
    "GaussianProcess",
    "GradientFlowEnsemble",
    "Plan",
    "RidgePath",
    "average_gradient_outer_product",
    "choose_solver",
    "fit_ridge_path",
    "ridge_path",
    "run_feature_machine",
    "score_path",
    "subspace_overlap",
    "top_directions",
]
