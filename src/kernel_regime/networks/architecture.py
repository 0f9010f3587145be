"""Which network to build, said without building it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kernel_regime import networks

if TYPE_CHECKING:
    from kernel_regime.networks.base import Network


@dataclass(frozen=True)
class Architecture:
    """A network's class and arguments, all but the outputs and the seed.

    Parameters
    ----------
    kind : str
        Name of a class in `kernel_regime.networks`.
    options : tuple of (str, value)
        Its arguments, by name.
    """

    kind: str
    options: tuple[tuple[str, Any], ...] = ()

    def build(self, sample_shape: tuple[int, ...], outputs: int, seed: int) -> "Network":
        """The network with its initial weights, for samples of the given shape."""
        network: Network = getattr(networks, self.kind)(
            **dict(self.options), outputs=outputs, seed=seed
        )
        network.build((None, *sample_shape))
        return network
