"""Kedro settings."""

from typing import Any

from kernel_regime.hooks import CheckParameters, PointToResults

HOOKS = (CheckParameters(), PointToResults())

CONFIG_LOADER_ARGS: dict[str, Any] = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
}
