"""Options of a run that name its runner, and what that takes."""

import inspect

import kedro.runner
from kedro.runner import AbstractRunner
from kedro.utils import load_obj

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.types import Parameters

_DEFAULT = "SequentialRunner"
_OF_KEDRO = ("SequentialRunner", "ThreadRunner")


def check_runner(name: str | None, arguments: Parameters) -> None:
    """Refuse a runner that there is not, one that would deadlock, and arguments of no runner.

    Raises
    ------
    InputError
        Naming the option.

    Examples
    --------
    >>> check_runner("ThreadRuner", {})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: --runner: no runner 'ThreadRuner'; did you mean \
'ThreadRunner'?
    """
    runner = _runner(name or _DEFAULT)
    if issubclass(runner, kedro.runner.ParallelRunner):
        raise InputError(
            "--runner ParallelRunner forks, which deadlocks with JAX and TensorFlow; "
            "leave it out and set `execution: {engine: dask}` for parallel kernels and trainings"
        )
    known = set(inspect.signature(runner).parameters)
    for argument in arguments:
        if argument not in known:
            raise InputError(
                f"--runner-params: {runner.__name__} takes no {argument!r}; "
                + did_you_mean(argument, known)
            )
    try:
        runner(**arguments)
    except (TypeError, ValueError) as error:
        told = ", ".join(f"{name}={value}" for name, value in arguments.items())
        raise InputError(
            f"--runner-params: {told} is nothing for {runner.__name__}: {error}"
        ) from error


def _runner(name: str) -> type[AbstractRunner]:
    try:
        found: object = load_obj(name, "kedro.runner")
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"--runner: no runner {name!r}; {did_you_mean(name, _OF_KEDRO)}"
        ) from error
    if not isinstance(found, type) or not issubclass(found, AbstractRunner):
        raise InputError(f"--runner: {name} is no runner; {did_you_mean(name, _OF_KEDRO)}")
    return found
