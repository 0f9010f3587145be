"""Learning rates and batch sizes, epoch by epoch."""

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.seeds import seeded

Rate = Annotated[float | int, Field(gt=0)]
"""Of learning; an integer stays one, since fingerprints of trainings hold it as it is given."""


@dataclass(frozen=True)
class Schedule(ParameterType):
    r"""Linear warm-up to twice the rate, then a cosine down to a fifteenth of it.

    Epoch t < w trains at :math:`2 \eta t / w` (so epoch 0 only looks), epoch t ≥ w of T at
    :math:`\max(\eta (1 + \cos(\pi (t - w)/(T - w))), \eta / 15)`.

    Parameters
    ----------
    epochs : int
        Number of epochs T.
    learning_rate : float
        η.
    warm_up : int
        Warm-up epochs w, fewer than T.

    Examples
    --------
    >>> rate = Schedule(epochs=30, learning_rate=0.15, warm_up=15)
    >>> rate(0), rate(15), round(rate(29), 3)
    (0.0, 0.3, 0.01)

    References
    ----------
    Ghorbani et al. (2020), appendix on the experiments; w = 15 there.
    """

    epochs: PositiveInt
    learning_rate: Rate
    warm_up: NonNegativeInt = 15

    def __post_init__(self) -> None:
        """Check the fields, and that something is left to train after the warm-up."""
        super().__post_init__()
        if self.warm_up >= self.epochs:
            raise InputError(
                f"Schedule.warm_up: {self.warm_up} is no shorter than {self.epochs} epochs; give "
                "more epochs, or a shorter warm_up"
            )

    def __call__(self, epoch: int) -> float:
        """Learning rate of one epoch, counted from 0."""
        if epoch < self.warm_up:
            return self.learning_rate * 2 * epoch / self.warm_up
        turn = pi * (epoch - self.warm_up) / (self.epochs - self.warm_up)
        return max(self.learning_rate * (1 + cos(turn)), self.learning_rate / 15)


@dataclass(frozen=True)
class Batches(ParameterType):
    """Batch sizes by epoch: `sizes` holds (first epoch, size), in order, from epoch 0.

    The papers' Fashion-MNIST networks take 500 for 15 epochs, then 1000:
    ``Batches(((0, 500), (15, 1000)))``.

    Examples
    --------
    >>> batches = Batches(((0, 2), (10, 4)))
    >>> rows, weights = batches.draw(epoch=0, n=5, seed=0)
    >>> rows.shape, weights.sum().item(), batches.size(epoch=10, n=5)
    ((3, 2), 5.0, 4)
    """

    sizes: tuple[tuple[NonNegativeInt, PositiveInt], ...]

    def __post_init__(self) -> None:
        """Every epoch has a size, and only one."""
        super().__post_init__()
        starts = [first for first, _ in self.sizes]
        if starts != sorted({0, *starts}):
            raise InputError(
                f"Batches.sizes: {self.sizes} do not begin with epoch 0, or are out of order; "
                "give (first epoch, size) as in ((0, 500), (15, 1000))"
            )

    def size(self, epoch: int, n: int) -> int:
        """Samples per batch in one epoch of a training set of n."""
        return min(n, next(size for first, size in reversed(self.sizes) if epoch >= first))

    def draw(self, epoch: int, n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Shuffled rows and weights of an epoch, (batches, size); (seed, epoch) fixes the order.

        All batches have the same size, for the sake of the compiler: the last is filled up with
        rows of weight zero. No row is dropped, none counts twice.
        """
        order = seeded(seed, epoch).permutation(n)
        size = self.size(epoch, n)
        shape = -(-n // size), size
        weights = np.zeros(shape, np.float32)
        weights.flat[:n] = 1
        return np.resize(order, shape), weights
