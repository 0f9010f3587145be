"""Kedro settings."""

from kernel_regime.hooks import CheckParameters, PointToResults

HOOKS = (CheckParameters(), PointToResults())

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
}
