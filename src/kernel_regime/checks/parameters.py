"""Checks of all parameters before a run: every mistake is one line, and none waits for its node."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import TypeGuard, get_args

from kedro.pipeline import Node, Pipeline
from pydantic import BaseModel

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.parameters import mistakes
from kernel_regime.core.types import Parameters

_PARAMETER = "params:"


class ParameterError(InputError):
    """Parameters that cannot be run with; one line per mistake."""


def check_parameters(
    given: Parameters, known: Iterable[str], pipelines: Mapping[str, Pipeline]
) -> None:
    """Refuse unknown top-level keys, and whatever the types of the nodes' inputs refuse.

    Parameters
    ----------
    given : mapping
        Parameters as merged from configuration and command line.
    known : iterable of str
        The top-level keys there are.
    pipelines : mapping of str to Pipeline
        Their nodes say what a parameter must be, by the annotation of a `params:` input: a
        pydantic model or a dataclass. Other annotations are not checked.

    Raises
    ------
    ParameterError
        Naming every wrong key and value.

    Examples
    --------
    >>> check_parameters({"nosie": {"seed": 0}}, {"noise", "kernels"}, {})
    Traceback (most recent call last):
    kernel_regime.checks.parameters.ParameterError: nosie: unknown parameter; did you mean 'noise'?
    """
    names = set(known)
    lines = [
        f"{key}: unknown parameter; {did_you_mean(key, names)}" for key in given if key not in names
    ]
    for key, described in _types(pipelines):
        found, value = _look_up(given, key)
        if found:
            lines += mistakes(described, value, key)
    if lines:
        raise ParameterError("\n".join(lines))


def _types(pipelines: Mapping[str, Pipeline]) -> list[tuple[str, type]]:
    """Names of typed parameters with their types, each pair once."""
    nodes = {node for pipeline in pipelines.values() for node in pipeline.nodes}
    pairs = (pair for node in sorted(nodes) for pair in _typed_inputs(node))
    return list(dict.fromkeys(pairs))


def _typed_inputs(node: Node) -> Iterator[tuple[str, type]]:
    """Parameters among the inputs of a node, with the types that its function declares."""
    arguments = inspect.signature(node.func, eval_str=True).parameters.values()
    # Names and arguments go together by position, as Kedro passes the inputs.
    for name, argument in zip(node.inputs, arguments, strict=False):
        # `Spec | None` allows what Spec does, and null.
        for described in (argument.annotation, *get_args(argument.annotation)):
            if name.startswith(_PARAMETER) and _is_checkable(described):
                yield name.removeprefix(_PARAMETER), described


def _is_checkable(described: object) -> TypeGuard[type]:
    return isinstance(described, type) and (
        issubclass(described, BaseModel) or is_dataclass(described)
    )


def _look_up(given: Parameters, key: str) -> tuple[bool, object]:
    """Whether parameters have a value at a dotted key, null apart, and which."""
    value: object = given
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False, None
        value = value[part]
    return value is not None, value
