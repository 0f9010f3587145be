"""The five-layer Myrtle network: four convolutions, average pools, one dense layer."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kernel_regime.core.errors import InputError
from kernel_regime.networks.base import Network, flatten

# Pools that follow each convolution; the last three shrink an eighth of the side to a 32nd.
_POOLS = (0, 1, 1, 3)


@keras.saving.register_keras_serializable(package="kernel_regime")
class Myrtle(Network):
    r"""Myrtle-5 with N channels: conv, conv, pool, conv, pool, conv, pool, pool, pool, dense.

    Convolutions are 3×3, stride 1, SAME, each followed by ReLU; pools average 2×2 blocks.
    Convolution weights :math:`N(0, 2 / (9 N))`, biases 0.01, dense weights N(0, 1/fan-in), dense
    bias 0. The penalty is the squared norm of the convolution weights.

    Parameters
    ----------
    width : int
        Channels N of every convolution.
    outputs, seed : int
        See `Network`.

    References
    ----------
    Shankar et al. (2020); Ghorbani et al. (2020), and the code published with it.
    """

    #: oneDNN's convolutions take half the time of those that XLA makes for CPUs, and in the
    #: loop over an epoch's steps a few epochs of 512 images were not done in nine minutes.
    compiles_with_xla = False

    def __init__(self, width: int, outputs: int = 1, seed: int = 0, **keywords: Any) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)
        self.width = width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the weights.

        Raises
        ------
        ValueError
            If the images cannot be halved five times.
        """
        height, width, channels = _image_shape(input_shape)
        if height % 32 or width % 32:
            raise InputError(
                f"Myrtle halves its images five times: {height}×{width} does not divide by 32; "
                "crop or pad the images"
            )
        draws = np.random.default_rng(self.seed)
        self.filters, self.biases = [], []
        scale = (2 / (9 * self.width)) ** 0.5
        for layer, fan_in in enumerate([channels] + [self.width] * (len(_POOLS) - 1)):
            weights = scale * draws.standard_normal((3, 3, fan_in, self.width))
            self.filters.append(self.add_array(f"W{layer}", weights))
            self.biases.append(self.add_array(f"b{layer}", np.full(self.width, 0.01)))
        fan_in = height // 32 * (width // 32) * self.width
        weights = fan_in**-0.5 * draws.standard_normal((fan_in, self.outputs))
        self.outer = self.add_array("a", weights)
        self.shift = self.add_array("c", np.zeros(self.outputs))
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        """Outputs of shape (n, K)."""
        if len(x.shape) == 3:
            x = ops.expand_dims(x, -1)
        for weights, bias, pools in zip(self.filters, self.biases, _POOLS, strict=True):
            x = ops.relu(ops.conv(x, weights, padding="same") + bias)
            for _ in range(pools):
                x = ops.average_pool(x, 2, strides=2, padding="valid")
        return ops.matmul(flatten(x), self.outer) + self.shift

    def penalty(self) -> Any:
        """Squared norm of the convolution weights."""
        return sum(ops.sum(ops.square(weights)) for weights in self.filters)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this network again."""
        return {**super().get_config(), "width": self.width}


def _image_shape(input_shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    """Height, width and channels of a batch (None, s, s) or (None, s, s, c).

    Raises
    ------
    ValueError
        If the samples are not images.
    """
    if len(input_shape) not in (3, 4):
        raise InputError(
            f"a convolutional network needs images (n, s, s) or (n, s, s, c), got samples of shape "
            f"{tuple(input_shape[1:])}; use a fully-connected network for vectors"
        )
    height, width, *channels = (int(side or 0) for side in input_shape[1:])
    return height, width, channels[0] if channels else 1
