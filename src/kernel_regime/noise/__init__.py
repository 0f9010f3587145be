"""Perturbations of the inputs: pure functions of samples, Gaussian draws and a level."""

from kernel_regime.noise.clean import Clean
from kernel_regime.noise.gaussian import GaussianNoise
from kernel_regime.noise.high_frequency import HighFrequencyNoise, high_frequency_noise
from kernel_regime.noise.levels import Level, NoiseParameters, level_name, resolve_levels
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.perturbation import PERTURBATIONS, Perturbation
from kernel_regime.noise.sampling import generator, perturb
from kernel_regime.noise.spiked_covariates import (
    SpikedCovariates,
    SpikedTarget,
    signal_dimension,
    spiked_covariates,
)
from kernel_regime.noise.standardisation import Standardisation
from kernel_regime.noise.sweep import Sweep
from kernel_regime.noise.transforms import centre_and_scale

__all__ = [
    "PERTURBATIONS",
    "Clean",
    "GaussianNoise",
    "HighFrequencyNoise",
    "Level",
    "LowFrequencyNoise",
    "NoiseParameters",
    "Perturbation",
    "SpikedCovariates",
    "SpikedTarget",
    "Standardisation",
    "Sweep",
    "centre_and_scale",
    "generator",
    "high_frequency_noise",
    "level_name",
    "perturb",
    "resolve_levels",
    "signal_dimension",
    "spiked_covariates",
]
