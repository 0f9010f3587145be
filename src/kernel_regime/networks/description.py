"""Which network to build, said without building it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel_regime import networks

if TYPE_CHECKING:
    from kernel_regime.networks.base import Network

#: Names in parameters and tables, and the classes of `kernel_regime.networks` they stand for.
KINDS = {
    "fully_connected": "FullyConnected",
    "random_features": "RandomFeatures",
    "neural_tangent": "NeuralTangent",
    "myrtle": "Myrtle",
    "lenet5": "LeNet5",
    "shallow": "Shallow",
}


@dataclass(frozen=True)
class NetworkDescription:
    """A network's class and arguments, all but the outputs and the seed.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    options : tuple of (str, value)
        Its arguments, by name.
    """

    kind: str
    options: tuple[tuple[str, Any], ...] = ()

    def build(self, sample_shape: tuple[int, ...], outputs: int, seed: int) -> "Network":
        """The network with its initial weights, for samples of the given shape."""
        network: Network = getattr(networks, KINDS[self.kind])(
            **dict(self.options), outputs=outputs, seed=seed
        )
        network.build((None, *sample_shape))
        return network
