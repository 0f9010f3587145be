"""Kedro settings."""

from kernel_regime.checks.experiment import CheckExperiment
from kernel_regime.configuration.loader import ExperimentConfigLoader
from kernel_regime.core.types import Arguments
from kernel_regime.hooks import (
    CheckParameters,
    LimitMemory,
    NameTheData,
    NameTheNode,
    PointToResults,
)
from kernel_regime.provenance import RecordProvenance

HOOKS = (
    *(CheckParameters(), CheckExperiment(), RecordProvenance(), LimitMemory()),
    *(NameTheData(), NameTheNode(), PointToResults()),
)

CONFIG_LOADER_CLASS = ExperimentConfigLoader
CONFIG_LOADER_ARGS: Arguments = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
}
