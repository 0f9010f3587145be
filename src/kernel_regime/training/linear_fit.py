"""Linear fits: ridge regression of networks that are linear in their trained weights.

The objective is (1/n)‖y − Aθ‖² + λ‖θ‖², A the n × p matrix of gradients. A is never formed.
Where outputs do not share weights, AAᵀ (n × n), or AᵀA (p × p for one output) of a network that
gives rows of A, is computed once for all λ, whichever is smaller and fits the working memory:
(AAᵀ/n + λ)β = y/n, θ = Aᵀβ, or (AᵀA/n + λ)θ = Aᵀy/n. Otherwise every product of the latter is a
forward and a backward pass over batches.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.extras import from_extra
from kernel_regime.core.memory import row_blocks, rows_within, working_memory
from kernel_regime.core.types import Tensor
from kernel_regime.linalg.conjugate_gradients import Solution, conjugate_gradients
from kernel_regime.training.methods import ConjugateGradients

with from_extra("networks"):
    import keras
    import tensorflow as tf


class LinearFit(ABC):
    """The solutions along a grid of penalties, each found from the one before.

    Parameters
    ----------
    network : keras.Model
        Linear in its trainable variables, and zero where they are; they receive the solution.
    x : array (n, …)
        Training inputs.
    y : array (n, K)
        Targets.
    method : ConjugateGradients
        Iterations and tolerance.
    """

    #: Powers of n that the time for the equations, and for one iteration, grow with.
    growth: ClassVar[tuple[int, int]]

    def __init__(
        self, network: keras.Model, x: Array, y: Array, method: ConjugateGradients
    ) -> None:
        self.network = network
        self.dtype = np.dtype(network.compute_dtype)
        self.x = tf.convert_to_tensor(x.astype(self.dtype))
        self.y = y.astype(self.dtype)
        self.n = len(x)
        self._method = method
        self._pullback = tf.function(self._pull_back, autograph=False)
        self._right = self._right_side()
        self.state = np.zeros_like(self._right)

    def solve(self, penalty: float) -> Solution:
        """Fit with one penalty λ; the network holds the result."""
        solution = conjugate_gradients(
            lambda v: self.product(v) + v * v.dtype.type(penalty),
            self._right,
            self.state,
            self._method.iterations,
            self._method.tolerance,
        )
        self.state = solution.values
        self.hold(solution.values)
        return solution

    @abstractmethod
    def _right_side(self) -> Array:
        """Right-hand side of the equations."""

    @abstractmethod
    def product(self, vector: Array) -> Array:
        """The matrix of the equations at λ = 0, times a vector: one iteration."""

    def hold(self, solution: Array) -> None:
        """Write a solution into the network's variables, once for every penalty.

        Its columns are the weights of each output, or one column those of all.
        """
        start = 0
        for variable in self.network.trainable_variables:
            stop = start + int(np.prod(variable.shape)) // solution.shape[1]
            variable.assign(solution[start:stop].reshape(variable.shape))
            start = stop

    def _batches(self) -> Iterator[slice]:
        """Samples whose hidden units fit a quarter of the working memory."""
        weights = sum(int(np.prod(v.shape)) for v in self.network.variables)
        hidden = getattr(self.network, "width", weights)
        return row_blocks(self.n, self.dtype.itemsize * hidden, share=1 / 4)

    def _adjoint(self, residuals: Array | None) -> Array:
        """Aᵀ times (n, K) residuals, as one column; AᵀA times the network's θ if left out."""
        total = None
        for rows in self._batches():
            part = None if residuals is None else tf.convert_to_tensor(residuals[rows])
            gradients = self._pullback(self.x[rows], part)
            total = gradients if total is None else total + gradients
        return np.asarray(total)[:, None]

    def _pull_back(self, x: Tensor, residuals: Tensor) -> Tensor:
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self.network(x)
        given = outputs if residuals is None else residuals
        gradients = tape.gradient(outputs, variables, output_gradients=given)
        return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)


class StreamedFit(LinearFit):
    """Equations for θ; every product passes over the samples in batches."""

    growth = (1, 1)

    def _right_side(self) -> Array:
        return self._adjoint(self.y) / self.n

    def product(self, vector: Array) -> Array:
        """A pass over the samples, there and back."""
        self.hold(vector)
        return self._adjoint(None) / self.n


class DualFit(LinearFit):
    """Equations for β, with AAᵀ in memory; every product is one with an n × n matrix."""

    growth = (2, 2)

    def __init__(
        self, network: keras.Model, x: Array, y: Array, method: ConjugateGradients
    ) -> None:
        super().__init__(network, x, y, method)
        self._gram = gram_matrix(network, self.x)
        self._gram /= self.n

    def _right_side(self) -> Array:
        return self.y / self.n

    def product(self, vector: Array) -> Array:
        """AAᵀ times a vector."""
        return self._gram @ vector

    def hold(self, solution: Array) -> None:
        """Write the weights θ = Aᵀβ, for which all samples are passed once."""
        super().hold(self._adjoint(solution))


class PrimalFit(LinearFit):
    """Equations for θ, with AᵀA of one output in memory, in float64.

    Products of float32 would round AᵀA by more than the smallest published λ.
    """

    growth = (1, 0)

    def _right_side(self) -> Array:
        right: Array | float = 0.0
        self._gram: Array | float = 0.0
        for rows in self._batches():
            columns = self.network.gradients(self.x[rows]).numpy().astype(np.float64)
            self._gram += columns.T @ columns / self.n
            right += columns.T @ self.y[rows] / self.n
        return np.asarray(right)

    def product(self, vector: Array) -> Array:
        """AᵀA times a vector."""
        return self._gram @ vector


def gram_matrix(network: keras.Model, x: Tensor, height: int = 512) -> Array:
    """AAᵀ (n, n): half of its products, every hidden unit computed once.

    `height` rows are multiplied at once: many, for fast products; few, for little beyond half.
    """
    n, width, dtype = len(x), network.width, np.dtype(network.compute_dtype)
    gram = np.ones((n, n), dtype)
    units = rows_within(dtype.itemsize * n, share=1 / 4)
    blocks = [slice(start, start + height) for start in range(0, n, height)]
    for start in range(0, width, units):
        factors = network.factors(x, slice(start, min(start + units, width)))
        for rows in blocks:
            left = tuple(factor[rows] for factor in factors)
            right = tuple(factor[rows.start :] for factor in factors)
            gram[rows, rows.start :] += network.tile(left, right).numpy()
    for rows in blocks:
        gram[rows.stop :, rows] = gram[rows, rows.stop :].T
    return gram


def linear_fit(network: keras.Model, x: Array, y: Array, method: ConjugateGradients) -> LinearFit:
    """The equations that suit the size of the problem, and what the network can do.

    Raises
    ------
    InputError
        If the network does not say that it is linear in its weights: any other would be fitted
        to something that is not its best.
    """
    if not getattr(network, "linear_in_weights", False):
        raise InputError(
            f"{type(network).__name__} is not linear in its weights, as ConjugateGradients needs "
            "it; train it by GradientDescent, or set linear_in_weights = True in its class"
        )
    return suitable_fit(network, len(x), y.shape[1])(network, x, y, method)


def suitable_fit(network: keras.Model, n: int, outputs: int) -> type[LinearFit]:
    """Which equations suit n samples.

    Outputs must be fitted apart, and the network give AAᵀ (`factors` and `tile`) or the rows of A
    (`gradients`).
    """
    if outputs > 1 and getattr(network, "outputs_share_weights", True):
        return StreamedFit
    p = sum(int(np.prod(v.shape)) for v in network.trainable_variables) // outputs
    held = np.dtype(network.compute_dtype).itemsize * n**2
    if hasattr(network, "gradients") and p < n and 2 * 8 * p**2 <= working_memory():
        return PrimalFit  # AᵀA, and the part of a batch
    if hasattr(network, "tile") and held <= working_memory():
        return DualFit
    return StreamedFit
