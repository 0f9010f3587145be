"""Time of a spectrum, before it is computed."""

from kernel_regime.analysis.spectrum.profile import ProfileSettings
from kernel_regime.linalg.throughput import eigensystem_seconds, product_rate

# Passes over the matrix: Lanczos for each of the largest, and stochastic Lanczos in all.
_PASSES_PER_TOP, _PROBES, _STEPS = 3, 8, 64


def spectrum_seconds(n: int, settings: ProfileSettings) -> float:
    """Seconds that the profile of a kernel (n, n) with its labels takes on this machine.

    Examples
    --------
    >>> settings = ProfileSettings(12_000, 30_000, 500, {"first": 10, "last": 1000})
    >>> spectrum_seconds(4000, settings) > spectrum_seconds(2000, settings)
    True
    """
    if n <= settings.full_up_to:
        return eigensystem_seconds(n)
    if n <= settings.top_up_to:
        operations = 2.0 * _PASSES_PER_TOP * settings.top * n**2
    else:
        operations = 2.0 * _PROBES * _STEPS * n**2
    return operations / product_rate()
