"""Mistakes in files of configuration that Kedro and OmegaConf do not tell by their place."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Parameters

# How names of files that are read begin; those of plugins have others.
_KINDS = ("catalog", "credentials", "globals", "logging", "parameters")
_REMEDY = "give keys and values, `name: value`"


def refuse_misnamed(folder: Path) -> None:
    """Refuse files that were meant to be read, and whose names nobody asks for.

    Raises
    ------
    InputError
        Naming the file, and how it was probably meant.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "paramters.yml").touch()
    >>> refuse_misnamed(folder)
    Traceback (most recent call last):
    ...
    kernel_regime.core.errors.InputError: ...: files of this name are not read; did you mean \
parameters.yml?
    """
    for path in sorted(folder.glob("*.y*ml")):
        kind = path.stem.split("_")[0]
        meant = get_close_matches(kind, _KINDS, cutoff=0.8)
        if meant and kind not in _KINDS:
            raise InputError(
                f"{path}: files of this name are not read; did you mean {meant[0]}{path.suffix}?"
            )


def refuse_unreadable(path: str, content: bytes) -> None:
    """Refuse a file that is no mapping from names, or that contains itself.

    What is no YAML at all is left to Kedro, which names file and line.

    Raises
    ------
    InputError
        Naming the file.

    Examples
    --------
    >>> refuse_unreadable("conf/base/parameters.yml", b"- 1")
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: conf/base/parameters.yml: it holds a list; give keys and \
values, `name: value`
    """
    if mistake := _mistake(content):
        raise InputError(f"{path}: {mistake}")


@cache
def _mistake(content: bytes) -> str | None:
    try:
        held: object = yaml.safe_load(content.decode("utf-8"))
    except UnicodeDecodeError:
        return "it is no text in UTF-8; save it as such"
    except (yaml.YAMLError, ValueError):
        return None
    if held is None:
        return None
    if not isinstance(held, Mapping):
        return f"it holds {_form(held)}; {_REMEDY}"
    for key in held:
        if not isinstance(key, str):
            return f"{key!r} is no name; {_REMEDY}"
    return _cycle(held, (), ())


def _cycle(value: Any, place: tuple[str, ...], above: tuple[object, ...]) -> str | None:
    """Where a value contains one that lies above it: an anchor refers to itself."""
    if any(value is one for one in above):
        return f"{'.'.join(place)} refers to what it lies in; write its values out"
    if not isinstance(value, dict | list):
        return None
    inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    found = (_cycle(held, (*place, str(key)), (*above, value)) for key, held in inner)
    return next((mistake for mistake in found if mistake), None)


def refuse_conflicts(first: Parameters, second: Parameters, names: tuple[str, str]) -> None:
    """Refuse keys and values in one place where a list stands in the other: they do not merge.

    Parameters
    ----------
    first, second : mapping
        What is to be merged.
    names : (str, str)
        Where each comes from.

    Raises
    ------
    InputError
        Naming the key.

    Examples
    --------
    >>> refuse_conflicts({"noise": {"seed": 1}}, {"noise": [1]}, ("conf/base", "--params"))
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: noise: --params has a list, conf/base has keys and \
values; bring both to one form
    """
    _refuse_conflicts(first, second, names, "")


def _refuse_conflicts(first: object, second: object, names: tuple[str, str], place: str) -> None:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in first.keys() & second.keys():
            _refuse_conflicts(first[key], second[key], names, f"{place}.{key}" if place else key)
    elif {type(first), type(second)} == {dict, list}:
        raise InputError(
            f"{place}: {names[1]} has {_form(second)}, {names[0]} has {_form(first)}; bring both "
            "to one form"
        )


def refuse_non_data_sets(catalog: Parameters) -> None:
    """Refuse entries of a catalog that describe no data set.

    Raises
    ------
    InputError
        Naming the entry.

    Examples
    --------
    >>> refuse_non_data_sets({"raw_{split}": None})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: catalog: 'raw_{split}' is null, no data set; describe \
one, `type: …`, or leave the entry out
    """
    for name, entry in catalog.items():
        if not isinstance(entry, Mapping):
            told = "null" if entry is None else repr(entry)
            raise InputError(
                f"catalog: {name!r} is {told}, no data set; describe one, `type: …`, or leave the "
                "entry out"
            )


def _form(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    return "keys and values" if isinstance(value, dict) else repr(value)
