"""Empirical NTKs as kernels, so that `gram/` tiles, stores and resumes them."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import Kernel
from kernel_regime.ntk.empirical import empirical_ntk, empirical_ntk_diagonal
from kernel_regime.ntk.factors import Apply
from kernel_regime.ntk.keras_models import as_jax

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
    """

    apply: Apply
    params: Any
    name: str
    outputs: int | str = 0

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values, shape (n1, n2)."""
        return empirical_ntk(self.apply, self.params, x1, None if x1 is x2 else x2, self.outputs)

    def _diagonal(self, x: Array) -> Array:
        """Squared gradient norms, shape (n,)."""
        return empirical_ntk_diagonal(self.apply, self.params, x, self.outputs)

    def identity(self) -> dict[str, Any]:
        """Name and outputs, with a digest of every parameter's place, shape and value."""
        digest = hashlib.sha256()
        for place, leaf in jax.tree_util.tree_leaves_with_path(self.params):
            array = np.ascontiguousarray(leaf)
            digest.update(f"{place}{array.dtype.str}{array.shape}".encode())
            digest.update(array.data)
        return {
            "kind": "EmpiricalNTK",
            "network": self.name,
            "outputs": self.outputs,
            "parameters": digest.hexdigest(),
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
    """

    path: str
    sample_shape: tuple[int, ...]
    outputs: int | str = 0

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values, shape (n1, n2)."""
        return self._kernel.cross(x1, x2)

    def _diagonal(self, x: Array) -> Array:
        """Squared gradient norms, shape (n,)."""
        return self._kernel.diagonal(x)

    def identity(self) -> dict[str, Any]:
        """The model's configuration and weights, not the place of its file."""
        return {**self._kernel.identity(), "kind": type(self).__name__}

    @cached_property
    def _kernel(self) -> EmpiricalNTK:
        from kernel_regime.networks.storage import load_network

        return of_keras(load_network(Path(self.path)), self.sample_shape, self.outputs)

    def __getstate__(self) -> dict[str, Any]:
        """Without the loaded network: a traced function cannot be sent."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def of_keras(
    model: "keras.Model", sample_shape: tuple[int, ...], outputs: int | str = 0
) -> EmpiricalNTK:
    """Empirical NTK of a built Keras model, identified by its class, configuration and weights."""
    apply, params = as_jax(model, sample_shape)
    config = json.dumps(model.get_config(), sort_keys=True, default=str)
    return EmpiricalNTK(apply, params, f"{type(model).__name__} {config}", outputs)
