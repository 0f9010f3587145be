"""A small float64 network of every kind, with its NumPy counterpart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.networks.lenet import LeNet5
from kernel_regime.networks.myrtle import Myrtle
from kernel_regime.networks.neural_tangent import NeuralTangent
from kernel_regime.networks.random_features import RandomFeaturesNetwork
from kernel_regime.networks.shallow import Shallow
from tests.networks import oracles


@dataclass(frozen=True)
class Case:
    """Network, its formulas as functions of the list of trainable weights, and one batch."""

    network: Any
    forward: Callable
    penalty: Callable
    multipliers: list
    x: Any

    @property
    def weights(self):
        return [v.numpy() for v in self.network.trainable_variables]


def squares(weights):
    return sum((w**2).sum() for w in weights)


def make_case(name):
    draws = np.random.default_rng(5)

    def case(network, shape, forward, penalty, multipliers=None, shake=0.3):
        x = draws.standard_normal(shape)
        network.build((None, *shape[1:]))
        # Zero starts and equal biases would hide mistakes.
        for v in network.trainable_variables:
            v.assign(v.numpy() + shake * draws.standard_normal(v.shape))
        fixed = [v.numpy() for v in network.non_trainable_variables]
        multipliers = multipliers or [1] * len(network.trainable_variables)
        return Case(network, lambda w, x: forward(w, x, *fixed), penalty, multipliers, x)

    if name.startswith("fully_connected"):
        layers, width = int(name[-1]), 6
        network = FullyConnected(width, layers, outputs=3, seed=1, dtype="float64")
        return case(
            network,
            (7, 2, 4),
            lambda w, x, *_: oracles.fully_connected(w, x, width, layers),
            lambda w: oracles.fully_connected_penalty(w, width, layers),
            [6, 6] + [36, 6] * (layers - 1) + [18, 1],
        )
    if name == "random_features":
        network = RandomFeaturesNetwork(9, outputs=2, seed=1, dtype="float64")
        return case(network, (7, 5), oracles.random_features, lambda w: np.sum(w[0] ** 2))
    if name == "neural_tangent":
        network = NeuralTangent(9, outputs=2, seed=1, dtype="float64")
        return case(network, (7, 5), oracles.neural_tangent, lambda w: np.sum(w[2] ** 2))
    if name == "myrtle":
        network = Myrtle(3, outputs=2, seed=1, dtype="float64")
        return case(network, (2, 32, 32, 3), oracles.myrtle, lambda w: squares(w[:8:2]))
    if name == "lenet5":
        network = LeNet5(outputs=4, seed=1, dtype="float64")
        return case(network, (2, 32, 32), oracles.lenet5, lambda w: squares(w[::2]), shake=0.03)
    network = Shallow(9, name.removeprefix("shallow_"), outputs=2, seed=1, dtype="float64")
    return case(
        network,
        (7, 5),
        lambda w, x: oracles.shallow(w, x, network.activation),
        lambda w: np.sum(w[0] ** 2) + np.sum(w[2] ** 2),
    )


SMALL = (
    "fully_connected_1",
    "fully_connected_2",
    "fully_connected_3",
    "random_features",
    "neural_tangent",
    "shallow_relu",
    "shallow_sigmoid",
    "shallow_tanh",
    "shallow_softplus",
)
CONVOLUTIONAL = ("myrtle", "lenet5")
ALL = (*SMALL, *CONVOLUTIONAL)
