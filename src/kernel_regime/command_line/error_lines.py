"""Errors of a command as one line each: those a user can mend; the others keep their traceback."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import click
from kedro.config import MissingConfigException
from kedro.io import DatasetError
from kedro.validation.exceptions import ParameterValidationError
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from kernel_regime.core.errors import UserError

NODE_NOTE = "in node "
"""How the note of an error begins that names its node."""

_CONFIGURATION = (
    MissingConfigException,
    ParameterValidationError,
    OmegaConfBaseException,
    YAMLError,
)


class RefusalError(click.ClickException):
    """A one-line error on standard error, exit status 1."""

    def show(self, file: IO[str] | None = None) -> None:
        """Write the line, in red where standard error is a terminal."""
        click.secho(f"Error: {self.message}", fg="red", err=True)


@contextmanager
def one_line_errors(show_traceback: bool) -> Iterator[None]:
    """Turn what the user can mend into one line, unless all is to be shown.

    Examples
    --------
    >>> from kernel_regime.core.errors import InputError
    >>> with one_line_errors(show_traceback=False):
    ...     raise InputError("data.n_train: 0 should be greater than 0")
    Traceback (most recent call last):
    kernel_regime.command_line.error_lines.RefusalError: data.n_train: 0 should be greater than 0
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise SystemExit(
            "Stopped. What was finished is kept; the same command goes on from there."
        ) from interrupt
    except Exception as error:
        line = error_line(error)
        if show_traceback or line is None:
            raise
        raise RefusalError(line) from error


def error_line(error: Exception) -> str | None:
    """One line about an error that a user can mend; None about one of the program itself.

    Users can mend what derives from `UserError`, files that are missing or broken, and what Kedro
    refuses: configuration, catalog entries, names on the command line.

    Examples
    --------
    >>> error_line(DatasetError("Class 'NpyDatset' not found\\nHint: check your spelling"))
    "Class 'NpyDatset' not found"
    >>> error_line(ValueError("operands could not be broadcast together"))
    """
    if isinstance(error, DatasetError):
        line = _dataset_line(error)
    elif isinstance(error, UserError):
        line = str(error)
    elif isinstance(error, OSError) and error.filename:
        line = _file_line(error)
    elif isinstance(error, _CONFIGURATION) or _is_raised_by_kedro(error):
        line = _flat(error)
    else:
        line = None
    return line and line + _node_of(error)


def _dataset_line(error: DatasetError) -> str | None:
    """What lies behind an error of the catalog, which wraps every error in its own."""
    name, cause = "", error.__cause__
    if isinstance(cause, DatasetError):
        name = str(error).removesuffix(str(cause))  # "raw_train: "
    while isinstance(cause, DatasetError):
        cause = cause.__cause__
    _, function = _origin(error)
    if cause is None or function == "from_config":
        return _flat(error)
    if isinstance(cause, UserError):
        return f"{name}{cause}"
    if isinstance(cause, OSError):
        return f"{name}{_file_line(cause)}"
    if function == "load":  # a strange error while saving is one of the program
        return f"{name}cannot be read ({type(cause).__name__}: {_flat(cause)})"
    return None


def _file_line(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.filename else str(error)


def _is_raised_by_kedro(error: Exception) -> bool:
    """Whether Kedro itself refuses: an unknown node, credentials or inputs that are missing."""
    module, _ = _origin(error)
    return isinstance(error, ValueError | KeyError) and module.split(".")[0] == "kedro"


def _origin(error: BaseException) -> tuple[str, str]:
    """Module and function that raised an error; empty for one that was never raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not frames:
        return "", ""
    return frames[-1].f_globals.get("__name__", ""), frames[-1].f_code.co_name


def _flat(error: BaseException) -> str:
    """A message of several paragraphs as one line, without the hints that repeat it."""
    message = str(error.args[0]) if isinstance(error, KeyError) else str(error)
    return " ".join(message.partition("\nHint:")[0].split())


def _node_of(error: BaseException) -> str:
    notes = getattr(error, "__notes__", [])
    return next((f" ({note})" for note in notes if note.startswith(NODE_NOTE)), "")
