"""Parameter `data`."""

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt


class RandomSplit(BaseModel):
    """A random division of all samples, in place of the one that the data set comes with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: NonNegativeInt
    """Which division."""


class DataParameters(BaseModel):
    """Which samples to use: all, or a subsample stratified by class."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_train: PositiveInt | None
    """Training samples; null for all."""
    n_test: PositiveInt | None
    """Test samples; null for all."""
    seed: NonNegativeInt
    """Which subsample."""
    split: RandomSplit | None = None
    """How training and test samples are told apart; null for the data set's own way."""
