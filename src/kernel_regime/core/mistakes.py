"""Mistakes in parameters as lines that a user can act on, from what pydantic refuses."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import get_args, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kernel_regime.core.errors import did_you_mean

Place = tuple[int | str, ...]

_SHOULD = "Input should be "
_TYPES = {"an instance of Sequence": "a list"}
"""Types in a user's words."""

_WRONG_TYPE = ("_type", "_parsing", "literal_error")
"""How kinds of errors end that say: another type of value was expected."""


def mistake_lines(error: ValidationError, described: type, given: object, name: str) -> list[str]:
    """One line a mistake: its exact place, the value, and what would do.

    Where one of several types would do, the line is about the one that was probably meant, and
    names all only if none of them was.

    Parameters
    ----------
    error : ValidationError
        What pydantic refuses.
    described : type
        The pydantic model or dataclass that it validated.
    given : object
        What was validated.
    name : str
        Where it comes from; every line begins with it.

    Examples
    --------
    >>> class Sizes(BaseModel):
    ...     samples: int | list[int]
    >>> given = {"samples": [3, "many"]}
    >>> try:
    ...     Sizes.model_validate(given)
    ... except ValidationError as error:
    ...     print(*mistake_lines(error, Sizes, given, "study"))
    study.samples[1]: 'many' should be a valid integer, unable to parse string as an integer
    """
    found = _meant([_Mistake.found(detail, given) for detail in error.errors()])
    lines = []
    for place, together in groupby(found, lambda mistake: mistake.place):
        start = name + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place)
        lines += [f"{start}: {text}" for text in _texts(described, [m.detail for m in together])]
    return lines


@dataclass(frozen=True)
class _Mistake:
    """What is wrong at a place of the given parameters.

    pydantic's own place also names, in between, which of several types it tried: `alternative`
    is its place up to there, `parting` the place where these types part.
    """

    detail: ErrorDetails
    place: Place
    parting: Place | None = None
    alternative: Place = ()

    @classmethod
    def found(cls, detail: ErrorDetails, given: object) -> "_Mistake":
        """Follow pydantic's place through what was given."""
        value, location = given, detail["loc"]
        place: Place = ()
        parting, alternative = None, place
        for depth, part in enumerate(location, start=1):
            missing = detail["type"] == "missing" and depth == len(location)
            given_there, inner = _look_into(value, part)
            if given_there:
                value = inner
            elif isinstance(part, str) and not missing:
                if parting is None:
                    parting, alternative = place, location[:depth]
                continue
            place = (*place, part)
        return cls(detail, place, parting, alternative)

    @property
    def is_of_type(self) -> bool:
        """Whether one of several types is refused altogether."""
        return self.place == self.parting and self.detail["type"].endswith(_WRONG_TYPE)


def _look_into(value: object, part: int | str) -> tuple[bool, object]:
    """Whether a value holds something at this key or index, and what."""
    if isinstance(value, Mapping):
        return part in value, value.get(part)
    if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
        return True, value[part]
    return False, None


def _meant(mistakes: list[_Mistake]) -> Iterator[_Mistake]:
    """Without the types that were not meant where another may have been, and without lengths
    that only fall short because what was given did not count."""
    refused = {m.alternative for m in mistakes if m.is_of_type}
    possible = {
        m.parting for m in mistakes if m.parting is not None and m.alternative not in refused
    }
    for mistake in mistakes:
        elsewhere = mistake.parting in possible and mistake.alternative in refused
        inside = any(_is_inside(other.place, mistake.place) for other in mistakes)
        if not elsewhere and not (mistake.detail["type"] == "too_short" and inside):
            yield mistake


def _is_inside(place: Place, other: Place) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _texts(described: type, details: list[ErrorDetails]) -> Iterable[str]:
    """What is wrong at one place: all types that would do in one text."""
    if all(detail["msg"].startswith(_SHOULD) for detail in details):
        types = [detail["msg"].removeprefix(_SHOULD) for detail in details]
        types = [_TYPES.get(told, told) for told in types]
        told = re.sub(r" or instance of \w+", "", ", or ".join(types))
        return [f"{details[0]['input']!r} should be {told}"]
    return [_text(described, detail) for detail in details]


def _text(described: type, detail: ErrorDetails) -> str:
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _names_beside(described, detail["loc"])
        remedy = did_you_mean(str(detail["loc"][-1]), known) if known else "remove it"
        return f"unknown parameter; {remedy}"
    if detail["type"].startswith("byte_size"):
        return f"{detail['input']!r} is no size; write bytes, or 500MB or 2GiB"
    if detail["type"] in ("too_short", "too_long"):
        return _wrong_length(detail)
    message = detail["msg"].removeprefix("Value error, ")
    if message.startswith("Input "):
        return f"{detail['input']!r} {message.removeprefix('Input ')}"
    message = message[0].lower() + message[1:]
    if detail["type"] in ("missing", "value_error"):
        return message
    return f"{message}, got {detail['input']!r}"


def _wrong_length(detail: ErrorDetails) -> str:
    """How many entries a list must have, and has."""
    bounds, given = detail["ctx"], detail["input"]
    if "max_length" in bounds:
        return f"{given!r} is too long; give at most {_items(bounds['max_length'])}"
    what = "is too short" if bounds["actual_length"] else "must not be empty"
    return f"{given!r} {what}; give at least {_items(bounds['min_length'])}"


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"


def _names_beside(annotation: object, place: Place) -> set[str]:
    """Names of the fields among which the last part of a place was looked for.

    A place goes through fields, and through keys, indices and types of whatever holds them.
    """
    named = _fields(annotation)
    if named:
        if len(place) == 1:
            return set(named)
        return _names_beside(named.get(str(place[0])), place[1:])
    beside = [place, place[1:]] if len(place) > 1 else [place]
    return {
        name
        for part in get_args(annotation)
        for rest in beside
        for name in _names_beside(part, rest)
    }


def _fields(annotation: object) -> dict[str, object]:
    """Annotations of the fields of a parameter type, by the names that configuration gives."""
    if not isinstance(annotation, type):  # bounds, such as `Ge(0)`, are dataclass instances
        return {}
    if is_dataclass(annotation):
        hints = get_type_hints(annotation, include_extras=True)
        return {field.name: hints[field.name] for field in fields(annotation) if field.init}
    if not issubclass(annotation, BaseModel):
        return {}
    return {
        field.alias or name: field.annotation for name, field in annotation.model_fields.items()
    }
