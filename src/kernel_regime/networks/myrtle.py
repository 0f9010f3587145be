"""Myrtle network of five layers: four convolutions, average pools, one dense layer."""

import numpy as np
from pydantic import PositiveInt

from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments, Tensor
from kernel_regime.networks.base import Network, flatten, register

with from_extra("networks"):
    from keras import ops

# Pools that follow each convolution, where the images are large enough for all.
_POOLS = (0, 1, 1, 3)


@register("myrtle")
class Myrtle(Network):
    r"""Myrtle-5 with N channels: conv, conv, pool, conv, pool, conv, pool, pool, pool, dense.

    Convolutions are 3×3, stride 1, SAME, each followed by ReLU; pools average 2×2 blocks. On
    images smaller than 32×32 nothing is left for some of the last pools, which are then left out,
    as in `kernel_regime.kernels.MyrtleNTK`; on larger ones the dense layer sees several positions.
    Convolution weights :math:`N(0, 2 / (9 N))`, biases 0.01, dense weights N(0, 1/fan-in), dense
    bias 0. The penalty is the squared norm of the convolution weights.

    Parameters
    ----------
    width : int
        Channels N of every convolution.
    outputs, seed : int
        See `Network`.

    Examples
    --------
    >>> network = Myrtle(width=4)
    >>> network.build((None, 8, 8, 3))
    >>> network.count_params()
    561

    References
    ----------
    Shankar et al. (2020); Ghorbani et al. (2020), and the code published with it.
    """

    #: oneDNN's convolutions take half the time of those that XLA makes for CPUs, and in the
    #: loop over an epoch's steps a few epochs of 512 images were not done in nine minutes.
    compiles_with_xla = False

    def __init__(
        self, width: PositiveInt, outputs: int = 1, seed: int = 0, **keywords: object
    ) -> None:
        super().__init__(outputs=outputs, seed=seed, **keywords)
        self.width = width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Draw the weights.

        Raises
        ------
        InputError
            If the samples are no images, or the pools do not divide their sides.
        """
        height, width, channels = _image_shape(input_shape)
        self.pools = _pools(height, width)
        draws = seeded(self.seed)
        self.filters, self.biases = [], []
        scale = (2 / (9 * self.width)) ** 0.5
        for layer, fan_in in enumerate([channels] + [self.width] * (len(_POOLS) - 1)):
            weights = scale * draws.standard_normal((3, 3, fan_in, self.width))
            self.filters.append(self.add_array(f"W{layer}", weights))
            self.biases.append(self.add_array(f"b{layer}", np.full(self.width, 0.01)))
        step = 2 ** sum(self.pools)
        fan_in = height // step * (width // step) * self.width
        weights = fan_in**-0.5 * draws.standard_normal((fan_in, self.outputs))
        self.outer = self.add_array("a", weights)
        self.shift = self.add_array("c", np.zeros(self.outputs))
        self.built = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Outputs of shape (n, K)."""
        if len(x.shape) == 3:
            x = ops.expand_dims(x, -1)
        for weights, bias, pools in zip(self.filters, self.biases, self.pools, strict=True):
            x = ops.relu(ops.conv(x, weights, padding="same") + bias)
            for _ in range(pools):
                x = ops.average_pool(x, 2, strides=2, padding="valid")
        return ops.matmul(flatten(x), self.outer) + self.shift

    def penalty(self) -> Tensor:
        """Squared norm of the convolution weights."""
        return sum(ops.sum(ops.square(weights)) for weights in self.filters)

    def get_config(self) -> Arguments:
        """The arguments that build this network again."""
        return {**super().get_config(), "width": self.width}


def _image_shape(input_shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    """Height, width and channels of a batch (None, s, s) or (None, s, s, c)."""
    sample = tuple(int(side or 0) for side in input_shape[1:])
    if len(sample) not in (2, 3):
        raise InputError(
            f"a convolutional network needs images (n, s, s) or (n, s, s, c), got samples of shape "
            f"{sample}; use a fully-connected network for vectors"
        )
    height, width, *channels = sample
    return height, width, channels[0] if channels else 1


def _pools(height: int, width: int) -> tuple[int, ...]:
    """Pools after each convolution, as many as images of this size leave something for.

    >>> _pools(32, 32), _pools(8, 8), _pools(4, 4)
    ((0, 1, 1, 3), (0, 1, 1, 1), (0, 1, 1, 0))
    """
    for side in (height, width):
        if side not in (4, 8, 16) and (side < 32 or side % 32):
            raise InputError(
                f"Myrtle halves its images up to five times, which {height}×{width} does not "
                "allow; pad or crop to 4, 8, 16 or a multiple of 32"
            )
    return (*_POOLS[:-1], min(_POOLS[-1], min(height, width).bit_length() - 3))
