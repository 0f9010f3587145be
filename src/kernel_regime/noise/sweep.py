"""All levels of one perturbation of one data set, made one at a time."""

import logging
from dataclasses import dataclass, field

from kernel_regime.core.arrays import Array
from kernel_regime.noise.perturbation import Perturbation
from kernel_regime.noise.sampling import Split, generator, perturb
from kernel_regime.noise.standardisation import Standardisation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """Perturbed training and test inputs as float32 arrays, level by level.

    Colour images are standardised with the perturbed training images of the same level, of
    which only the channel statistics are kept.
    """

    perturbation: Perturbation
    train_samples: Array
    test_samples: Array
    seed: int
    _standardisations: dict[float, Standardisation] = field(default_factory=dict)

    def train(self, level: float) -> Array:
        """Training inputs at one level."""
        images = self._perturbed("train", level)
        if not self._standardised:
            return images
        self._standardisations[level] = Standardisation.fit(images)
        return self._standardisations[level].apply(images)

    def test(self, level: float) -> Array:
        """Test inputs at one level."""
        images = self._perturbed("test", level)
        if not self._standardised:
            return images
        if level not in self._standardisations:
            self.train(level)
        return self._standardisations[level].apply(images)

    def _perturbed(self, split: Split, level: float) -> Array:
        samples = self.train_samples if split == "train" else self.test_samples
        logger.info("%s inputs at %s %.3g", split, self.perturbation.level, level)
        return perturb(self.perturbation, samples, level, generator(self.seed, split, level))

    @property
    def _standardised(self) -> bool:
        """Whether the samples are colour images that the perturbation left on their own scale."""
        return self.perturbation.random and self.train_samples.ndim == 4
