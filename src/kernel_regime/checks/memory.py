"""Checks before a run of studies whose size a parameter decides, against the memory there is."""

from psutil import virtual_memory

from kernel_regime.core.errors import TooLargeError
from kernel_regime.core.types import Parameters

_OF_SPHERE = 8  # matrices in float64 at once, from the cosines to the eigenvalues; measured
_OF_IMAGES = 3  # float32 copies: resized along one axis, along both, and scaled


def refuse_large_sphere(parameters: Parameters) -> None:
    """Refuse points on a sphere whose kernel would not fit the memory that is free.

    Raises
    ------
    TooLargeError
        Naming the key, what it needs and what there is.

    Examples
    --------
    >>> refuse_large_sphere({"limits": {"sphere": {"samples": 10_000_000}}})
    Traceback (most recent call last):
    kernel_regime.core.errors.TooLargeError: limits.sphere.samples: 10,000,000 points need ...
    """
    points = ((parameters.get("limits") or {}).get("sphere") or {}).get("samples", 0)
    _require(
        8 * _OF_SPHERE * points**2,
        f"limits.sphere.samples: {points:,} points",
        "give fewer",
    )


def refuse_large_images(parameters: Parameters, images: int) -> None:
    """Refuse a side to which so many images of the spectral-bias study could not be resized.

    Raises
    ------
    TooLargeError
        Naming the key, what it needs and what there is.

    Examples
    --------
    >>> refuse_large_images({"spectral_bias_study": {"side": 99_999}}, images=10_000)
    Traceback (most recent call last):
    kernel_regime.core.errors.TooLargeError: spectral_bias_study.side: 10,000 images of ...
    """
    side = (parameters.get("spectral_bias_study") or {}).get("side") or 0
    _require(
        4 * _OF_IMAGES * images * side**2,
        f"spectral_bias_study.side: {images:,} images of {side} × {side} pixels",
        "give a smaller side, or null for their own",
    )


def _require(needed: int, what: str, remedy: str) -> None:
    free = virtual_memory().available
    if needed > free:
        raise TooLargeError(
            f"{what} need {needed / 1e9:,.1f} GB, {free / 1e9:,.1f} GB are free; {remedy}"
        )
