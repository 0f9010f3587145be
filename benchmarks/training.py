"""Training: steps of gradient descent and iterations of conjugate gradients."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.harness import Row, compare, emit, seconds
from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.networks.myrtle import Myrtle
from kernel_regime.networks.neural_tangent import NeuralTangent
from kernel_regime.networks.random_features import RandomFeaturesNetwork
from kernel_regime.training import descent
from kernel_regime.training.linear_fit import linear_fit
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule

Array = NDArray[Any]

PENALTY = 1e-6
RNG = np.random.default_rng(0)


def samples(n: int, shape: tuple[int, ...], outputs: int) -> SampleSplits:
    """Gaussian inputs and targets; one test sample, so that steps are all that is timed."""
    x = RNG.standard_normal((n, *shape), np.float32)
    y = RNG.standard_normal((n, outputs), np.float32)
    return SampleSplits((x, y), (x[:1], y[:1]))


def one_epoch(network: Any, data: SampleSplits, batch: int) -> Callable[[], Any]:
    """One epoch of ours, compiled before it is timed."""
    network.build((None, *data.train[0].shape[1:]))
    method = GradientDescent(Schedule(1, 1e-6, warm_up=0), Batches(((0, batch),)))
    training = descent.Descent(network, method)
    return lambda: training.train(data, PENALTY, seed=0)


def fitted_epoch(network: Any, data: SampleSplits, batch: int) -> Callable[[], Any]:
    """The same epoch by `Model.fit`, penalty included."""
    x, y = data.train
    network.build((None, *x.shape[1:]))

    def loss(targets: Any, outputs: Any) -> Any:
        squares = tf.reduce_mean(tf.reduce_sum(tf.square(outputs - targets), axis=1))
        return squares + PENALTY * network.penalty()

    network.compile(optimizer=keras.optimizers.SGD(1e-6, momentum=0.9), loss=loss)
    return lambda: network.fit(x, y, batch_size=batch, verbose=0)


def fully_connected() -> list[Row]:
    """Steps at N = 4096, d = 784, batches of 1000."""
    n, d, width = 8000, 784, 4096
    data = samples(n, (d,), 10)
    ours = one_epoch(FullyConnected(width, outputs=10), data, 1000)
    row = compare(
        "FullyConnected, N = 4096, d = 784: 8 steps of 1000",
        ours,
        "Model.fit",
        fitted_epoch(FullyConnected(width, outputs=10), data, 1000),
    )
    # Forward, and backward to the weights: two products with W₁, three thin ones with a.
    work = 2 * n * width * (2 * d + 3 * 10) / 1e9
    left, right = tf.constant(data.train[0][:1000]), tf.random.normal((d, width))
    peak = max(_rate(left, right, False), _rate(left, right, True))
    share = Row(
        work="FullyConnected, N = 4096, d = 784: share of matrix products",
        ours=work / row.ours,
        against="float32 tf.matmul, same cores",
        other=peak,
        unit="GFLOP/s",
        required=0.7,
    )
    return [row, share]


def _rate(left: Any, right: Any, xla: bool) -> float:
    """GFLOP/s of one matrix product."""
    product = tf.function(lambda: tf.matmul(left, right), jit_compile=xla)
    times = []
    for _ in range(12):
        start = time.perf_counter()
        product().numpy()
        times.append(time.perf_counter() - start)
    flops = 2 * left.shape[0] * left.shape[1] * right.shape[1]
    return float(flops / 1e9 / median(times[2:]))


def published_tangent(x: Array, width: int) -> Callable[[], Any]:
    """The published Hessian-vector product of NeuralTangent, batches of 2000, one output."""
    d = x.shape[1]
    fixed, signs = tf.random.normal((d, width)), tf.random.normal((1, 1, width))
    weights = [tf.Variable(tf.zeros(shape)) for shape in ((width, d), (width, 1), (1, 1))]
    vector = [tf.ones_like(w) for w in weights]
    batches = [tf.constant(x[i : i + 2000]) for i in range(0, len(x), 2000)]

    @tf.function
    def product(x: Any) -> Any:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                g, a, c = weights
                z = tf.matmul(x, fixed)
                active = tf.expand_dims(0.5 * (tf.sign(z) + 1.0), 1) * signs
                tangent = tf.reduce_sum(tf.tensordot(active, g, [[2], [0]]) * x[:, None, :], axis=2)
                outputs = tf.matmul(tf.nn.relu(z), a) + c + tangent
                loss = tf.reduce_mean(tf.reduce_sum((outputs - 1.0) ** 2, axis=1))
            gradients = inner.gradient(loss, weights)
        return outer.gradient(gradients, weights, output_gradients=vector)

    return lambda: [[part.numpy() for part in product(batch)] for batch in batches]


def published_features(x: Array, width: int) -> Callable[[], Any]:
    """The published product of RandomFeaturesNetwork, batches of 2000, one output."""
    fixed, vector = tf.random.normal((x.shape[1], width)), tf.ones((width, 1))
    batches = [tf.constant(x[i : i + 2000]) for i in range(0, len(x), 2000)]

    @tf.function
    def product(x: Any) -> Any:
        hidden = tf.nn.relu(tf.matmul(x, fixed))
        return tf.reduce_mean(tf.matmul(hidden, vector) * hidden, axis=0)

    return lambda: [product(batch).numpy() for batch in batches]


def conjugate_gradients() -> list[Row]:
    """Twenty penalties as published, and ten iterations alone, at CIFAR-2's width and dimension."""
    n, d, width = 4000, 1024, 4096
    x = noisy_patterns(n, d)
    y = RNG.standard_normal((n, 1), np.float32)
    rows = []
    for kind, published in (
        (NeuralTangent, published_tangent),
        (RandomFeaturesNetwork, published_features),
    ):
        network = kind(width=width)
        network.build((None, d))
        product = published(x, width)
        product()
        other = median(seconds(product) for _ in range(5))
        for work, penalties, method, required in (
            ("20 penalties", np.logspace(4, -4, 20), ConjugateGradients(), 3),
            ("one penalty", [1e-3], ConjugateGradients(10, tolerance=1e-30), None),
        ):
            start = time.perf_counter()
            fit = linear_fit(network, x, y, method)
            iterations = sum(fit.solve(penalty).iterations for penalty in penalties)
            ours = time.perf_counter() - start
            rows.append(
                Row(
                    work=f"{kind.__name__}, N = {width}, n = {n}, d = {d}: {work}, "
                    f"{iterations} CG iterations in all",
                    ours=ours,
                    against="as many published Hessian-vector products",
                    other=other * iterations,
                    required=required,
                    note="ours with AAᵀ and the weights of every solution",
                )
            )
    return rows


def noisy_patterns(n: int, d: int) -> Array:
    """Rows of norm √d whose variances fall as those of images do, as 1/k."""
    x = RNG.standard_normal((n, d), np.float32) / np.sqrt(np.arange(1, d + 1, dtype=np.float32))
    return x * np.float32(d**0.5) / np.linalg.norm(x, axis=1, keepdims=True)


def myrtle() -> Row:
    """An epoch of CIFAR-2's 10,000 images, 64 channels."""
    data = samples(10_000, (32, 32, 1), 1)
    return compare(
        "Myrtle, 64 channels, an epoch of 10,000 images of 32×32",
        one_epoch(Myrtle(64), data, 128),
        "Model.fit",
        fitted_epoch(Myrtle(64), data, 128),
        repeats=2,
    )


def compilers() -> list[Row]:
    """Epochs by the compiler that suits their batches, and by the other one."""
    rows = []
    for n, d, width, batch in ((8000, 784, 4096, 1000), (1200, 64, 256, 128)):
        data = samples(n, (d,), 10)
        epoch = one_epoch(FullyConnected(width, outputs=10), data, batch)
        plain = batch >= descent.PRODUCTS_PREVAIL
        limit = batch + 1 if plain else 0

        def otherwise(epoch: Callable[[], Any] = epoch, limit: int = limit) -> Any:
            with patch.object(descent, "PRODUCTS_PREVAIL", limit):
                return epoch()

        rows.append(
            compare(
                f"FullyConnected, N = {width}, d = {d}: an epoch of {n} in batches of {batch}",
                epoch,
                "with XLA" if plain else "without XLA",
                otherwise,
            )
        )
    return rows


if __name__ == "__main__":
    emit([*fully_connected(), *conjugate_gradients(), *compilers(), myrtle()])
