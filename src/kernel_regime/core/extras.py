"""Optional packages, brought by the extras of the installation."""

from collections.abc import Iterator
from contextlib import contextmanager

from kernel_regime.core.errors import UserError


class MissingExtraError(UserError, ImportError):
    """A package that is needed now, and that no extra has brought."""


@contextmanager
def from_extra(extra: str) -> Iterator[None]:
    """Import of optional packages that names, where one is missing, the extra that brings it.

    Parameters
    ----------
    extra : str
        Such as `jax`, of `pip install "kernel-regime[jax]"`.

    Raises
    ------
    MissingExtraError
        Naming package and extra.

    Examples
    --------
    >>> with from_extra("jax"):
    ...     import jack_of_all_axes
    Traceback (most recent call last):
    kernel_regime.core.extras.MissingExtraError: jack_of_all_axes is not installed; \
pip install "kernel-regime[jax]" brings it
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f'{error.name} is not installed; pip install "kernel-regime[{extra}]" brings it'
        ) from error
