"""The papers' networks as Keras models; TensorFlow is loaded when one is first asked for."""

from typing import TYPE_CHECKING

from kernel_regime.core.lazy import lazy_exports

if TYPE_CHECKING:
    from kernel_regime.networks.base import Network
    from kernel_regime.networks.fully_connected import FullyConnected
    from kernel_regime.networks.lenet import LeNet5
    from kernel_regime.networks.myrtle import Myrtle
    from kernel_regime.networks.neural_tangent import NeuralTangent
    from kernel_regime.networks.random_features import RandomFeatures
    from kernel_regime.networks.shallow import Shallow
    from kernel_regime.networks.storage import load_network, save_network

__all__ = [
    "FullyConnected",
    "LeNet5",
    "Myrtle",
    "Network",
    "NeuralTangent",
    "RandomFeatures",
    "Shallow",
    "load_network",
    "save_network",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "FullyConnected": "fully_connected",
        "LeNet5": "lenet",
        "Myrtle": "myrtle",
        "Network": "base",
        "NeuralTangent": "neural_tangent",
        "RandomFeatures": "random_features",
        "Shallow": "shallow",
        "load_network": "storage",
        "save_network": "storage",
    },
)
