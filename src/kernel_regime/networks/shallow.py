"""Shallow network in NTK parametrisation, every parameter a standard normal."""

from typing import Literal

from pydantic import PositiveInt

from kernel_regime.core.extras import from_extra
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments, Tensor
from kernel_regime.networks.base import Network, features, flatten, register

with from_extra("networks"):
    from keras import ops

Activation = Literal["relu", "sigmoid", "tanh", "softplus"]

# Keras's softplus is log(1 + exp(x)) in its overflow-free form.
_ACTIVATIONS = {
    "relu": ops.relu,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "softplus": ops.softplus,
}


@register("shallow")
class Shallow(Network):
    r"""Two-layer network :math:`f(x) = \sigma(x W + b) a / \sqrt m + b_0`, all drawn from N(0, 1).

    At large width gradient descent with small steps follows its linearisation. The penalty is
    the squared norm of W and a.

    Parameters
    ----------
    width : int
        Hidden units m.
    activation : str
        One of relu, sigmoid, tanh, softplus.
    outputs, seed : int
        See `Network`.

    Examples
    --------
    >>> network = Shallow(width=8, activation="tanh", outputs=2)
    >>> network.build((None, 4))
    >>> import numpy as np
    >>> tuple(network(np.ones((3, 4))).shape)
    (3, 2)

    References
    ----------
    Bowman & Montúfar (2022), section on shallow networks.
    """

    def __init__(
        self,
        width: PositiveInt,
        activation: Activation = "relu",
        outputs: int = 1,
        seed: int = 0,
        **keywords: object,
    ) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)
        self.width = width
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the weights, the output bias included."""
        draws = seeded(self.seed)
        shape = (features(input_shape), self.width)
        self.inner = self.add_array("W", draws.standard_normal(shape))
        self.bias = self.add_array("b", draws.standard_normal(self.width))
        self.outer = self.add_array("a", draws.standard_normal((self.width, self.outputs)))
        self.shift = self.add_array("b0", draws.standard_normal(self.outputs))
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Outputs of shape (n, K)."""
        hidden = _ACTIVATIONS[self.activation](ops.matmul(flatten(x), self.inner) + self.bias)
        return ops.matmul(hidden, self.outer) / self.width**0.5 + self.shift

    def penalty(self) -> Tensor:
        """Squared norm of both weight matrices."""
        return ops.sum(ops.square(self.inner)) + ops.sum(ops.square(self.outer))

    def get_config(self) -> Arguments:
        """The arguments that build this network again."""
        return {**super().get_config(), "width": self.width, "activation": self.activation}
