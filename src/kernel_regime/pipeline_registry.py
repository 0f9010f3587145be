"""The pipelines that `kedro run --pipelines` knows, found by folder name."""

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

from kernel_regime.command_line.start_up_lines import silence_tensorflow


def register_pipelines() -> dict[str, Pipeline]:
    """Pipelines by name, and their union as `__default__`."""
    silence_tensorflow()
    pipelines = find_pipelines(raise_errors=True)
    pipelines["__default__"] = sum(pipelines.values(), start=Pipeline([]))
    return pipelines
