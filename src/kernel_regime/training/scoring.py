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
        # Not compiled with XLA, which would compile again for every size of a last batch.
        self._sums = tf.function(self._batch_sums, autograph=False, reduce_retracing=True)

    def __call__(self, name: str, x: Any, y: Any) -> Row:
        """`<name>_loss` and `<name>_accuracy`, means over all samples."""
        starts = range(0, len(x), self._batch)
        rows = (slice(start, start + self._batch) for start in starts)
        return means(name, [self._sums(x[batch], y[batch]) for batch in rows], len(x))

    def _batch_sums(self, x: Any, y: Any) -> Any:
        outputs = self._network(x)
        return sums(self._loss(y, outputs), hits(y, outputs))


def sums(losses: Any, right: Any) -> Any:
    """Sums of losses and hits over a batch, shape (2,)."""
    return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(right)])


def means(name: str, batches: list[Any], n: int) -> Row:
    """Sums of batches as one row of means over n samples."""
    total = np.array([pair.numpy() for pair in batches], np.float64).sum(axis=0)
    return {f"{name}_loss": float(total[0] / n), f"{name}_accuracy": float(total[1] / n)}
