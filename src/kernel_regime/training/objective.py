"""Losses and hits of training, per sample; sums and means are the caller's."""

from collections.abc import Callable

from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import Tensor

with from_extra("networks"):
    import tensorflow as tf


def square(targets: Tensor, outputs: Tensor) -> Tensor:
    """Squared error summed over the outputs, shape (n,): the loss of `kernel_scores`."""
    return tf.reduce_sum(tf.square(outputs - targets), axis=1)


def cross_entropy(targets: Tensor, outputs: Tensor) -> Tensor:
    """Softmax cross-entropy in nats, shape (n,); the class is where the target is largest."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.argmax(targets, axis=1), outputs)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "square": square,
    "cross_entropy": cross_entropy,
}


def hits(targets: Tensor, outputs: Tensor) -> Tensor:
    """1 where the prediction is right, shape (n,): argmax, or the sign of a scalar."""
    if outputs.shape[1] == 1:
        right = (outputs[:, 0] > 0) == (targets[:, 0] > 0)
    else:
        right = tf.argmax(outputs, axis=1) == tf.argmax(targets, axis=1)
    return tf.cast(right, outputs.dtype)
