"""Methods in figures and tables: what people call them, and one colour and marker for each."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kernel_regime.core.types import Arguments
from kernel_regime.figures.style import COLOURS, MARKERS

# What stands in a name of parameters, longest first, and how it is written.
_WORDS = {
    "mean_field": "mean-field network",
    "neural_tangent": "neural tangent model",
    "random_features": "random features model",
    "fully_connected": "fully-connected",
    "two_layer": "two-layer",
    "three_layer": "three-layer",
    "feature_machine": "feature machine",
    "laplace": "Laplace",
    "gaussian": "Gaussian",
    "lenet5": "LeNet-5",
    "resnet": "ResNet",
    "myrtle": "Myrtle",
    "cntk": "CNTK",
    "nngp": "NNGP",
    "gelu": "GELU",
    "relu": "ReLU",
    "ntk": "NTK",
    "rf": "RF",
}
_WORD = re.compile(rf"(?<![a-z])({'|'.join(_WORDS)})(?![a-z])")

_run: ContextVar[tuple[str, ...]] = ContextVar("methods of the run", default=())


def method_name(name: str) -> str:
    """A kernel's or network's name as people write it.

    Examples
    --------
    >>> method_name("two_layer_ntk"), method_name("mean_field"), method_name("my_own_net")
    ('two-layer NTK', 'mean-field network', 'my own net')
    """
    return _WORD.sub(lambda found: _WORDS[found[0]], name).replace("_", " ")


@contextmanager
def methods_of_run(names: Iterable[str]) -> Iterator[None]:
    """Inside it every method of a run has its own colour, whichever of them a figure shows.

    Parameters
    ----------
    names : iterable of str
        Kernels and networks, in the order of the parameters.

    Examples
    --------
    >>> with methods_of_run(["ntk", "net"]):
    ...     alone = line_styles(["net"])["net"]["marker"]
    >>> alone, line_styles(["net"])["net"]["marker"]
    ('s', 'o')
    """
    token = _run.set(tuple(names))
    try:
        yield
    finally:
        _run.reset(token)


def line_styles(names: Iterable[str]) -> dict[str, Arguments]:
    """Colour and marker of every name: those of the run in its order, then others by alphabet.

    Examples
    --------
    >>> sorted(line_styles(["ntk"])["ntk"])
    ['color', 'linewidth', 'marker', 'markersize']
    """
    shown = set(names)
    known = list(dict.fromkeys(_run.get()))
    styles = {}
    for place, name in enumerate(known + sorted(shown - set(known))):
        turn, colour = divmod(place, len(COLOURS))
        marker = MARKERS[(colour + turn) % len(MARKERS)]
        styles[name] = {
            "color": COLOURS[colour], "marker": marker, "markersize": 4, "linewidth": 1.4,
        }  # fmt: skip
    return {name: styles[name] for name in shown}
