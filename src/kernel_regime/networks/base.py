"""What every network is: a Keras model that knows its penalty and the scale of its gradients."""

from abc import ABC, abstractmethod
from math import prod
from typing import Any

import keras
from keras import ops

from kernel_regime.core.arrays import Array


class Network(keras.Model, ABC):
    """A model that draws its weights from one seed, and says how it wants to be trained.

    Parameters
    ----------
    outputs : int
        Number of outputs K.
    seed : int
        Seed of the initial weights, and of dropout. The weights are drawn by NumPy, so that a
        seed means the same network on every device and under every version of TensorFlow.
    """

    #: Whether to compile training with XLA; `benchmarks/training.py` measures both.
    compiles_with_xla = True
    #: Whether a trained weight acts on several outputs, so that they cannot be fitted apart.
    outputs_share_weights = True

    def __init__(self, outputs: int, seed: int = 0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.outputs = outputs
        self.seed = seed

    @abstractmethod
    def penalty(self) -> Any:
        """What the regularisation strength λ multiplies in the objective; a scalar tensor."""

    def gradient_multipliers(self) -> list[float]:
        """Factor on the gradient of every trainable variable before the optimiser sees it."""
        return [1.0] * len(self.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this network again."""
        return {**super().get_config(), "outputs": self.outputs, "seed": self.seed}

    def add_array(self, name: str, values: Array, trainable: bool = True) -> Any:
        """A weight that starts at the given values."""
        return self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype=dtype),
            trainable=trainable,
            name=name,
        )


def flatten(x: Any) -> Any:
    """Samples as rows: (n, …) to (n, features)."""
    return ops.reshape(x, (-1, features(x.shape)))


def features(input_shape: tuple[int | None, ...]) -> int:
    """Number of features of one sample of a batch shape (None, …)."""
    return prod(int(side or 0) for side in input_shape[1:])
