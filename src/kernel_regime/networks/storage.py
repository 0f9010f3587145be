"""Networks as `.keras` files, which Keras loads in safe mode."""

import tempfile
from importlib import import_module
from pathlib import Path

import keras

_KINDS = ("fully_connected", "lenet", "myrtle", "neural_tangent", "random_features", "shallow")


def save_network(network: keras.Model, path: Path) -> None:
    """Write a `.keras` file; readers see the whole of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        draft = Path(folder) / path.name
        network.save(draft)
        draft.replace(path)


def load_network(path: Path) -> keras.Model:
    """Read a `.keras` file of any of this package's networks, or of Keras's own layers."""
    for kind in _KINDS:
        import_module(f"kernel_regime.networks.{kind}")
    return keras.models.load_model(path, compile=False, safe_mode=True)
