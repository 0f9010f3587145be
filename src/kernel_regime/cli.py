"""Commands of the project: `kedro run`, `plan` and `download`, with one-line refusals."""

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, cast

import click
import pandas as pd
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.project import pipelines, settings
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project
from rich.console import Console
from rich.table import Table

from kernel_regime.command_line.error_lines import one_line_errors
from kernel_regime.command_line.run_options import config_option, params_option
from kernel_regime.command_line.runner_option import check_runner
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.types import Arguments, Parameters

_KEDRO_RUN = cast(Callable[..., object], kedro_run.callback)

_traceback_option = click.option(
    "--traceback",
    is_flag=True,
    envvar="KERNEL_REGIME_TRACEBACK",
    help="Show where an error arose, instead of one line. Also: KERNEL_REGIME_TRACEBACK=1",
)


_OURS = {
    "params": params_option(),
    "config": config_option([str(it.name) for it in kedro_run.params if it.name != "config"]),
}
_RUN_OPTIONS = [_OURS.get(str(it.name), it) for it in kedro_run.params]
_PLAN_OPTIONS = [it for it in _RUN_OPTIONS if it.name in ("env", "config", "conf_source", "params")]
_DOWNLOAD_OPTIONS = [it for it in _PLAN_OPTIONS if it.name in ("env", "conf_source")]


@click.group()
def cli() -> None:
    """Commands of kernel-regime; of an installed package, `run` may be left out."""


@cli.command(name="run", params=_RUN_OPTIONS, help=kedro_run.help)
@_traceback_option
@click.pass_context
def run(context: click.Context, /, traceback: bool, **options: Any) -> object:
    """Run pipelines as `kedro run` does; `--pipeline` keeps its older meaning without a warning."""
    if options["pipeline"] and not options["pipelines"]:
        options |= {"pipelines": [options["pipeline"]], "pipeline": None}
    for name in options["pipelines"]:
        _check_pipeline(name)
    with one_line_errors(traceback):
        check_runner(options["runner"], options["runner_params"] or {})
        return context.invoke(_KEDRO_RUN, config=None, **options)


@cli.command(params=_PLAN_OPTIONS)
@_traceback_option
def plan(env: str | None, conf_source: str | None, params: Arguments, traceback: bool) -> None:
    """Forecast hours, gigabytes and memory of an experiment.

    Computes and writes nothing of it: it measures one small tile of each kernel, one epoch and a
    few tangent kernels of each network on this machine. Figures, the report and comparisons with
    exact limits, a matter of minutes, are not forecast. Of a file of --config it takes environment
    and parameters, and forecasts all pipelines.
    """
    from kernel_regime.checks.experiment import check_together
    from kernel_regime.pipelines.kernel_generation.plan import plan_kernels
    from kernel_regime.pipelines.planned_inputs import planned_inputs
    from kernel_regime.pipelines.planning import plan_disk, plan_work

    def session() -> KedroSession:
        return KedroSession.create(env=env, conf_source=conf_source, runtime_params=params)

    with one_line_errors(traceback):
        pipelines.set_requested(["spectral_analysis"])
        context = session().load_context()
        given, catalog = context.params, context.catalog
        check_together(context.config_loader["parameters"], given)
        inputs = planned_inputs(catalog, given)
        kernels = plan_kernels(inputs.beside(catalog), given["kernels"], given["execution"])
        _show("Kernels", kernels)
        work, sweep = plan_work(inputs, given, catalog)
        _show("Everything else", work)
        _show("Disk", plan_disk(inputs, kernels, sweep))
        hours = float(kernels["hours"].iloc[-1] + work["hours"].iloc[-1])
        click.echo(f"In all {hours:.3g} hours, on this machine alone.")


def _show(title: str, forecasts: pd.DataFrame) -> None:
    """Print a table; large numbers whole, small ones to three digits."""
    table = Table(title=title)
    for column in forecasts:
        table.add_column(str(column).replace("_", " "), justify="right")
    for row in forecasts.itertuples(index=False):
        if row[0] == "total":
            table.add_section()
        table.add_row(*map(_cell, row))
    Console(width=max(120, Console().width)).print(table)


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


@cli.command(name="download", params=_DOWNLOAD_OPTIONS)
@_traceback_option
def download_files(env: str | None, conf_source: str | None, traceback: bool) -> None:
    """Fetch the official files of an experiment into data/01_raw, checked and resumable.

    What is there already is kept; a transfer that broke off goes on where it stopped.
    """
    from kernel_regime.datasets.download import SOURCES, download

    with one_line_errors(traceback):
        project = find_kedro_project(Path.cwd()) or Path.cwd()
        source = conf_source or str(project / settings.CONF_SOURCE)
        env = env or os.getenv("KEDRO_ENV")
        loader = settings.CONFIG_LOADER_CLASS(source, env, **settings.CONFIG_LOADER_ARGS)
        name, folder = _wanted_files(loader["globals"], SOURCES)
        for path in download(SOURCES[name], project / folder):
            click.echo(path)


def _wanted_files(experiment: Parameters, sources: Collection[str]) -> tuple[str, str]:
    """Source and folder that an experiment's globals name."""
    name, folder = experiment.get("download"), experiment.get("raw_data")
    if name is None:
        raise InputError(
            f"the data of {experiment['experiment']} need no download; experiments whose "
            f"globals.yml says `download:` do, with one of {', '.join(sorted(sources))}"
        )
    if not isinstance(name, str) or name not in sources:
        remedy = did_you_mean(str(name), sources)
        raise InputError(f"globals.yml: download: {name!r} is no data set to fetch; {remedy}")
    if not isinstance(folder, str):
        raise InputError(
            f"globals.yml: raw_data: {folder!r} is no folder; give the one that the catalog reads, "
            f"such as data/01_raw/{name}"
        )
    return name, folder


def _check_pipeline(name: str) -> None:
    """Refuse a name that no folder of `pipelines/` bears, before any of them is imported."""
    folders = (path.parent.name for path in Path(__file__).parent.glob("pipelines/*/pipeline.py"))
    known = {*folders, "__default__"}
    if name not in known:
        raise click.UsageError(f"no pipeline {name!r}; {did_you_mean(name, known)}")
