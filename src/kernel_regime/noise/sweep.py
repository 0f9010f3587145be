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
    """Sweep of a perturbation over levels: training and test inputs as float32 arrays.

    Colour images are standardised with the perturbed training images of the same level, of
    which only the channel statistics are kept.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.noise import HighFrequencyNoise
    >>> images = np.random.default_rng(0).random((12, 8, 8))
    >>> sweep = Sweep(HighFrequencyNoise(), images[:8], images[8:], seed=0)
    >>> sweep.train(0.5).shape, sweep.test(0.5).shape
    ((8, 8, 8), (4, 8, 8))
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
        colour = self.train_samples.shape[3:] not in ((), (1,))
        return self.perturbation.standardised and colour
