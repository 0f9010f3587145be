"""Description of a network: its kind and arguments, without building it."""

import inspect
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.source import source_digest
from kernel_regime.core.types import Arguments
from kernel_regime.networks.keras_seed import drawn_from_seed

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class NetworkDescription:
    """A network's kind and arguments, all but the outputs and the seed.

    Parameters
    ----------
    kind : str
        A built-in kind, or `package.module:Class` of any Keras model.
    options : tuple of (str, value)
        Arguments of its constructor, by name.

    Examples
    --------
    >>> description = NetworkDescription("shallow", (("width", 8),))
    >>> description.build((4,), outputs=2, seed=0).count_params()
    58
    """

    kind: str
    options: tuple[tuple[str, object], ...] = ()

    def __post_init__(self) -> None:
        """Let lists be tuples: a description can be looked up."""
        object.__setattr__(self, "options", _as_tuples(self.options))

    @property
    def network_class(self) -> "type[keras.Model]":
        """The class of this kind; TensorFlow is imported here."""
        from kernel_regime.networks.base import registry

        return registry.find(self.kind)

    @property
    def linear_in_weights(self) -> bool:
        """Whether the outputs are linear in the trained weights, as the class says."""
        return getattr(self.network_class, "linear_in_weights", False)

    @property
    def source(self) -> str | None:
        """Digest of the files that define a user's class; None for a built-in kind.

        A class that was rewritten, or imports what was, is another network under the same name.
        """
        if ":" not in self.kind:
            return None
        found = source_digest(self.network_class)
        if found is None:
            raise InputError(
                f"kind {self.kind!r}: its class is in no file, so that a change of it would go "
                "unseen; put it into a module"
            )
        return found

    def refuse_empty(self) -> None:
        """Refuse a class that computes nothing: a base of Keras's own, such as `keras:Model`.

        Raises
        ------
        InputError
            Saying what it lacks.

        Examples
        --------
        >>> NetworkDescription("keras:Model").refuse_empty()
        Traceback (most recent call last):
        kernel_regime.core.errors.InputError: kind 'keras:Model' has no `call`; name a class of \
your own, derived from it
        """
        with from_extra("networks"):
            import keras

        described = self.network_class
        lacking = None
        if described.call is keras.Model.call:
            lacking = "`call`"
        elif described.__init__ is keras.Sequential.__init__:
            lacking = "layers"
        if lacking:
            raise InputError(
                f"kind {self.kind!r} has no {lacking}; name a class of your own, derived from it"
            )

    def build(self, sample_shape: tuple[int, ...], outputs: int, seed: int) -> "keras.Model":
        """The network with its initial weights, for samples of the given shape.

        A `Network` draws from its own seed; for any other model, Keras's global seed is set, from
        which Keras's layers draw.

        Raises
        ------
        InputError
            If it gives another number of outputs, or other weights for the same seed; or if a
            class of one's own refuses such samples.
        """
        from kernel_regime.networks.base import Network

        described = self.network_class
        options: Arguments = dict(self.options)
        given: Arguments = {"outputs": outputs, "seed": seed}
        if issubclass(described, Network):
            network: keras.Model = described(**options, **given)
            network.build((None, *sample_shape))
            return _checked(network, self.kind, sample_shape, outputs)

        known = inspect.signature(described.__init__).parameters.keys()
        arguments = options | {n: v for n, v in given.items() if n in known}

        def draw() -> "keras.Model":
            network = described(**arguments)
            _make_saveable(network, arguments)
            return _checked(network, self.kind, sample_shape, outputs)

        try:
            return drawn_from_seed(draw, self.kind, seed)
        except InputError:
            raise
        except (NotImplementedError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{self.kind} takes no samples of shape {sample_shape} "
                f"({type(error).__name__}: {reason}); mend the class, or name another"
            ) from error


def _checked(
    network: "keras.Model", kind: str, sample_shape: tuple[int, ...], outputs: int
) -> "keras.Model":
    """The network, called once on a sample of zeros."""
    with from_extra("networks"):
        import keras

    found = network(keras.ops.zeros((1, *sample_shape), network.compute_dtype)).shape
    if tuple(found) != (1, outputs):
        raise InputError(
            f"{kind} gives an array of shape {tuple(found)} for one sample, where the "
            f"targets have {outputs} columns; let its constructor take `outputs`"
        )
    return network


def _make_saveable(network: "keras.Model", arguments: Arguments) -> None:
    """Let `.keras` files hold the arguments of a model whose class does not say them itself."""
    try:
        network.get_config()
    except NotImplementedError:  # Keras, of a constructor whose arguments it cannot tell
        network.get_config = partial(dict, arguments)


def _as_tuples(value: object) -> object:
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value
