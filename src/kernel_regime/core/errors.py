"""Errors that a user can mend: each is one line that says where, what, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Base of all errors that end a command in one line; any other keeps its traceback.

    The message names the place, the offending value, and the remedy.

    Examples
    --------
    >>> issubclass(InputError, UserError) and issubclass(InputError, ValueError)
    True
    """


class InputError(UserError, ValueError):
    """A value that cannot be worked with.

    Examples
    --------
    >>> raise InputError("data.n_train: 0 is no number of samples; give a whole one")
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: data.n_train: 0 is no number of samples; give a whole one
    """


class NotFiniteError(UserError, FloatingPointError):
    """A result that is not finite, or not representable, in the dtype it was asked in.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> Polynomial(degree=10, intercept=1.0).gram([[1e40]])
    Traceback (most recent call last):
    ...
    kernel_regime.core.errors.NotFiniteError: Polynomial(degree=10, intercept=1.0): values of ...
    """


class TooLargeError(UserError, MemoryError):
    """Work that would not fit the memory."""


class MissingDeviceError(UserError, RuntimeError):
    """A device that was asked for and is not there."""


class UnreachableError(UserError, OSError):
    """A server that cannot be reached, or breaks off."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The remedy for a name that does not exist: the nearest one that does, or all of them.

    Examples
    --------
    >>> did_you_mean("nosie", ["noise", "kernels"])
    "did you mean 'noise'?"
    >>> did_you_mean("x", ["noise", "kernels"])
    'give one of kernels, noise'
    """
    names = sorted(known)
    nearest = get_close_matches(given, names, n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else f"give one of {', '.join(names)}"
