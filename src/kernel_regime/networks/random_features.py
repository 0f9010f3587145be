"""Random-features network: a linear model over ReLU features that are never trained."""

from collections.abc import MutableMapping

import numpy as np
from pydantic import PositiveInt

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments, Tensor
from kernel_regime.networks.base import Network, features, flatten, register

with from_extra("networks"):
    from keras import ops

COLUMNS_PER_DRAW = 4096
"""Columns drawn from one random stream: fixed, since it decides what a seed means."""


def sphere_columns(dimension: int, count: int, seed: int) -> Array:
    """Unit vectors, uniform on the sphere, as columns: (dimension, count), float32.

    Drawn in blocks of columns, so that hundreds of thousands of them need no second copy.
    """
    columns = np.empty((dimension, count), np.float32)
    for block, start in enumerate(range(0, count, COLUMNS_PER_DRAW)):
        part = columns[:, start : start + COLUMNS_PER_DRAW]
        draws = seeded(seed, block).standard_normal(part.shape)
        part[:] = draws / np.linalg.norm(draws, axis=0)
    return columns


@register("random_features", saved_as="RandomFeatures")
class RandomFeaturesNetwork(Network):
    r"""The linear model :math:`f(x) = \sigma(x W) a + c` over fixed random ReLU features.

    The columns of W (d × N) are uniform on the unit sphere and follow from the seed alone: they
    are not stored with the model. Trained are a and c, from 0. The penalty is ‖a‖².
    (`kernel_regime.kernels.RandomFeatures`, the kernel, draws Gaussian directions instead, and
    adds 1: the published code has these two laws.)

    Parameters
    ----------
    width : int
        Number of features N.
    outputs, seed : int
        See `Network`.

    Examples
    --------
    >>> network = RandomFeaturesNetwork(width=8)
    >>> network.build((None, 4))
    >>> [tuple(weight.shape) for weight in network.trainable_variables]
    [(8, 1), (1,)]

    References
    ----------
    Ghorbani et al. (2020), equation for RF, and the code published with it.
    """

    linear_in_weights = True
    outputs_share_weights = False

    def __init__(
        self, width: PositiveInt, outputs: int = 1, seed: int = 0, **keywords: object
    ) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)
        self.width = width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the fixed layer; the trained one starts at zero."""
        directions = sphere_columns(features(input_shape), self.width, self.seed)
        self.directions = self.add_array("W", directions, trainable=False)
        self.outer = self.add_array("a", np.zeros((self.width, self.outputs)))
        self.shift = self.add_array("c", np.zeros(self.outputs))
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Outputs of shape (n, K)."""
        hidden = ops.relu(ops.matmul(flatten(x), self.directions))
        return ops.matmul(hidden, self.outer) + self.shift

    def gradients(self, x: Tensor) -> Tensor:
        """A, a row for each sample: by the weights of one output, and 1 by its intercept."""
        hidden = ops.relu(ops.matmul(flatten(x), self.directions))
        return ops.concatenate([hidden, ops.ones_like(hidden[:, :1])], axis=1)

    def factors(self, x: Tensor, units: slice) -> tuple[Tensor, ...]:
        """What `tile` multiplies, for some of the hidden units."""
        return (ops.relu(ops.matmul(flatten(x), self.directions[:, units])),)

    @staticmethod
    def tile(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> Tensor:
        """Inner products of gradients by the weights of some units; the same for every output.

        The sum over all units, and 1 for the output bias, is AAᵀ.
        """
        return ops.matmul(left[0], ops.transpose(right[0]))

    def penalty(self) -> Tensor:
        """Squared norm of the trained weights, the intercept left out."""
        return ops.sum(ops.square(self.outer))

    def get_config(self) -> Arguments:
        """The arguments that build this network again."""
        return {**super().get_config(), "width": self.width}

    def save_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Only what was trained; the fixed layer follows from the seed."""
        store["a"], store["c"] = self.outer.numpy(), self.shift.numpy()

    def load_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Inverse of `save_own_variables`."""
        self.outer.assign(store["a"])
        self.shift.assign(store["c"])
