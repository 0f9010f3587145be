"""Weights of Keras's own layers, drawn from a seed whatever other threads do."""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra

if TYPE_CHECKING:
    import keras

_ATTEMPTS = 10
_one_at_a_time = Lock()


def drawn_from_seed(draw: "Callable[[], keras.Model]", name: str, seed: int) -> "keras.Model":
    """A model whose initial weights follow from the seed alone.

    Keras's layers take their seeds from Python's global generator, from which other threads may
    draw in between (Dask's do): the model is drawn until two in a row are equal.

    Parameters
    ----------
    draw : callable
        Constructs the model and builds its variables.
    name : str
        Of the model, for the error.
    seed : int
        Of Keras, Python and NumPy.

    Raises
    ------
    InputError
        If its weights differ every time.
    """
    with from_extra("networks"):
        import keras

    last: list[bytes] | None = None
    with _one_at_a_time:
        for _ in range(_ATTEMPTS):
            keras.utils.set_random_seed(seed)
            network = draw()
            weights = [variable.numpy().tobytes() for variable in network.variables]
            if weights == last:
                return network
            last = weights
    raise InputError(
        f"{name} has other weights every time it is built with seed {seed}; let it draw them with "
        "Keras's initialisers, or take `seed` in its constructor and draw from that"
    )
