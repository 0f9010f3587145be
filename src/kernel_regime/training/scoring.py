"""Loss and accuracy of a network on whole splits, batch by batch."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kernel_regime.networks.base import Network
from kernel_regime.training.checkpoint import Row
from kernel_regime.training.objective import LOSSES, hits

Array = NDArray[Any]


class Scorer:
    """The compiled forward pass of one network, without dropout.

    Parameters
    ----------
    network : Network
        Built; scored with the weights it has when asked.
    loss : str
        square or cross_entropy.
    batch : int
        Samples per pass.
    """

    def __init__(self, network: Network, loss: str, batch: int) -> None:
        self._network = network
        self._loss = LOSSES[loss]
        self._batch = batch
        self._sums = tf.function(
            self._batch_sums, autograph=False, jit_compile=network.compiles_with_xla
        )

    def __call__(self, name: str, x: Any, y: Any) -> Row:
        """`<name>_loss` and `<name>_accuracy`, means over all samples."""
        size = min(len(x), self._batch)
        sums = []
        for start in range(0, len(x), size):
            # One size for the compiler: the last batch is filled up with weight zero.
            rows = np.arange(start, start + size)
            weights = (rows < len(x)).astype(y.dtype.as_numpy_dtype)
            rows = np.minimum(rows, len(x) - 1)
            sums.append(self._sums(tf.gather(x, rows), tf.gather(y, rows), weights))
        return means(name, sums, len(x))

    def _batch_sums(self, x: Any, y: Any, weights: Any) -> Any:
        outputs = self._network(x)
        return batch_sums(weights, self._loss(y, outputs), hits(y, outputs))


def batch_sums(weights: Any, losses: Any, right: Any) -> Any:
    """Weighted sums of losses and hits, shape (2,)."""
    return tf.stack([tf.reduce_sum(weights * losses), tf.reduce_sum(weights * right)])


def means(name: str, sums: list[Any], n: int) -> Row:
    """Sums of batches as one row of means over n samples."""
    total = np.array([pair.numpy() for pair in sums], np.float64).sum(axis=0)
    return {f"{name}_loss": float(total[0] / n), f"{name}_accuracy": float(total[1] / n)}
