"""What happens around every run: parameters are checked before it, results are pointed to after."""

import logging
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from omegaconf import OmegaConf

from kernel_regime.parameter_errors import check_parameters

_REPORT = "report"


class CheckParameters:
    """Every wrong parameter is named before the first node runs."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Compare the merged parameters with what `conf/base` and the nodes declare."""
        loader = context.config_loader
        # Only the keys: a second config loader would take over this one's ${globals:…} resolver.
        base = (Path(loader.conf_source) / "base").glob("parameters*.yml")
        known = set().union(*(map(str, OmegaConf.load(file)) for file in base))
        check_parameters(loader["parameters"], known)


class PointToResults:
    """The last line of a run says where to look."""

    @hook_impl
    def after_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Name the report, or else the folders of what the run wrote."""
        log = logging.getLogger(__name__)
        paths = {name: _path(catalog, name) for name in sorted(pipeline.all_outputs())}
        if paths.get(_REPORT):
            log.info("Done. Open %s", paths[_REPORT])
            return
        folders = sorted({path.parent for path in paths.values() if path})
        log.info("Done. Results are in %s", ", ".join(str(folder) for folder in folders))


def _path(catalog: CatalogProtocol, name: str) -> Path | None:
    """Where a dataset lies on disk, relative to the project when inside it."""
    dataset = catalog.get(name)
    location = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    if location is None:
        return None
    path = Path(str(location))
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
