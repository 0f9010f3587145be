"""Parameter `data`."""

from pydantic import NonNegativeInt, PositiveInt

from kernel_regime.core.parameters import ParameterModel


class RandomSplit(ParameterModel):
    """A random division of all samples, in place of the one that the data set comes with."""

    seed: NonNegativeInt
    """Which division."""


class DataParameters(ParameterModel):
    """Which samples to use: all, or a subsample stratified by class."""

    n_train: PositiveInt | None
    """Training samples; null for all."""
    n_test: PositiveInt | None
    """Test samples; null for all."""
    seed: NonNegativeInt
    """Which subsample."""
    split: RandomSplit | None = None
    """How training and test samples are told apart; null for the data set's own way."""
