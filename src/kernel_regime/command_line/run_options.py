"""Options that state a run: `--config`, a file of options, and `--params`, parameters beside it."""

from collections.abc import Collection
from typing import cast

import click
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from kernel_regime.core.errors import did_you_mean
from kernel_regime.core.types import Arguments

_SECTION = "run"
_STATED = f"{__name__}.params"  # where the context keeps the parameters of a file


def config_option(known: Collection[str]) -> click.Option:
    """`--config`, whose files may state the options `known`."""

    def apply(context: click.Context, option: click.Parameter, path: str | None) -> None:
        if path is None:
            return
        try:
            stated = _stated_options(path, known)
        except ValueError as error:
            raise click.BadParameter(f"{path} {error}", context, option) from error
        context.meta[_STATED] = stated.pop("params", None) or {}
        context.default_map = {**(context.default_map or {}), **stated}

    return click.Option(
        ["--config", "-c"],
        type=click.Path(exists=True, dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=apply,
        help="YAML file that states options under `run:`; those on the command line win.",
    )


def params_option() -> click.Option:
    """`--params`, merged into those of a file of `--config`."""
    return click.Option(
        ["--params"],
        multiple=True,
        callback=_merged_parameters,
        help="Parameters that win over all configuration, in one option or several: "
        "data.n_train=500,noise.levels=[{value: 1}]",
    )


def _stated_options(path: str, known: Collection[str]) -> Arguments:
    """Options that a file states; ValueError says what is wrong with it."""
    try:
        stated = OmegaConf.to_container(OmegaConf.load(path))
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        raise ValueError(f"is no YAML: {_in_one_line(error)}") from error
    options = stated.get(_SECTION) if isinstance(stated, dict) else None
    if not isinstance(options, dict):
        raise ValueError(f"states no options; give them under `{_SECTION}:`, such as `env: cifar2`")
    for name in map(str, options):
        if name not in known:
            raise ValueError(f"states {_SECTION}.{name}, no option; {did_you_mean(name, known)}")
    return {str(name): value for name, value in options.items()}


def _merged_parameters(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> Arguments:
    """Parameters of the file, if one is given, and over them those of the command line."""
    stated: str | Arguments = context.meta.get(_STATED, {})
    try:
        file = stated if isinstance(stated, dict) else _parameters(_items(stated))
        parts = [file, _parameters([item for value in values for item in _items(value)])]
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from error
    return cast(Arguments, OmegaConf.to_container(OmegaConf.merge(*parts)))


def _items(text: object) -> list[str]:
    """The parts `a.b=1` and `c=[2, {d: 3}]` of what an option gives."""
    items = _split_outside_brackets(str(text))
    for item in items:
        key, equals, _ = item.partition("=")
        if not key.strip() or not equals:
            raise ValueError(f"{item!r} is no key=value")
    return items


def _parameters(items: list[str]) -> Arguments:
    """Parameters of `key=value` each, every key once and with a value."""
    keys = [item.partition("=")[0].strip() for item in items]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key} is given {keys.count(key)} times; give it once")
    try:
        given = OmegaConf.to_container(OmegaConf.from_dotlist(items), throw_on_missing=True)
    except MissingMandatoryValue as missing:
        raise ValueError(f"{missing.full_key} has no value, ???; give one") from missing
    except (YAMLError, OmegaConfBaseException) as error:
        raise ValueError(f"{', '.join(items)!r} is no YAML: {_in_one_line(error)}") from error
    return cast(Arguments, given)


def _split_outside_brackets(text: str) -> list[str]:
    """Parts between commas, those within brackets and braces apart.

    Examples
    --------
    >>> _split_outside_brackets("a.b=1, c=[{value: 0}, {value: 1}]")
    ['a.b=1', 'c=[{value: 0}, {value: 1}]']
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
