"""LeNet-5 network, the variant with two parallel branches that are summed."""

from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.images import LUMINANCE, interpolation
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Tensor
from kernel_regime.networks.base import Network, flatten, register

with from_extra("networks"):
    from keras import ops

SIDE = 32
"""Height and width of the images that the layers see."""

_LAYERS: dict[str, tuple[int, ...]] = {
    "conv1": (5, 5, 1, 6),
    "conv2_left": (5, 5, 6, 16),
    "conv2_right": (5, 5, 6, 16),
    "conv3": (5, 5, 16, 120),
    "dense4": (120, 84),
}


@register("lenet5")
class LeNet5(Network):
    r"""LeNet-5 as published with the spectral-bias paper; 64,122 parameters for 10 outputs.

    conv 5×5 (6), ReLU, max-pool 2; two branches conv 5×5 (16), ReLU, max-pool 2, summed; conv
    5×5 (120), ReLU; dense 84, ReLU; dense K, no softmax. Convolutions are VALID. All weights and
    biases are :math:`U(\pm 1/\sqrt{\text{fan-in}})`. Colour images are turned grey and others than
    32×32 resized, as the published code resizes MNIST. The penalty is the squared norm of all
    weights, biases left out.

    Parameters
    ----------
    outputs, seed : int
        See `Network`.

    Examples
    --------
    >>> network = LeNet5()
    >>> network.build((None, 28, 28))
    >>> network.count_params()
    64122

    References
    ----------
    Bowman & Montúfar (2022), experiments, and the code published with it.
    """

    #: See `kernel_regime.networks.myrtle`.
    compiles_with_xla = False

    def __init__(self, outputs: int = 10, seed: int = 0, **keywords: object) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the weights.

        Raises
        ------
        ValueError
            If the inputs are not images, grey or of three colours.
        """
        sample = tuple(input_shape[1:])
        if len(sample) not in (2, 3) or sample[2:] not in ((), (1,), (3,)):
            raise InputError(
                f"LeNet5 takes images (s, s), (s, s, 1) or (s, s, 3), got samples of shape "
                f"{sample}; give images, or another network"
            )
        draws = seeded(self.seed)
        self.layer: dict[str, tuple[Tensor, Tensor]] = {}
        for name, shape in {**_LAYERS, "dense5": (84, self.outputs)}.items():
            bound = np.prod(shape[:-1]) ** -0.5
            weights = self.add_array(f"{name}_W", draws.uniform(-bound, bound, shape))
            bias = self.add_array(f"{name}_b", draws.uniform(-bound, bound, shape[-1]))
            self.layer[name] = weights, bias
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Logits of shape (n, K)."""
        x = ops.reshape(self._grey(x), (-1, SIDE, SIDE, 1))
        x = self._pool(self._convolve("conv1", x))
        left, right = self._convolve("conv2_left", x), self._convolve("conv2_right", x)
        x = self._convolve("conv3", self._pool(left) + self._pool(right))
        weights, bias = self.layer["dense4"]
        x = ops.relu(ops.matmul(flatten(x), weights) + bias)
        weights, bias = self.layer["dense5"]
        return ops.matmul(x, weights) + bias

    def penalty(self) -> Tensor:
        """Squared norm of every weight array."""
        return sum(ops.sum(ops.square(weights)) for weights, _ in self.layer.values())

    def _grey(self, x: Tensor) -> Tensor:
        """Grey 32×32 images; those that already are come back untouched."""
        if x.shape[3:] == (3,):
            x = ops.matmul(x, ops.convert_to_tensor(np.reshape(LUMINANCE, (3, 1)), x.dtype))
        height, width = x.shape[1:3]
        if (height, width) == (SIDE, SIDE):
            return x
        down, across = (
            ops.convert_to_tensor(interpolation(old, SIDE), x.dtype) for old in (height, width)
        )
        x = ops.reshape(x, (-1, height, width))
        return ops.matmul(ops.matmul(down, x), ops.transpose(across))

    def _convolve(self, name: str, x: Tensor) -> Tensor:
        weights, bias = self.layer[name]
        return ops.relu(ops.conv(x, weights, padding="valid") + bias)

    @staticmethod
    def _pool(x: Tensor) -> Tensor:
        return ops.max_pool(x, 2, strides=2, padding="valid")


_PUBLISHED = {
    "conv1": "c1.c1.c1",
    "conv2_left": "c2_1.c2.c2",
    "conv2_right": "c2_2.c2.c2",
    "conv3": "c3.c3.c3",
    "dense4": "f4.f4.f4",
    "dense5": "f5.f5.f5",
}


def from_published(parameters: dict[str, Array], **keywords: Any) -> LeNet5:
    """The network with the weights of a checkpoint of the published code.

    Parameters
    ----------
    parameters : dict
        The checkpoint's arrays by name, `c1.c1.c1.weight` (out, in, height, width), and so on.
    """
    outputs = len(parameters["f5.f5.f5.bias"])
    network = LeNet5(outputs=outputs, **keywords)
    network.build((None, SIDE, SIDE))
    for name, theirs in _PUBLISHED.items():
        weights, bias = network.layer[name]
        # (out, in, …) to (…, in, out).
        weights.assign(np.moveaxis(parameters[f"{theirs}.weight"], (0, 1), (-1, -2)))
        bias.assign(parameters[f"{theirs}.bias"])
    return network
