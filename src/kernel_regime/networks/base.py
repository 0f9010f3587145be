"""Network base class and registry: Keras models that know how they want to be trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import prod
from typing import ClassVar, TypeVar, cast

from kernel_regime.core.arrays import Array, as_floating
from kernel_regime.core.extras import from_extra
from kernel_regime.core.registry import Registry
from kernel_regime.core.types import Arguments, Tensor

with from_extra("networks"):
    import keras
    from keras import ops

Declared = TypeVar("Declared", bound=type[keras.Model])

registry: Registry[keras.Model] = Registry("network", "kernel_regime.networks", keras.Model)


def register(kind: str, saved_as: str | None = None) -> Callable[[Declared], Declared]:
    """Declare the network class below under this kind, for parameters and for `.keras` files.

    Parameters
    ----------
    kind : str
        What parameters and fingerprints call it.
    saved_as : str, optional
        What files call it; its class's name if left out. A class that is renamed keeps it.

    Examples
    --------
    >>> registry.find("random_features").linear_in_weights
    True
    >>> registry.find("shallow").kind
    'shallow'
    """

    def declare(declared: Declared) -> Declared:
        in_files = keras.saving.register_keras_serializable("kernel_regime", saved_as)
        return cast(Declared, in_files(registry.register(kind)(declared)))

    return declare


class Network(keras.Model, ABC):
    """A model that draws its weights from one seed, and says how it wants to be trained.

    Parameters
    ----------
    outputs : int
        Number of outputs K.
    seed : int
        Seed of the initial weights, and of dropout. The weights are drawn by NumPy, so that a
        seed means the same network on every device and under every version of TensorFlow.

    Examples
    --------
    >>> from kernel_regime.networks import Shallow
    >>> one, again = Shallow(width=2, seed=7), Shallow(width=2, seed=7)
    >>> x = [[1.0, 2.0]]
    >>> bool(ops.all(one(x) == again(x)))
    True
    """

    kind: ClassVar[str]
    #: Whether outputs are linear in the trained weights: such a model is its own linearisation,
    #: and conjugate gradients can fit it.
    linear_in_weights: ClassVar[bool] = False
    #: Whether XLA compiles training in small batches; `benchmarks/training.py` measures both.
    compiles_with_xla = True
    #: Whether a trained weight acts on several outputs, so that they cannot be fitted apart.
    outputs_share_weights = True

    def __init__(self, outputs: int, seed: int = 0, **keywords: object) -> None:
        super().__init__(**keywords)
        self.outputs = outputs
        self.seed = seed

    def __call__(self, x: Tensor, *arguments: object, **keywords: object) -> Tensor:
        """Outputs (n, K) of samples (n, …): any array-like of numbers, bytes included."""
        if not (keras.backend.is_keras_tensor(x) or ops.is_tensor(x)):
            x = as_floating(x, "x")
        return super().__call__(ops.cast(x, self.compute_dtype), *arguments, **keywords)

    @abstractmethod
    def penalty(self) -> Tensor:
        """What the regularisation strength λ multiplies in the objective; a scalar tensor."""

    def gradient_multipliers(self) -> list[float]:
        """Factor on the gradient of every trainable variable before the optimiser sees it."""
        return [1.0] * len(self.trainable_variables)

    def get_config(self) -> Arguments:
        """The arguments that build this network again."""
        return {**super().get_config(), "outputs": self.outputs, "seed": self.seed}

    def add_array(self, name: str, values: Array, trainable: bool = True) -> Tensor:
        """A weight that starts at the given values."""
        return self.add_weight(
            shape=values.shape,
            initializer=lambda shape, dtype: ops.convert_to_tensor(values, dtype=dtype),
            trainable=trainable,
            name=name,
        )


def weight_penalty(model: keras.Model) -> Tensor:
    """What λ multiplies in the objective of any model; a scalar tensor.

    A model's own `penalty`; without one, the squared norm of all trained weights with two axes or
    more: biases and scales are left out.

    Examples
    --------
    >>> model = keras.Sequential([keras.layers.Dense(2, kernel_initializer="ones")])
    >>> model.build((None, 3))
    >>> float(weight_penalty(model))
    6.0
    """
    if hasattr(model, "penalty"):
        return model.penalty()
    weights = [v for v in model.trainable_variables if len(v.shape) > 1]
    return sum((ops.sum(ops.square(v)) for v in weights), start=ops.zeros((), model.variable_dtype))


def gradient_factors(model: keras.Model) -> list[float]:
    """Factor on the gradient of every trainable variable of any model: 1, if it says nothing."""
    if hasattr(model, "gradient_multipliers"):
        return [float(factor) for factor in model.gradient_multipliers()]
    return [1.0] * len(model.trainable_variables)


def flatten(x: Tensor) -> Tensor:
    """Samples as rows: (n, …) to (n, features)."""
    return ops.reshape(x, (-1, features(x.shape)))


def features(input_shape: tuple[int | None, ...]) -> int:
    """Number of features of one sample of a batch shape (None, …)."""
    return prod(int(side or 0) for side in input_shape[1:])
