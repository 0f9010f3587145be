"""Kinds: the stable names under which parameters call classes, built-in or a user's own."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, cast

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.parameters import build

Base = TypeVar("Base")
Registered = TypeVar("Registered", bound=type[Any])
Declarable = type | Callable[..., object]


class Registry(Generic[Base]):
    """Classes of one family by kind.

    A built-in class is declared once, by `@register("polynomial")` above it; what a user brings is
    called by `package.module:Class` and needs no declaration.

    Parameters
    ----------
    family : str
        What messages call a member: kernel, network, perturbation, figure.
    package : str
        The package whose modules declare the built-in ones; imported when first asked.
    base : type
        What every member must be a subclass of.

    Examples
    --------
    >>> shapes = Registry("shape", "kernel_regime.core", object)
    >>> @shapes.register("circle")
    ... class Circle: ...
    >>> shapes.find("circle").__name__
    'Circle'
    >>> shapes.find("fractions:Fraction").kind
    'fractions:Fraction'
    """

    def __init__(self, family: str, package: str, base: type) -> None:
        self._family = family
        self._package = package
        self._base = base
        self._classes: dict[str, type[Base]] = {}

    def register(self, kind: str) -> Callable[[Registered], Registered]:
        """Declare the class below under this kind, which joins it as attribute `kind`.

        Raises
        ------
        InputError
            If another class has this kind; the same one may be defined anew, as notebooks do.
        """

        def declare(declared: Registered) -> Registered:
            if not declared.__module__.startswith(f"{self._package}."):
                self.kinds()  # so that no kind is taken from a built-in class yet to be imported
            require_same(kind, self._classes.get(kind), declared)
            declared.kind = kind
            self._classes[kind] = declared
            return declared

        return declare

    def kinds(self) -> list[str]:
        """The built-in kinds, sorted."""
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
        return sorted(self._classes)

    def find(self, kind: str) -> type[Base]:
        """The class of a kind.

        Raises
        ------
        InputError
            If there is none, with the nearest kind there is; or if what the kind names cannot be
            imported, or is no member of the family.
        """
        if ":" in kind:
            return self._imported(kind)
        if kind not in self._classes and kind not in self.kinds():
            raise InputError(
                f"kind {kind!r} is no {self._family}; {did_you_mean(kind, self._classes)} "
                "(your own: package.module:Class)"
            )
        return self._classes[kind]

    def build(self, given: object) -> Base:
        """A member as it is, or from parameters: its `kind`, and the arguments of its class.

        Raises
        ------
        InputError
            If it is neither, or the kind, or an argument, is unknown, missing or out of bounds.
        """
        if isinstance(given, self._base):
            return cast(Base, given)
        if not isinstance(given, Mapping):
            raise InputError(f"{given!r} is no {self._family}; give a dictionary, {{kind: …}}")
        arguments = dict(given)
        kind = arguments.pop("kind", None)
        if not isinstance(kind, str):
            raise InputError(f"a {self._family} needs a kind; {did_you_mean('', self.kinds())}")
        return build(self.find(kind), arguments, kind)

    def _imported(self, kind: str) -> type[Base]:
        found = import_kind(kind)
        if not isinstance(found, type) or not issubclass(found, self._base):
            raise InputError(
                f"kind {kind!r} is no {self._family}: derive it from "
                f"{self._base.__module__}.{self._base.__qualname__}"
            )
        member: type[Any] = found
        if inspect.isabstract(member):
            raise InputError(
                f"kind {kind!r} is a base of the family {self._family}: it lacks "
                f"{', '.join(sorted(member.__abstractmethods__))}; name a class that has them"
            )
        if "kind" not in vars(member):
            member.kind = kind
        return member


def require_same(kind: str, known: Declarable | None, declared: Declarable) -> None:
    """Refuse to give a kind to another class or function than has it.

    One that is defined anew, in a notebook say, is known by its module and name.

    Raises
    ------
    InputError
        Naming both.

    Examples
    --------
    >>> require_same("circle", None, Registry)
    >>> require_same("circle", require_same, Registry)
    Traceback (most recent call last):
    ...
    kernel_regime.core.errors.InputError: kind 'circle' is that of kernel_regime.core.registry...
    """
    has, wants = (
        None if one is None else f"{one.__module__}.{one.__qualname__}" for one in (known, declared)
    )
    if has is not None and has != wants:
        raise InputError(f"kind {kind!r} is that of {has}; register {wants} under another")


def import_kind(kind: str, what: str = "Class") -> object:
    """What `package.module:name` names, of a user's own.

    Raises
    ------
    InputError
        If it cannot be imported, saying why.

    Examples
    --------
    >>> import_kind("fractions:Fraction").__name__
    'Fraction'
    """
    module, _, name = kind.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"kind {kind!r} cannot be imported ({error}); give package.module:{what}, "
            "importable from where this runs"
        ) from error
