r"""Mahalanobis metrics of kernel regression, and the average gradient outer product.

A metric M is a positive semi-definite matrix (d, d), or its diagonal (d,). A kernel under it is the
kernel of the inputs :math:`M^{1/2} x`.
"""

import numpy as np
from scipy import linalg

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.samples import checked_samples, checked_targets
from kernel_regime.kernels.base import Kernel


def metric_root(metric: Array) -> Array:
    """Symmetric root :math:`M^{1/2}` in float64; of a diagonal, its diagonal.

    Examples
    --------
    >>> metric_root(np.array([4.0, 9.0])).tolist()
    [2.0, 3.0]
    """
    if metric.ndim == 1:
        return np.sqrt(metric)
    values, vectors = linalg.eigh(metric)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def under_metric(x: Array, root: Array) -> Array:
    """Inputs (n, d) as :math:`M^{1/2} x`, from the root of a metric, in their own dtype.

    Examples
    --------
    >>> under_metric(np.array([[1.0, 1.0]]), np.array([2.0, 3.0])).tolist()
    [[2.0, 3.0]]
    """
    root = root.astype(x.dtype)
    return x * root if root.ndim == 1 else x @ root


def average_gradient_outer_product(
    kernel: Kernel, x: Array, coefficients: Array, *, diagonal: bool = False
) -> Array:
    r"""Average gradient outer product :math:`\frac1n \sum_j \sum_k ∇f_k(x_j) ∇f_k(x_j)^\top`.

    Parameters
    ----------
    kernel : Kernel
        One that knows its gradient (`Kernel.gradient_weights`).
    x : array (n, d)
        Training inputs, at which the gradients are taken.
    coefficients : array (n, outputs)
        α of :math:`f(x) = \sum_i α_i k(x, x_i)`.
    diagonal : bool
        Whether to give the diagonal (d,) only.

    Returns
    -------
    array (d, d) or (d,)
        In float64.

    Raises
    ------
    InputError
        If samples or coefficients are not finite, or do not fit.

    References
    ----------
    Radhakrishnan, Beaglehole, Pandit & Belkin (2024), Science 383.

    Examples
    --------
    The function x₁ + 2 x₂ has the gradient (1, 2) everywhere:

    >>> from kernel_regime.kernels import Polynomial
    >>> x = np.eye(2) * np.sqrt(2)
    >>> average_gradient_outer_product(Polynomial(1), x, np.array([[1.0], [2.0]])).round(12)
    array([[1., 2.],
           [2., 4.]])
    """
    x = checked_samples(x, "x")
    x, coefficients = x.reshape(len(x), -1), checked_targets(coefficients, "coefficients", len(x))
    n, features = x.shape
    outer = np.zeros(features if diagonal else (features, features))
    for rows in row_blocks(n, 8 * (6 * n + 2 * features * coefficients.shape[1])):
        for gradients in _gradients(kernel, x[rows], x, coefficients):
            if diagonal:
                outer += np.einsum("ij,ij->j", gradients, gradients, dtype=np.float64)
            else:
                outer += gradients.T @ gradients
    return outer / n


def _gradients(kernel: Kernel, at: Array, x: Array, coefficients: Array) -> list[Array]:
    """∇f_k at a block of inputs, (rows, d) for every output k."""
    toward, along = kernel.gradient_weights(at, x)
    alpha = coefficients.astype(x.dtype)
    own = along @ alpha
    return [(toward * column) @ x + own[:, [k]] * at for k, column in enumerate(alpha.T)]


def normalised_metric(outer: Array) -> Array:
    """A metric from an average gradient outer product: its largest entry is 1.

    Raises
    ------
    InputError
        If all gradients vanish.

    Examples
    --------
    >>> normalised_metric(np.array([2.0, 1.0])).tolist()
    [1.0, 0.5]
    """
    largest = float(outer.max())
    if not largest > 0:
        raise InputError(
            "feature machine: the regression is constant, so it has no gradients to learn a "
            "metric from; give smaller ridges, or targets that vary"
        )
    return outer / largest


def top_directions(metric: Array, count: int) -> Array:
    """The directions (d, count) that a metric stretches most, orthonormal columns.

    Examples
    --------
    >>> top_directions(np.array([0.1, 3.0]), 1).tolist()
    [[0.0], [1.0]]
    """
    if metric.ndim == 1:
        return np.asarray(np.eye(len(metric))[:, np.argsort(-metric, kind="stable")[:count]])
    return np.asarray(linalg.eigh(metric)[1][:, ::-1][:, :count])


def subspace_overlap(first: Array, second: Array) -> float:
    r"""Overlap :math:`‖U^\top V‖_F^2 / r` of two subspaces, given by orthonormal columns.

    1 where the smaller, of r directions, lies in the larger; s/d by chance, with s those of the
    larger.

    Examples
    --------
    >>> subspace_overlap(np.eye(3)[:, :1], np.eye(3)[:, :2])
    1.0
    """
    smaller = min(first.shape[1], second.shape[1])
    return float(np.square(first.T @ second).sum() / smaller)
