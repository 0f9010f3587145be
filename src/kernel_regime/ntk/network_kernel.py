"""Empirical NTKs as kernels: tiled, stored and resumed like all others."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import Arguments, Identity, PyTree
from kernel_regime.kernels.base import Kernel
from kernel_regime.ntk.empirical import empirical_ntk, empirical_ntk_diagonal, logit_number
from kernel_regime.ntk.factors import Apply
from kernel_regime.ntk.keras_models import digest_of_arrays, read_keras

with from_extra("jax"):
    import jax

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class EmpiricalNTK(Kernel):
    """Neural tangent kernel of one network with given parameters.

    Parameters
    ----------
    apply : callable
        JAX function `apply(params, x) -> (n, K)` that treats samples independently.
    params : pytree of arrays
        Parameters.
    name : str
        What `apply` computes: a function cannot be compared, so its name identifies it.
    outputs : int or "trace"
        One logit, or the sum over all.

    Examples
    --------
    >>> import numpy as np
    >>> kernel = EmpiricalNTK(lambda w, x: x @ w, np.ones((2, 1)), "linear")
    >>> kernel([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """

    apply: Apply
    params: PyTree
    name: str
    outputs: int | str = 0

    def __post_init__(self) -> None:
        """Outputs that make one matrix; whether the network has them, inputs show."""
        object.__setattr__(self, "outputs", _one_matrix(self.outputs))

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values, shape (n1, n2)."""
        return empirical_ntk(self.apply, self.params, x1, x2, self.outputs)

    def _gram(self, x: Array) -> Array:
        """Kernel matrix (n, n), for half of the products."""
        return empirical_ntk(self.apply, self.params, x, outputs=self.outputs)

    def _diagonal(self, x: Array) -> Array:
        """Squared gradient norms, shape (n,)."""
        return empirical_ntk_diagonal(self.apply, self.params, x, self.outputs)

    def identity(self) -> Identity:
        """Name and outputs, with a digest of every parameter's place, shape and value."""
        leaves = jax.tree_util.tree_leaves_with_path(self.params)
        return {
            "kind": "EmpiricalNTK",
            "network": self.name,
            "outputs": self.outputs,
            "parameters": digest_of_arrays({str(place): leaf for place, leaf in leaves}),
        }


@dataclass(frozen=True)
class KerasNTK(Kernel):
    """Neural tangent kernel of a saved Keras model, loaded where it is first needed.

    Holding only a path, it travels to workers that see the same file.

    Parameters
    ----------
    path : str
        A `.keras` file.
    sample_shape : tuple of int
        Shape of one input.
    outputs : int or "trace"
        One logit, or the sum over all.

    Examples
    --------
    >>> import tempfile
    >>> import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    >>> file = f"{tempfile.mkdtemp()}/linear.keras"
    >>> model.save(file)
    >>> KerasNTK(file, sample_shape=(2,))([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """

    path: str
    sample_shape: tuple[int, ...]
    outputs: int | str = 0

    def __post_init__(self) -> None:
        """See `EmpiricalNTK`."""
        object.__setattr__(self, "outputs", _one_matrix(self.outputs))

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values, shape (n1, n2)."""
        return self._kernel.cross(x1, x2)

    def _gram(self, x: Array) -> Array:
        """Kernel matrix (n, n), for half of the products."""
        return self._kernel.gram(x)

    def _diagonal(self, x: Array) -> Array:
        """Squared gradient norms, shape (n,)."""
        return self._kernel.diagonal(x)

    def identity(self) -> Identity:
        """The model's configuration and weights, not the place of its file."""
        return {**self._kernel.identity(), "kind": "KerasNTK"}

    @cached_property
    def _kernel(self) -> EmpiricalNTK:
        from kernel_regime.networks.storage import load_network

        return of_keras(load_network(self.path), self.sample_shape, self.outputs)

    def __getstate__(self) -> Arguments:
        """Without the loaded network: a traced function cannot be sent."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _one_matrix(outputs: object) -> int | str:
    """One logit, or "trace": all that a kernel can be of; NumPy's integers become Python's."""
    if isinstance(outputs, str) and outputs == "trace":
        return outputs
    logit = logit_number(outputs)
    if logit is None:
        raise InputError(
            f"outputs: {outputs!r} makes no kernel matrix (n, n); give one logit, 0 or larger, or "
            '"trace" (several logits, or "full": empirical_ntk)'
        )
    return logit


def of_keras(
    model: "keras.Model", sample_shape: tuple[int, ...], outputs: int | str = 0
) -> EmpiricalNTK:
    """Empirical NTK of a built Keras model, identified by what it computes and by its weights.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.layers.Dense(1, use_bias=False)])
    >>> model.build((None, 2))
    >>> of_keras(model, (2,))([[1.0, 2.0], [3.0, 4.0]]).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """
    read = read_keras(model, sample_shape)
    return EmpiricalNTK(read.apply, read.params, read.identity, outputs)
