"""Objects from parameters: names, defaults and bounds are said once, in a class's signature."""

from collections.abc import Mapping
from dataclasses import Field, fields
from functools import cache
from inspect import getattr_static, signature
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    RootModel,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)

from kernel_regime.core.errors import InputError, UserError, did_you_mean
from kernel_regime.core.mistakes import mistake_lines
from kernel_regime.core.types import Arguments, Parameters

Built = TypeVar("Built")
Entries = TypeVar("Entries")


def parameter_model(described: type, left_out: tuple[str, ...] = ()) -> type[BaseModel]:
    """Pydantic model of the arguments that build a class.

    Parameters
    ----------
    described : type
        Its constructor's annotations say types and bounds: `layers: PositiveInt`,
        `dropout: Annotated[float, Field(ge=0, lt=1)]`.
    left_out : tuple of str
        Arguments that do not come from parameters.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from pydantic import PositiveInt
    >>> @dataclass(frozen=True)
    ... class Power:
    ...     degree: PositiveInt
    >>> parameter_model(Power).model_validate({"degree": 2}).degree
    2
    """
    return _parameter_model(described, left_out)


@cache
def _parameter_model(described: type, left_out: tuple[str, ...]) -> type[BaseModel]:
    constructor = getattr_static(described, "__init__")
    hints = get_type_hints(constructor, include_extras=True)
    # A class with a `__new__` beside its constructor, as Keras models have, would show that one.
    owner = described if constructor is object.__init__ else constructor
    arguments: Arguments = {
        name: (
            hints.get(name, Any),
            ... if argument.default is argument.empty else argument.default,
        )
        for name, argument in signature(owner).parameters.items()
        if argument.kind in (argument.POSITIONAL_OR_KEYWORD, argument.KEYWORD_ONLY)
        and name not in (*left_out, "self")
    }
    return create_model(described.__name__, __base__=_Arguments, **arguments)


def build(described: type[Built], given: Parameters, name: str) -> Built:
    """Object of a class from the arguments that parameters give.

    Parameters
    ----------
    described : type
        The class.
    given : mapping
        Arguments by name.
    name : str
        What messages call the class: its kind.

    Raises
    ------
    InputError
        If an argument is unknown, missing or out of bounds: one line that names it.
    """
    return described(**checked_arguments(described, given, name))


def checked_arguments(
    described: type, given: Parameters, name: str, left_out: tuple[str, ...] = ()
) -> Arguments:
    """Arguments that build a class, checked and completed by their defaults; see `build`.

    Examples
    --------
    >>> from fractions import Fraction
    >>> checked_arguments(Fraction, {"numerator": 1}, "fraction")
    {'numerator': 1, 'denominator': None}
    """
    model = parameter_model(described, left_out)
    for key in given:
        if key not in model.model_fields:
            known = (
                did_you_mean(str(key), model.model_fields) if model.model_fields else "remove it"
            )
            raise InputError(f"{name} has no parameter {str(key)!r}; {known}")
    return _validated(model, given, name)


def check_fields(instance: "ParameterType") -> None:
    """Hold the fields of a frozen dataclass to their annotations; NumPy integers become integers.

    Raises
    ------
    InputError
        Naming class, field, value, and what would do.
    """
    given = {field.name: getattr(instance, field.name) for field in fields(instance) if field.init}
    name = type(instance).__name__
    for field, value in _validated(parameter_model(type(instance)), given, name).items():
        object.__setattr__(instance, field, value)


class ParameterType:
    """Base of frozen dataclasses that are the types of parameters: every field is checked.

    Built in code, from a mapping by `build`, or as a field of another parameter type, an instance
    holds to its annotations, and a key that is no field is refused. A class that says how its
    fields fit together does so in `__post_init__`, after `super().__post_init__()`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from pydantic import PositiveInt
    >>> @dataclass(frozen=True)
    ... class Range(ParameterType):
    ...     first: PositiveInt
    ...     last: PositiveInt
    >>> @dataclass(frozen=True)
    ... class Fit(ParameterType):
    ...     ranks: Range
    >>> build(Fit, {"ranks": {"first": 1, "last": 9}}, "fit")
    Fit(ranks=Range(first=1, last=9))
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)
    __dataclass_fields__: ClassVar[dict[str, Field[object]]]  # of subclasses, by `dataclass`

    def __post_init__(self) -> None:
        """Check the fields; see `check_fields`."""
        check_fields(self)


class ParameterModel(BaseModel):
    """Base of the pydantic models of parameters: unknown keys, infinities and NaN are refused.

    So is `true` where it is not asked for: pydantic takes it for 1. Built in code, mistakes are one
    line, as elsewhere; validating configuration raises pydantic's own error, from which `mistakes`
    tells places.

    Examples
    --------
    >>> from pydantic import PositiveInt
    >>> class Range(ParameterModel):
    ...     last: PositiveInt
    >>> Range(last=0)
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: Range.last: 0 should be greater than 0
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, field: ValidationInfo) -> object:
        annotation = cls.model_fields[str(field.field_name)].annotation
        return value if _takes_truth(annotation) else _without_truth(value)

    def __init__(self, **given: object) -> None:
        plain = _plain(given)
        try:
            super().__init__(**plain)
        except ValidationError as error:
            raise _in_one_line(error, type(self), plain) from None

    # Says to pydantic that nothing but `BaseModel` is needed to validate, as `RootModel` does.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class ParameterMapping(RootModel[Entries], Generic[Entries]):
    """Base of the pydantic models of parameters by names that users choose; see `ParameterModel`.

    Examples
    --------
    >>> class Degrees(ParameterMapping[dict[str, int]]):
    ...     pass
    >>> Degrees({"cubic": "three"})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: Degrees.cubic: 'three' should be a valid integer, \
unable to parse string as an integer
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    def __init__(self, root: Entries) -> None:
        try:
            super().__init__(root)
        except ValidationError as error:
            raise _in_one_line(error, type(self), root) from None

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # as above


class _Arguments(ParameterModel):
    """Base of the models of a class's arguments, which may be objects of any type."""

    model_config = ConfigDict(arbitrary_types_allowed=True)


def mistakes(described: type, given: object, place: str) -> list[str]:
    """Mistakes in parameters, one line each: unknown or missing names, values out of bounds.

    Parameters
    ----------
    described : type
        A pydantic model, or a class that `build` can build.
    given : object
        What configuration says.
    place : str
        Where it says so; every line begins with the exact place, however deep it lies.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from pydantic import PositiveInt
    >>> @dataclass(frozen=True)
    ... class Power(ParameterType):
    ...     degree: PositiveInt = 2
    >>> mistakes(Power, {"degre": 3, "degree": 0}, "kernels.power")
    ['kernels.power.degree: 0 should be greater than 0', \
"kernels.power.degre: unknown parameter; did you mean 'degree'?"]
    """
    model = described if issubclass(described, BaseModel) else parameter_model(described)
    try:
        model.model_validate(given)
        if model is not described and isinstance(given, Mapping):
            described(**given)  # what its fields must be together
    except ValidationError as error:
        return mistake_lines(error, model, given, place)
    except UserError as error:
        return [f"{place}: {error}"]
    return []


def _validated(model: type[BaseModel], given: Parameters, name: str) -> Arguments:
    plain = _plain(given)
    try:
        return dict(model.model_validate(plain))
    except ValidationError as error:
        raise _in_one_line(error, model, plain, name) from None


def _in_one_line(
    error: ValidationError, model: type[BaseModel], given: object, name: str | None = None
) -> InputError:
    return InputError("; ".join(mistake_lines(error, model, given, name or model.__name__)))


def _plain(given: Parameters) -> Arguments:
    return {key: value.item() if _is_number(value) else value for key, value in given.items()}


def _is_number(value: object) -> bool:
    """Whether a value is a scalar of NumPy or JAX, which pydantic does not know."""
    return hasattr(value, "item") and getattr(value, "ndim", None) == 0


def _takes_truth(annotation: object) -> bool:
    """Whether an annotation, or a part of it, is `bool`, or anything at all."""
    return annotation in (bool, Any, object) or any(map(_takes_truth, get_args(annotation)))


class _Truth:
    """True or False, as something that pydantic takes for no number."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def __repr__(self) -> str:
        return repr(self._value)


def _without_truth(value: object) -> object:
    if isinstance(value, list | tuple):
        items = [_without_truth(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    return _Truth(value) if isinstance(value, bool) else value
