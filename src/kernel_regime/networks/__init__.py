"""Networks: the papers' as Keras models, and any other; TensorFlow is loaded at the first use."""

from typing import TYPE_CHECKING

from kernel_regime.core.lazy import lazy_exports
from kernel_regime.networks.description import NetworkDescription

if TYPE_CHECKING:
    from kernel_regime.networks.base import Network, register
    from kernel_regime.networks.fully_connected import FullyConnected
    from kernel_regime.networks.lenet import LeNet5
    from kernel_regime.networks.myrtle import Myrtle
    from kernel_regime.networks.neural_tangent import NeuralTangent
    from kernel_regime.networks.random_features import RandomFeaturesNetwork
    from kernel_regime.networks.shallow import Shallow
    from kernel_regime.networks.storage import load_network, save_network

__all__ = [
    "FullyConnected",
    "LeNet5",
    "Myrtle",
    "Network",
    "NetworkDescription",
    "NeuralTangent",
    "RandomFeaturesNetwork",
    "Shallow",
    "load_network",
    "register",
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
        "RandomFeaturesNetwork": "random_features",
        "Shallow": "shallow",
        "load_network": "storage",
        "register": "base",
        "save_network": "storage",
    },
)
