"""Hooks of every run: parameters are checked, memory is set, data and errors are named."""

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from kernel_regime.checks.parameters import check_parameters
from kernel_regime.command_line.error_lines import NODE_NOTE
from kernel_regime.configuration.loader import ExperimentConfigLoader
from kernel_regime.core.memory import limited_memory
from kernel_regime.core.types import Arguments
from kernel_regime.execution.settings import Execution

logger = logging.getLogger(__name__)

_REPORT = "report"
_DATA_SOURCE = "data_source"


class CheckParameters:
    """Every wrong parameter is named before the first node runs."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Compare the merged parameters with what `conf/base` and the nodes declare."""
        loader = cast(ExperimentConfigLoader, context.config_loader)
        check_parameters(loader["parameters"], loader.declared, pipelines)

    @hook_impl
    def before_pipeline_run(
        self, run_params: Arguments, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Check what takes long to import, such as the classes of networks, where it is used."""
        for name in sorted(pipeline.inputs()):
            if name.startswith("params:"):
                getattr(catalog.load(name), "check_before_run", lambda: None)()


class LimitMemory:
    """`execution.memory` is the working memory of every node, and of what is computed on saving."""

    def __init__(self) -> None:
        self._limit = ExitStack()

    @hook_impl
    def before_pipeline_run(
        self, run_params: Arguments, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Take the setting of this run; one that was interrupted may have left its own."""
        self._limit.close()
        execution = Execution.model_validate(catalog.load("params:execution"))
        self._limit.enter_context(limited_memory(execution.memory))

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Give the default back to whoever goes on in this process."""
        self._limit.close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """As after a run that ends well."""
        self._limit.close()


class NameTheData:
    """The report says which data set it is about: what `raw_train` is called in the catalog."""

    @hook_impl
    def before_pipeline_run(
        self, run_params: Arguments, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Put the name into the catalog, for the node that writes the report."""
        if _DATA_SOURCE in pipeline.inputs():
            raw = catalog.get("raw_train")
            catalog[_DATA_SOURCE].save(getattr(raw, "name", type(raw).__name__))


class NameTheNode:
    """An error says in which node it arose."""

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Add the node's name to the error, where tracebacks and one-line messages show it."""
        error.add_note(f"{NODE_NOTE}{node.name}")


class PointToResults:
    """The last line of a run says where to look."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: Arguments, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Name the report, or else the folders of what the run wrote."""
        paths = {name: _path(catalog, name) for name in sorted(pipeline.all_outputs())}
        if paths.get(_REPORT):
            logger.info("Done. Open %s", paths[_REPORT])
            return
        folders = sorted({path.parent for path in paths.values() if path})
        logger.info("Done. Results are in %s", ", ".join(str(folder) for folder in folders))


def _path(catalog: DataCatalog, name: str) -> Path | None:
    """Where a catalog entry lies on disk, relative to the working folder when inside it."""
    entry = catalog.config_resolver.resolve_pattern(name)
    location = entry.get("filepath") or entry.get("path")
    if location is None:
        return None
    path = Path(location)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
