"""Perturbed inputs from a seed: reproducible level by level, in bounded memory."""

from typing import Literal

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike, as_array
from kernel_regime.core.errors import InputError
from kernel_regime.core.seeds import seeded
from kernel_regime.noise.perturbation import Perturbation

Split = Literal["train", "test"]

# A batch stays in cache through transform and noise: 4,096 Fashion-MNIST images are 13 MB. Its
# size is fixed, so that the last digits depend on no setting of memory.
_BATCH = 4096


def generator(seed: int, split: Split, level: float) -> np.random.Generator:
    """Random numbers of one (seed, split, level): any level can be drawn again alone.

    The level enters by its value, so that adding levels to an experiment leaves the draws of
    the others as they were.

    Examples
    --------
    >>> alone, again = generator(0, "train", 0.5), generator(0, "train", 0.5)
    >>> alone.random() == again.random()
    True
    """
    if not np.isfinite(level):
        raise InputError(f"level {level:g} is not finite; give a number")
    bits = int(np.float64(level + 0.0).view(np.uint64))
    return seeded(seed, ("train", "test").index(split), bits)


def perturb(
    perturbation: Perturbation, images: ArrayLike, level: float, rng: np.random.Generator
) -> Array:
    """Perturbed inputs (n, ...) at one level, in float32; memory beyond them is one batch.

    Inputs are computed with in float32, in float64 only where they come so: their range may be
    wider than that of float32.

    Raises
    ------
    InputError
        If the perturbation refuses inputs or level, or a result is beyond the range of float32.

    Examples
    --------
    >>> from kernel_regime.noise import HighFrequencyNoise
    >>> images = np.random.default_rng(0).random((5, 8, 8))
    >>> perturb(HighFrequencyNoise(), images, 0.5, generator(0, "train", 0.5)).dtype.name
    'float32'
    """
    images = as_array(images, "inputs")
    if images.dtype.kind not in "fiub":
        raise InputError(f"inputs: an array of {images.dtype} holds no real numbers; give numbers")
    perturbation.check(images.shape[1:], level)
    working = np.float64 if images.dtype == np.float64 else np.float32
    perturbed = np.empty(images.shape, np.float32)
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH].astype(working)
        draws = rng.standard_normal(batch.shape, np.float32) if perturbation.random else batch
        found = perturbation.apply(batch, draws, level)
        if not np.abs(found).max(initial=0) <= np.finfo(np.float32).max:
            raise InputError(
                f"perturbed inputs at {perturbation.level} {level:g} leave the range of float32; "
                "rescale the data"
            )
        perturbed[start : start + _BATCH] = found
    return perturbed
