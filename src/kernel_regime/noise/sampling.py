"""Perturbed images from a seed: reproducible level by level, in bounded memory."""

from typing import Literal

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.noise.perturbation import Perturbation

Split = Literal["train", "test"]

# A batch stays in cache through transform and noise: 4,096 Fashion-MNIST images are 13 MB.
_BATCH = 4096


def generator(seed: int, split: Split, level: float) -> np.random.Generator:
    """Random numbers of one (seed, split, level): any level can be drawn again alone.

    The level enters by its value, so that adding levels to an experiment leaves the draws of
    the others as they were.
    """
    bits = int(np.float64(level + 0.0).view(np.uint64))
    return np.random.default_rng([seed, ("train", "test").index(split), bits])


def perturb(
    perturbation: Perturbation, images: Array, level: float, rng: np.random.Generator
) -> Array:
    """Images (n, ...) at one level, in float32; memory beyond the result is one batch."""
    perturbed = np.empty(images.shape, np.float32)
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH].astype(np.float32)
        draws = rng.standard_normal(batch.shape, np.float32) if perturbation.random else batch
        perturbed[start : start + _BATCH] = perturbation.apply(batch, draws, level)
    return perturbed
