"""Scores of a network: loss and accuracy on whole splits, batch by batch."""

import numpy as np

from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import Tensor
from kernel_regime.training.checkpoint import Row
from kernel_regime.training.objective import LOSSES, hits

with from_extra("networks"):
    import keras
    import tensorflow as tf


class Scorer:
    """The compiled forward pass of one network, without dropout.

    Parameters
    ----------
    network : keras.Model
        Built; scored with the weights it has when asked.
    loss : str
        square or cross_entropy.
    batch : int
        Samples per pass.
    """

    def __init__(self, network: keras.Model, loss: str, batch: int) -> None:
        self._network = network
        self._loss = LOSSES[loss]
        self._batch = batch
        # Not compiled with XLA, which would compile again for every size of a split.
        self._sums = tf.function(self._batch_sums, autograph=False, reduce_retracing=True)

    def __call__(self, name: str, x: Tensor, y: Tensor) -> Row:
        """`<name>_loss` and `<name>_accuracy`, means over all samples."""
        return means(name, self._sums(x, y), len(x))

    def _batch_sums(self, x: Tensor, y: Tensor) -> Tensor:
        def batch(start: Tensor) -> Tensor:
            rows = slice(start, start + self._batch)
            outputs = tf.cast(self._network(x[rows]), y.dtype)
            return sums(self._loss(y[rows], outputs), hits(y[rows], outputs))

        starts = tf.range(0, tf.shape(x)[0], self._batch)
        return tf.map_fn(batch, starts, fn_output_signature=y.dtype, parallel_iterations=1)


def sums(losses: Tensor, right: Tensor) -> Tensor:
    """Sums of losses and hits over a batch, shape (2,)."""
    return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(right)])


def means(name: str, batches: Tensor, n: int) -> Row:
    """Sums of batches, shape (batches, 2), as one row of means over n samples."""
    total = batches.numpy().astype(np.float64).sum(axis=0)
    return {f"{name}_loss": float(total[0] / n), f"{name}_accuracy": float(total[1] / n)}
