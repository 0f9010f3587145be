"""Lists of parameters in which nothing may be listed twice."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import AfterValidator

from kernel_regime.core.errors import InputError

Listed = TypeVar("Listed", bound=Sequence[object])


def refuse_repeats(values: Listed) -> Listed:
    """The values, if they differ: one given twice would be computed, or counted, twice.

    Raises
    ------
    InputError
        Naming the first value that is listed twice.

    Examples
    --------
    >>> refuse_repeats([64, 256, 64])
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: 64 is listed twice; list it once
    """
    for position, value in enumerate(values):
        if value in values[:position]:
            raise InputError(f"{value} is listed twice; list it once")
    return values


LISTED_ONCE = AfterValidator(refuse_repeats)
"""In the annotation of a parameter, `Annotated[list[PositiveInt], LISTED_ONCE]`: no repeats."""
