"""Parameter `data`."""

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt


class DataParameters(BaseModel):
    """Which samples to use: all, or a subsample stratified by class."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_train: PositiveInt | None
    """Training samples; null for all."""
    n_test: PositiveInt | None
    """Test samples; null for all."""
    seed: NonNegativeInt
    """Which subsample."""
