"""The project's own commands: `kedro run` with one-line refusals."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import click
import pandas as pd
from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import KedroCliError, env_option
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.io import DatasetError
from kedro.runner import SequentialRunner
from kedro.validation.exceptions import ParameterValidationError
from omegaconf import OmegaConf
from rich.console import Console
from rich.table import Table

from kernel_regime.core.errors import InputError
from kernel_regime.settings import CONFIG_LOADER_ARGS

# What users can mend themselves: bad values, missing or broken files, too little disk or memory.
_REFUSALS = (
    ValueError,
    DatasetError,
    MissingConfigException,
    ParameterValidationError,
    OSError,
    MemoryError,
)


_KEDRO_RUN = cast(Callable[..., Any], kedro_run.callback)


@click.group()
def cli() -> None:
    """Commands of kernel-regime."""


@cli.command(name="run", params=kedro_run.params, help=kedro_run.help)
@click.pass_context
def run(context: click.Context, **options: Any) -> None:
    """Run pipelines as `kedro run` does; `--pipeline` keeps its older meaning without a warning."""
    if options["pipeline"] and not options["pipelines"]:
        options |= {"pipelines": [options["pipeline"]], "pipeline": None}
    for name in options["pipelines"]:
        _check_pipeline(name)
    if options["runner"] and options["runner"].endswith("ParallelRunner"):
        raise click.UsageError(
            "--runner ParallelRunner forks, which deadlocks with JAX and TensorFlow; "
            "leave it out and set `execution: {engine: dask}` for parallel kernels and trainings"
        )
    with one_line_errors():
        context.invoke(_KEDRO_RUN, **options)


@cli.command(params=[option for option in kedro_run.params if option.name in ("env", "params")])
def plan(env: str | None, params: dict[str, Any]) -> None:
    """Forecast hours, gigabytes and memory of every kernel, before any is computed.

    Runs data_processing, since a forecast needs the inputs, and measures one small tile of each
    kernel on this machine.
    """
    from kernel_regime.pipelines.kernel_generation.plan import plan_kernels

    with one_line_errors():
        _session(env, params).run(pipeline_names=["data_processing"], runner=SequentialRunner())
        pipelines.set_requested(["kernel_generation"])
        context = _session(env, params).load_context()
        given = context.params
        _show(plan_kernels(context.catalog, given["kernels"], given["execution"]))


def _session(env: str | None, params: dict[str, Any]) -> KedroSession:
    return cast(KedroSession, KedroSession.create(env=env, runtime_params=params))


def _show(forecasts: pd.DataFrame) -> None:
    """Print a table; large numbers whole, small ones to three digits."""
    table = Table(title="What kernel_generation will cost")
    for column in forecasts:
        table.add_column(str(column).replace("_", " "), justify="right")
    for row in forecasts.itertuples(index=False):
        numbers = (f"{cell:,.0f}" if cell >= 1000 else f"{cell:.3g}" for cell in row[1:])
        table.add_row(row[0], *numbers)
    Console(width=max(120, Console().width)).print(table)


@cli.command()
@env_option
def download(env: str | None) -> None:
    """Fetch the official files of an experiment into data/01_raw, checked and resumable.

    What is there already is kept; a transfer that broke off goes on where it stopped.
    """
    from kernel_regime.datasets.download import SOURCES
    from kernel_regime.datasets.download import download as fetch

    with one_line_errors():
        settings = OmegaConfigLoader("conf", env, **CONFIG_LOADER_ARGS)["globals"]
        if "download" not in settings:
            raise InputError(
                f"the data of {settings['experiment']} need no download; experiments that do: "
                f"{', '.join(_downloadable())}"
            )
        for path in fetch(SOURCES[settings["download"]], Path(settings["raw_data"])):
            click.echo(path)


def _downloadable() -> list[str]:
    files = sorted(Path("conf").glob("*/globals.yml"))
    return [file.parent.name for file in files if "download" in OmegaConf.load(file)]


def _check_pipeline(name: str) -> None:
    """Refuse a name that no folder of `pipelines/` bears, before any of them is imported."""
    folders = (path.parent.name for path in Path(__file__).parent.glob("pipelines/*/pipeline.py"))
    known = sorted((*folders, "__default__"))
    if name not in known:
        guess = get_close_matches(name, known, n=1)
        meant = f"did you mean {guess[0]!r}? " if guess else ""
        raise click.UsageError(f"no pipeline {name!r}; {meant}known: {', '.join(known)}")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what the user can mend into one line; `kedro --verbose` still shows where it arose."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise SystemExit(
            "Stopped. What was finished is kept; the same command goes on from there."
        ) from interrupt
    except _REFUSALS as error:
        logging.getLogger(__name__).debug("refused", exc_info=True)
        raise RefusalError(_essence(error)) from error


class RefusalError(KedroCliError):
    """A one-line error on standard error, exit status 1."""

    def show(self, file: Any = None) -> None:
        if self.VERBOSE_ERROR:
            super().show(file)
        else:
            click.secho(f"Error: {self.message}", fg="red", err=True)


def _essence(error: BaseException) -> str:
    """The message of the first cause: Kedro wraps errors in paragraphs of its own."""
    while isinstance(error, DatasetError) and error.__cause__ is not None:
        error = error.__cause__
    return str(error)
