"""Replay of a training, with a look at the network after chosen epochs."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from kernel_regime.training.job import TrainingJob
from kernel_regime.training.methods import GradientDescent
from kernel_regime.training.samples import SampleSplits

if TYPE_CHECKING:
    import keras


def replay(
    job: TrainingJob, samples: SampleSplits, epochs: Collection[int]
) -> "Iterator[tuple[int, keras.Model]]":
    """The network before training, and after each of the given epochs.

    Seeds fix weights, order and dropout, so that it goes the way that it went: nothing but its
    end need be kept of a training. Each network is the same object with other weights.

    Parameters
    ----------
    job : TrainingJob
        By gradient descent, with one penalty.
    samples : SampleSplits
        What it was trained on.
    epochs : collection of int
        Counted from 1; later ones than the last give nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.networks.description import NetworkDescription
    >>> from kernel_regime.training import Batches, GradientDescent, Schedule
    >>> x = np.random.default_rng(0).standard_normal((20, 3))
    >>> samples = SampleSplits.divide((x, x[:, :1]), (x, x[:, :1]), validation=0)
    >>> method = GradientDescent(Schedule(4, 0.05, warm_up=0), Batches(((0, 20),)))
    >>> job = TrainingJob(NetworkDescription("shallow", (("width", 8),)), method, (0.0,), seed=0)
    >>> [epoch for epoch, _ in replay(job, samples, {1, 4})]
    [0, 1, 4]
    """
    from kernel_regime.training.run import compiled_descent

    (penalty,), method = job.penalties, job.method
    if not isinstance(method, GradientDescent):
        raise TypeError(f"{method.kind} has no epochs to look at")
    shape, outputs = samples.train[0].shape[1:], samples.train[1].shape[1]
    network = job.architecture.build(shape, outputs=outputs, seed=job.seed)
    yield 0, network
    descent = compiled_descent(job, method, shape, outputs)
    descent.start_from(network)
    for row in descent.epochs(samples, penalty, job.seed):
        if int(row["epoch"]) + 1 in epochs:
            descent.hand_over(network)
            yield int(row["epoch"]) + 1, network
