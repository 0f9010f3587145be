"""Perturbations of the inputs: pure functions of images, Gaussian draws and a level."""

from kernel_regime.noise.clean import Clean
from kernel_regime.noise.high_frequency import HighFrequencyNoise, high_frequency_noise
from kernel_regime.noise.kinds import PERTURBATIONS
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.perturbation import Perturbation
from kernel_regime.noise.sampling import generator, perturb
from kernel_regime.noise.spiked_covariates import (
    SpikedCovariates,
    SpikedTarget,
    signal_dimension,
    spiked_covariates,
)
from kernel_regime.noise.standardisation import Standardisation
from kernel_regime.noise.transforms import centre_and_scale

__all__ = [
    "PERTURBATIONS",
    "Clean",
    "HighFrequencyNoise",
    "LowFrequencyNoise",
    "Perturbation",
    "SpikedCovariates",
    "SpikedTarget",
    "Standardisation",
    "centre_and_scale",
    "generator",
    "high_frequency_noise",
    "perturb",
    "signal_dimension",
    "spiked_covariates",
]
