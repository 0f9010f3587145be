"""Saving and loading networks as `.keras` files, in Keras's safe mode."""

import json
import zipfile
from pathlib import Path

from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.files import is_whole_archive, replacing
from kernel_regime.core.types import Arguments
from kernel_regime.networks.base import registry

with from_extra("networks"):
    import keras
    from keras.saving import get_registered_object


def save_network(network: keras.Model, path: str | Path) -> None:
    """Write a `.keras` file; readers see the whole of it or nothing, and it survives a power cut.

    Raises
    ------
    InputError
        If the path does not end in `.keras`.

    Examples
    --------
    >>> import tempfile
    >>> from kernel_regime.networks import Shallow
    >>> network = Shallow(width=3)
    >>> network.build((None, 2))
    >>> file = f"{tempfile.mkdtemp()}/shallow.keras"
    >>> save_network(network, file)
    >>> load_network(file).width
    3
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise InputError(f"{path}: networks are saved as .keras files; end the name in .keras")
    with replacing(path, durable=True) as draft:
        network.save(draft)


def load_network(path: str | Path) -> keras.Model:
    """Read a `.keras` file: any of this package's networks, of Keras's own, or a user's.

    A user's class is imported from the module that the file names, as Keras itself would want it
    registered: it must be a `keras.Model`, importable from where this runs.

    Raises
    ------
    InputError
        If there is no such file, it is damaged, or its class cannot be imported.

    Examples
    --------
    >>> import tempfile
    >>> file = f"{tempfile.mkdtemp()}/network.keras"
    >>> save_network(keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]), file)
    >>> load_network(file).output_shape
    (None, 3)
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such network; train it first, or mend the path")
    if not is_whole_archive(path):
        raise InputError(f"{path}: not a .keras file, or a damaged one; save the network again")
    return keras.models.load_model(
        path, custom_objects=_own_class(path), compile=False, safe_mode=True
    )


def _own_class(path: Path) -> Arguments:
    """The class of a file by its name there, unless Keras knows it already."""
    registry.kinds()  # declares the built-in ones to Keras
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except KeyError as error:
        raise InputError(f"{path}: not a .keras file ({error}); save the network again") from error
    module, name = config["module"], config["class_name"]
    registered = config.get("registered_name") or name
    if module.partition(".")[0] == "keras" or get_registered_object(registered):
        return {}
    return {registered: registry.find(f"{module}:{name}")}
