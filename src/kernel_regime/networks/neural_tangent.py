"""Neural-tangent network: a two-layer ReLU network linearised at its initial weights."""

from collections.abc import MutableMapping

import numpy as np
from pydantic import PositiveInt

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments, Tensor
from kernel_regime.networks.base import Network, features, flatten, register
from kernel_regime.networks.random_features import sphere_columns

with from_extra("networks"):
    from keras import ops


@register("neural_tangent")
class NeuralTangent(Network):
    r"""Neural tangent model of a two-layer ReLU network.

    .. math::
        f_k(x) = \sigma(x W) a_k + c_k
               + \sum_i 1[\langle w_i, x \rangle > 0] \, a^0_{k,i} \, \langle G_i, x \rangle

    The columns of W are uniform on the unit sphere and :math:`a^0 \sim N(0, 1)`; both are fixed
    and follow from the seed, so they are not stored. Trained are a, c and G (N × d, shared by
    the K outputs), from 0. The penalty is ‖G‖².

    Parameters
    ----------
    width : int
        Number of hidden units N.
    outputs, seed : int
        See `Network`.

    Examples
    --------
    >>> network = NeuralTangent(width=8)
    >>> network.build((None, 4))
    >>> [tuple(weight.shape) for weight in network.trainable_variables]
    [(8, 1), (1,), (8, 4)]

    References
    ----------
    Ghorbani et al. (2020), equation for NT, and the code published with it.
    """

    linear_in_weights = True

    def __init__(
        self, width: PositiveInt, outputs: int = 1, seed: int = 0, **keywords: object
    ) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)
        self.width = width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the fixed weights; the trained ones start at zero."""
        d = features(input_shape)
        directions = sphere_columns(d, self.width, self.seed)
        # A stream of its own: the blocks of `sphere_columns` take the streams [seed, 0], ….
        draws = seeded(self.seed, 0, 1)
        signs = draws.standard_normal((self.outputs, self.width))
        self.directions = self.add_array("W", directions, trainable=False)
        self.signs = self.add_array("a0", signs, trainable=False)
        self.outer = self.add_array("a", np.zeros((self.width, self.outputs)))
        self.shift = self.add_array("c", np.zeros(self.outputs))
        self.inner = self.add_array("G", np.zeros((self.width, d)))
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Outputs of shape (n, K)."""
        x = flatten(x)
        hidden = ops.matmul(x, self.directions)
        active = ops.cast(hidden > 0, x.dtype)
        tangent = active * ops.matmul(x, ops.transpose(self.inner))
        return (
            ops.matmul(active * hidden, self.outer)
            + self.shift
            + ops.matmul(tangent, ops.transpose(self.signs))
        )

    def factors(self, x: Tensor, units: slice) -> tuple[Tensor, ...]:
        """What `tile` multiplies, for some of the hidden units."""
        x = flatten(x)
        hidden = ops.matmul(x, self.directions[:, units])
        moving = ops.cast(hidden > 0, x.dtype) * ops.abs(self.signs[0, units])
        return ops.relu(hidden), moving, x

    @staticmethod
    def tile(left: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> Tensor:
        """Inner products of gradients of a single output by the weights of some units.

        The sum over all units, and 1 for the output bias, is AAᵀ. Several outputs share G: their
        AAᵀ is n·K × n·K, too large to be of use.
        """
        outer, moving, inputs = (
            ops.matmul(a, ops.transpose(b)) for a, b in zip(left, right, strict=True)
        )
        return outer + moving * inputs

    def penalty(self) -> Tensor:
        """Squared norm of the first-layer directions."""
        return ops.sum(ops.square(self.inner))

    def get_config(self) -> Arguments:
        """The arguments that build this network again."""
        return {**super().get_config(), "width": self.width}

    def save_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Only what was trained; the fixed weights follow from the seed."""
        for name, weights in self._trained().items():
            store[name] = weights.numpy()

    def load_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Inverse of `save_own_variables`."""
        for name, weights in self._trained().items():
            weights.assign(store[name])

    def _trained(self) -> Arguments:
        return {"a": self.outer, "c": self.shift, "G": self.inner}
