"""Gradient descent of any Keras model: compiled epochs, and a way back after a kill."""

import time
from collections.abc import Callable, Iterator

from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import Tensor
from kernel_regime.networks.base import gradient_factors, weight_penalty
from kernel_regime.training.checkpoint import Checkpoint, Row
from kernel_regime.training.methods import GradientDescent
from kernel_regime.training.objective import LOSSES, hits
from kernel_regime.training.samples import SampleSplits, Split
from kernel_regime.training.scoring import Scorer, means, sums

with from_extra("networks"):
    import keras
    import tensorflow as tf

# A loss so many times that of predicting zero, and of the first epoch, never comes back.
DIVERGED = 1e3
# In batches of so many, products are most of a step: oneDNN's take two thirds of the time of XLA's
# on CPUs. In smaller ones XLA makes fewer passes over the weights.
PRODUCTS_PREVAIL = 500

_OPTIMISERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "momentum": lambda: keras.optimizers.SGD(momentum=0.9),
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
}


class DivergenceError(RuntimeError):
    """The loss left every bound; `curve` is what was recorded until then."""

    def __init__(self, message: str, curve: list[Row]) -> None:
        super().__init__(message)
        self.curve = curve


class Descent:
    """The compiled training of one network.

    The objective is the mean loss, plus λ times the network's penalty, plus the losses that a
    Keras model adds by itself (regularisers of its layers).

    Compiling takes about a second: use one object for all the seeds, penalties and noise levels
    that share an architecture, and `start_from` between them.

    Parameters
    ----------
    network : keras.Model
        Built; its variables are trained in place. A `Network` says its penalty and the factors
        on its gradients; for other models see `weight_penalty`.
    method : GradientDescent
        Schedule, batches, optimiser and loss.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.networks import Shallow
    >>> from kernel_regime.training import Batches, GradientDescent, SampleSplits, Schedule
    >>> network = Shallow(width=16)
    >>> network.build((None, 2))
    >>> x = np.random.default_rng(0).standard_normal((20, 2))
    >>> samples = SampleSplits.divide((x, x[:, :1]), (x, x[:, :1]), validation=0)
    >>> method = GradientDescent(Schedule(50, 0.05, warm_up=0), Batches(((0, 20),)))
    >>> curve = Descent(network, method).train(samples, penalty=0.0, seed=0)
    >>> curve[-1]["train_loss"] < curve[0]["train_loss"] / 10
    True
    """

    def __init__(self, network: keras.Model, method: GradientDescent) -> None:
        self.network = network
        self.method = method
        self._dtype = network.variable_dtype
        self._loss = LOSSES[method.loss]
        self._optimiser = _OPTIMISERS[method.optimiser]()
        self._optimiser.build(network.trainable_variables)
        self._factors = gradient_factors(network)
        self._pass, self._pass_with_xla = (
            tf.function(self._all_steps, autograph=False, jit_compile=xla) for xla in (False, True)
        )
        self._score = Scorer(network, method.loss, max(size for _, size in method.batches.sizes))

    def start_from(self, network: keras.Model) -> None:
        """Take over another network's variables, and forget what the optimiser remembers."""
        _assign(self.network.variables, [v.numpy() for v in network.variables])
        _assign(self._optimiser.variables, [0 * v.numpy() for v in self._optimiser.variables])

    def hand_over(self, network: keras.Model) -> None:
        """Give another network of the same architecture the variables as they are."""
        _assign(network.variables, [v.numpy() for v in self.network.variables])

    def train(
        self,
        samples: SampleSplits,
        penalty: float,
        seed: int,
        checkpoint: Checkpoint | None = None,
        report: Callable[[Row], None] = lambda row: None,
    ) -> list[Row]:
        """Run all epochs and return one row for each.

        Rows hold the loss and accuracy of the training samples (averaged over the epoch, as the
        weights move, dropout included), of the validation and the test samples (after the
        epoch), the network's penalty, and the seconds since the start.

        Parameters
        ----------
        samples : SampleSplits
            Training, validation and test samples.
        penalty : float
            Regularisation strength λ.
        seed : int
            Fixes the order of the samples.
        checkpoint : Checkpoint, optional
            Where to resume from, and to save to on the way.
        report : callable
            Receives every row as it is made.

        Raises
        ------
        DivergenceError
            If the training loss is not finite, or `DIVERGED` times both that of predicting zero
            and that of the first epoch: in NTK parametrisation, networks start far from zero.
        """
        curve = self._resume(checkpoint)
        zero_loss = float(self._zero_loss(samples.train[1]))
        before = curve[-1]["seconds"] if curve else 0.0
        start = time.perf_counter()
        for row in self.epochs(samples, penalty, seed, first=len(curve)):
            curve.append(row | {"seconds": before + time.perf_counter() - start})
            report(curve[-1])
            if not row["train_loss"] < DIVERGED * max(zero_loss, curve[0]["train_loss"]):
                raise DivergenceError(self._divergence(row, penalty), curve)
            if checkpoint and checkpoint.due(len(curve)):
                checkpoint.save([v.numpy() for v in self._state], curve)
        return curve

    def epochs(
        self, samples: SampleSplits, penalty: float, seed: int, first: int = 0
    ) -> Iterator[Row]:
        """Train epoch by epoch, from `first` on: the row of each as soon as it is done."""
        tensors = {name: self._tensors(split) for name, split in samples.splits.items()}
        for epoch in range(first, self.method.schedule.epochs):
            yield self._epoch(epoch, tensors, penalty, seed)

    def scores(self, samples: SampleSplits) -> Row:
        """Loss and accuracy of every split with the weights as they are, without dropout."""
        row: Row = {}
        for name, split in samples.splits.items():
            row |= self._score(name, *self._tensors(split))
        return row

    @property
    def _state(self) -> list[Tensor]:
        return [*self.network.variables, *self._optimiser.variables]

    def _resume(self, checkpoint: Checkpoint | None) -> list[Row]:
        shapes = [tuple(variable.shape) for variable in self._state]
        stored = checkpoint.load(shapes) if checkpoint else None
        if stored is None:
            return []
        variables, curve = stored
        _assign(self._state, variables)
        return curve

    def _epoch(self, epoch: int, tensors: dict[str, Tensor], penalty: float, seed: int) -> Row:
        self._optimiser.learning_rate = rate = self.method.schedule(epoch)
        strength = tf.constant(penalty, self._dtype)
        x, y = tensors["train"]
        rows, weights = self.method.batches.draw(epoch, len(x), seed)
        with_xla = getattr(self.network, "compiles_with_xla", False)
        few = rows.shape[1] < PRODUCTS_PREVAIL
        all_steps = self._pass_with_xla if with_xla and few else self._pass
        steps = all_steps(x, y, rows, tf.cast(weights, self._dtype), strength)
        row = {"epoch": epoch, "learning_rate": rate} | means("train", steps, len(x))
        for name in tensors.keys() - {"train"}:
            row |= self._score(name, *tensors[name])
        return row | {"weight_penalty": float(weight_penalty(self.network))}

    def _all_steps(
        self, x: Tensor, y: Tensor, rows: Tensor, weights: Tensor, penalty: Tensor
    ) -> Tensor:
        """One compiled call for all steps of an epoch: small ones would wait for Python."""

        def step(batch: Tensor) -> Tensor:
            chosen, weight = batch
            return self._one_step(tf.gather(x, chosen), tf.gather(y, chosen), weight, penalty)

        return tf.map_fn(
            step, (rows, weights), fn_output_signature=self._dtype, parallel_iterations=1
        )

    def _one_step(self, x: Tensor, y: Tensor, weights: Tensor, penalty: Tensor) -> Tensor:
        with tf.GradientTape() as tape:
            outputs = tf.cast(self.network(x, training=True), self._dtype)
            losses = self._loss(y, outputs)
            objective = tf.reduce_sum(weights * losses) / tf.reduce_sum(weights)
            objective += penalty * weight_penalty(self.network)
            objective += sum(self.network.losses)
        variables = self.network.trainable_variables
        unused = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(objective, variables, unconnected_gradients=unused)
        scaled = [k * g for k, g in zip(self._factors, gradients, strict=True)]
        self._optimiser.apply(scaled, variables)
        return sums(weights * losses, weights * hits(y, outputs))

    def _tensors(self, split: Split) -> tuple[Tensor, Tensor]:
        return tf.convert_to_tensor(split[0], self._dtype), tf.convert_to_tensor(
            split[1], self._dtype
        )

    def _zero_loss(self, targets: Array) -> Tensor:
        return tf.reduce_mean(self._loss(targets, tf.zeros_like(targets)))

    def _divergence(self, row: Row, penalty: float) -> str:
        return (
            f"training diverged in epoch {row['epoch']:.0f}: loss {row['train_loss']:.3g} at "
            f"learning rate {row['learning_rate']:.3g} and penalty {penalty:.3g}; give a smaller "
            f"learning_rate than {self.method.schedule.learning_rate:g}, or a smaller penalty"
        )


def _assign(variables: list[Tensor], values: list[Array]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
