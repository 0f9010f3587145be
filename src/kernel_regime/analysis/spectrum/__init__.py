"""Spectra of kernel matrices, and what follows from them."""

from kernel_regime.analysis.spectrum.power_law import (
    PowerLaw,
    PowerLawRange,
    fit_power_law,
)
from kernel_regime.analysis.spectrum.profile import Profile, ProfileSettings, profile
from kernel_regime.analysis.spectrum.sphere import SphereSample, compare_on_sphere
from kernel_regime.analysis.spectrum.summaries import (
    alignment,
    degrees_of_freedom,
    participation_rank,
    target_power,
    trace_rank,
)

__all__ = [
    "PowerLaw",
    "PowerLawRange",
    "Profile",
    "ProfileSettings",
    "SphereSample",
    "alignment",
    "compare_on_sphere",
    "degrees_of_freedom",
    "fit_power_law",
    "participation_rank",
    "profile",
    "target_power",
    "trace_rank",
]
