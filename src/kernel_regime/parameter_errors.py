"""Parameter errors as one line each: where, what, and what to do."""

from difflib import get_close_matches
from typing import Any

from kedro.framework.project import pipelines
from kedro.validation.type_extractor import TypeExtractor
from pydantic import BaseModel, ValidationError

from kernel_regime.core.errors import InputError


class ParameterError(InputError):
    """Parameters that cannot be run with; one line per mistake."""


def check_parameters(given: dict[str, Any], known: set[str]) -> None:
    """Refuse unknown top-level keys and whatever the pipelines' parameter models refuse.

    Parameters
    ----------
    given : dict
        Parameters as merged from configuration and command line.
    known : set of str
        The top-level keys that `conf/base` declares.

    Raises
    ------
    ParameterError
        Naming every wrong key and value.
    """
    lines = [_unknown(key, known) for key in given if key not in known]
    for key, model in TypeExtractor(dict(pipelines)).extract_types_from_pipelines().items():
        if key in given and issubclass(model, BaseModel):
            lines += _mistakes(key, model, given[key])
    if lines:
        raise ParameterError("\n".join(lines))


def _mistakes(key: str, model: type[BaseModel], value: Any) -> list[str]:
    try:
        model.model_validate(value)
    except ValidationError as error:
        return [_line(key, model, detail) for detail in error.errors()]
    return []


def _line(key: str, model: type[BaseModel], detail: Any) -> str:
    place = key + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return _unknown(place, _siblings(model, detail["loc"]))
    message = detail["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if detail["type"] in ("value_error", "missing"):
        return f"{place}: {message}"
    return f"{place}: {message}, got {detail['input']!r}"


def _siblings(model: type[BaseModel], place: tuple[Any, ...]) -> set[str]:
    """The keys that could have been meant at the first level of a model."""
    return set(model.model_fields) if len(place) == 1 else set()


def _unknown(place: str, known: set[str]) -> str:
    last = place.rpartition(".")[2]
    guess = get_close_matches(last, known, n=1)
    hint = f"did you mean {guess[0]!r}?" if guess else "remove it"
    if not guess and known:
        hint += f"; known keys: {', '.join(sorted(known))}"
    return f"{place}: unknown parameter; {hint}"
