"""Kinds of figures: functions from tables to a figure, built-in or a user's own."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.figure import Figure

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.registry import import_kind, require_same

Draw = TypeVar("Draw", bound=Callable[..., Figure])

_BUILT_IN: dict[str, "FigureKind"] = {}


@dataclass(frozen=True)
class FigureKind:
    """A figure that reports can show: a function, and what follows from its signature.

    Parameters
    ----------
    kind : str
        What parameters and files call it: a registered name, or `package.module:function`.
    draw : callable
        Its arguments are called as the tables that it takes: `network_scores`, `noise_levels`, …;
        `noise` is what the noise level measures, in words. The first paragraph of its docstring
        is the caption.

    Examples
    --------
    >>> def counts(noise_levels):
    ...     "How many levels there are."
    >>> figure = FigureKind("my_module:counts", counts)
    >>> figure.tables, figure.caption
    (('noise_levels',), 'How many levels there are.')
    """

    kind: str
    draw: Callable[..., Figure]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that the function takes, in its order; options are left out."""
        arguments = inspect.signature(self.draw).parameters.values()
        return tuple(a.name for a in arguments if a.default is a.empty)

    @property
    def caption(self) -> str:
        """The first paragraph of the docstring, in one line."""
        words = (inspect.getdoc(self.draw) or self.kind).split("\n\n")[0]
        return " ".join(words.split())


def register_figure(kind: str) -> Callable[[Draw], Draw]:
    """Declare the function below as the figure of this kind.

    Raises
    ------
    InputError
        If another function has this kind; the same one may be defined anew, as notebooks do.
    """

    def declare(draw: Draw) -> Draw:
        if not draw.__module__.startswith("kernel_regime.figures."):
            built_in_figures()  # so that none of them is taken before it is imported
        known = _BUILT_IN.get(kind)
        require_same(kind, None if known is None else known.draw, draw)
        _BUILT_IN[kind] = FigureKind(kind, draw)
        return draw

    return declare


def built_in_figures() -> dict[str, FigureKind]:
    """All registered figures by kind, sorted.

    Examples
    --------
    >>> built_in_figures()["comparison"].tables
    ('phase_curves', 'noise')
    """
    package = importlib.import_module("kernel_regime.figures")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_BUILT_IN.items()))


def find_figure(kind: str) -> FigureKind:
    """The figure of a kind: a registered one, or the function that `package.module:function` names.

    Raises
    ------
    InputError
        If there is none, with the nearest there is; or if what the kind names cannot be imported,
        or is no function written in Python that takes tables.
    """
    if ":" not in kind:
        known = built_in_figures()
        if kind not in known:
            raise InputError(
                f"kind {kind!r} is no figure; {did_you_mean(kind, known)} "
                "(your own: package.module:function)"
            )
        return known[kind]
    found = import_kind(kind, "function")
    if not callable(found) or isinstance(found, type):
        raise InputError(f"kind {kind!r} is no function; give one that returns a Figure")
    if inspect.isbuiltin(found):
        raise InputError(f"kind {kind!r} is no function written in Python; give one of your own")
    figure = FigureKind(kind, found)
    if not figure.tables:
        raise InputError(
            f"kind {kind!r} takes no table, so that there is nothing to draw; call its arguments "
            "as the tables it is about, such as network_scores"
        )
    return figure
