"""Every perturbation by the name that parameters call it."""

from kernel_regime.noise.clean import Clean
from kernel_regime.noise.high_frequency import HighFrequencyNoise
from kernel_regime.noise.low_frequency import LowFrequencyNoise
from kernel_regime.noise.perturbation import Perturbation
from kernel_regime.noise.spiked_covariates import SpikedCovariates

PERTURBATIONS: dict[str, type[Perturbation]] = {
    "clean": Clean,
    "high_frequency": HighFrequencyNoise,
    "low_frequency": LowFrequencyNoise,
    "spiked_covariates": SpikedCovariates,
}
