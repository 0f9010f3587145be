"""The papers' networks as Keras models; TensorFlow is loaded when one is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_ROOMS = {
    "FullyConnected": "fully_connected",
    "LeNet5": "lenet",
    "Myrtle": "myrtle",
    "Network": "base",
    "NeuralTangent": "neural_tangent",
    "RandomFeatures": "random_features",
    "Shallow": "shallow",
    "load_network": "storage",
    "save_network": "storage",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
