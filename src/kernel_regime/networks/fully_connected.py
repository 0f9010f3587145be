"""Fully-connected network in mean-field parametrisation."""

from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from kernel_regime.core.extras import from_extra
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments, Tensor
from kernel_regime.networks.base import Network, features, flatten, register

with from_extra("networks"):
    import keras
    from keras import ops


@register("fully_connected")
class FullyConnected(Network):
    r"""ReLU network whose output is an average over units, :math:`f(x) = h_L(x) a / N + c`.

    The first hidden layer is :math:`h_1 = \sigma(x W_1 + b_1)`, a further one
    :math:`h_k = \sigma(h_{k-1} W_k + b_k) / N`; each is followed by dropout.
    :math:`W_1 \sim N(0, 1/d)`, further :math:`W_k \sim N(0, 1)`, biases 0.01,
    :math:`a \sim N(0, 1)`, c = 0.

    Because of the factors 1/N, gradients are multiplied before the optimiser sees them: those of
    the first layer by N, every other by its number of entries, the output bias by one. In these
    units a weight moves by an amount that does not vanish as N grows: this network leaves the
    kernel regime.

    The penalty is :math:`\|W_1\|^2 + \sum_{k>1} \|W_k\|^2 / \sqrt N`.

    Parameters
    ----------
    width : int
        Units N of every hidden layer.
    hidden_layers : int
        Number of hidden layers L.
    dropout : float
        Share of hidden units that a training step leaves out.
    outputs, seed : int
        See `Network`.

    Examples
    --------
    >>> network = FullyConnected(width=8, hidden_layers=2)
    >>> network.build((None, 4))
    >>> network.count_params()  # 8(4 + 1) + 8(8 + 1) + 8 + 1
    121

    References
    ----------
    Ghorbani et al. (2020), appendix on the experiments, and the code published with it.
    """

    def __init__(
        self,
        width: PositiveInt,
        hidden_layers: PositiveInt = 1,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        outputs: int = 1,
        seed: int = 0,
        **keywords: object,
    ) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)
        self.width = width
        self.hidden_layers = hidden_layers
        self.dropout = dropout
        self.dropout_draws = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the weights."""
        draws = seeded(self.seed)
        fan_in, scale = features(input_shape), features(input_shape) ** -0.5
        self.inner, self.biases = [], []
        for layer in range(1, self.hidden_layers + 1):
            weights = scale * draws.standard_normal((fan_in, self.width))
            self.inner.append(self.add_array(f"W{layer}", weights))
            self.biases.append(self.add_array(f"b{layer}", np.full(self.width, 0.01)))
            fan_in, scale = self.width, 1.0
        self.outer = self.add_array("a", draws.standard_normal((self.width, self.outputs)))
        self.shift = self.add_array("c", np.zeros(self.outputs))
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Outputs of shape (n, K)."""
        h = flatten(x)
        for layer, (weights, bias) in enumerate(zip(self.inner, self.biases, strict=True)):
            h = ops.relu(ops.matmul(h, weights) + bias)
            if training and self.dropout:
                h = keras.random.dropout(h, self.dropout, seed=self.dropout_draws)
            if layer:
                h = h / self.width
        return ops.matmul(h, self.outer) / self.width + self.shift

    def penalty(self) -> Tensor:
        """Squared norms, those after the first layer's divided by √N."""
        first, *further = (ops.sum(ops.square(weights)) for weights in self.inner)
        return first + sum(further) / self.width**0.5

    def gradient_multipliers(self) -> list[float]:
        """N for the first layer, the number of entries for the others, 1 for the output bias."""
        first = [float(self.width)] * 2
        further = [float(np.prod(v.shape)) for v in self.trainable_variables[2:-1]]
        return [*first, *further, 1.0]

    def get_config(self) -> Arguments:
        """The arguments that build this network again."""
        own = {"width": self.width, "hidden_layers": self.hidden_layers, "dropout": self.dropout}
        return {**super().get_config(), **own}
