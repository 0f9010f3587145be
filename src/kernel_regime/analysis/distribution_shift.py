r"""Kernel ridge regression under distribution shift, forecast from the training samples alone.

Trained on n samples with ridge δ and tested on another distribution of inputs *and* targets, the
expected loss needs two moments of the predictor (Canatar, Bordelon & Pehlevan 2021). In the
eigenfunctions φ of the kernel under the training distribution, with coefficients c of the targets,
learned shares :math:`S = λ/(λ + κ)`, and L the loss without shift (`learning_curves`),

.. math::
    L'(n, δ) = B' + \frac{Q'}{n} L(n, δ), \qquad
    B' = \mathbb{E}' \Big(y' - \sum_i S_i c_i φ_i(x')\Big)^2, \qquad
    Q' = \mathbb{E}' \sum_i S_i^2 φ_i(x')^2 = \mathrm{tr}(O S^2),

where O is the overlap matrix :math:`O_{ij} = \mathbb{E}' φ_i(x') φ_j(x')`: the mean predictor pays
B', its variance, L S²/n per coefficient, the rest. Without shift O is the identity, Q' = D₂, and
L' = L. Targets may shift, too: a covariate shift alone is what makes
:math:`B' = c^T (I - S) O (I - S) c` plus noise.

B' and Q' come from training samples of which each has a shifted copy, by the step that leads from
leave-one-out to generalised cross-validation. With :math:`A = K + εI`, coefficients
:math:`α = A^{-1} y` and the kernel C between copies (rows) and samples, the fit to all samples but
the i-th errs at its copy by

.. math::
    y'_i - (Cα)_i + \frac{(CA^{-1})_{ii}}{(A^{-1})_{ii}} α_i ,

exactly; replacing both diagonals by their means leaves a function of spectrum and overlap. Where
the copies are the samples themselves, C = K, it is generalised cross-validation.
"""

from collections.abc import Iterator

import numpy as np
from scipy.optimize import brentq

from kernel_regime.core.arrays import Array, ArrayLike, as_floating, checked_numbers
from kernel_regime.core.errors import InputError
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.samples import checked_pair, checked_targets
from kernel_regime.evaluation.scores import squared_errors
from kernel_regime.kernels.base import Kernel
from kernel_regime.linalg.symmetric import check_symmetric


def loss_under_shift(
    eigenvalues: ArrayLike,
    coefficients: ArrayLike,
    overlap: ArrayLike,
    n: int,
    ridge: float,
    noise: float = 0.0,
) -> float:
    r"""Expected loss under covariate shift of a population whose spectrum is known.

    Parameters
    ----------
    eigenvalues : array-like (modes,)
        λ of the kernel under the training distribution, positive.
    coefficients : array-like (modes,) or (modes, outputs)
        c of the targets in its eigenfunctions.
    overlap : array-like (modes, modes)
        O, their second moments under the test distribution.
    n : int
        Training samples.
    ridge : float
        δ > 0 in :math:`(K + δI) α = y`.
    noise : float
        Variance of the training targets, summed over outputs; that of test targets is not counted.

    Raises
    ------
    InputError
        If shapes do not match, n, the ridge or an eigenvalue is not positive, or the overlap is not
        symmetric.

    References
    ----------
    Canatar, Bordelon, Pehlevan (2021), arXiv 2106.02261.

    Examples
    --------
    Inputs twice as long cost a linear kernel four times the loss:

    >>> there, shifted = np.eye(2), 4 * np.eye(2)
    >>> losses = [loss_under_shift([1, 1], [1, 1], o, n=9, ridge=1.0) for o in (there, shifted)]
    >>> round(losses[1] / losses[0], 12)
    4.0
    """
    values, matrix = checked_numbers(eigenvalues, "eigenvalues"), as_floating(overlap, "overlap")
    columns = checked_targets(coefficients, "coefficients", len(values))
    if not (0 < n < np.inf and 0 < ridge < np.inf and (values > 0).all()):
        raise InputError(
            f"n = {n}, ridge = {ridge}, smallest eigenvalue {values.min()}: give positive ones"
        )
    if not 0 <= noise < np.inf:
        raise InputError(f"noise: {noise}; give a variance, 0 or larger")
    if matrix.shape != (len(values), len(values)):
        raise InputError(
            f"overlap: shape {matrix.shape} does not fit {len(values)} eigenvalues; give one row "
            "and one column per mode"
        )
    check_symmetric(matrix, "overlap")
    kappa = _threshold(values, n, ridge)
    learned = values / (values + kappa)
    missed = (1 - learned)[:, None] * columns
    loss = (np.square(missed).sum() + noise) * n / (n - np.square(learned).sum())
    bias = np.einsum("io,ij,jo", missed, matrix, missed)
    return float(bias + (np.diagonal(matrix) * learned**2).sum() * loss / n)


def _threshold(values: Array, n: int, ridge: float) -> float:
    """κ at which the modes that are learned, and δ/κ, make n."""

    def excess(log: float) -> float:
        return float((values / (values + np.exp(log))).sum() + ridge / np.exp(log) - n)

    # Every mode counts less than λ/κ, and the ridge alone leaves κ no smaller than δ/n.
    lowest, highest = np.log(ridge / n), np.log((values.sum() + ridge) / n)
    return float(np.exp(brentq(excess, lowest - 1e-9, highest + 1e-9, xtol=1e-14)))


def shifted_cross_validation(
    targets: Array,
    predictions: Array,
    coefficients: Array,
    own_weights: Array,
    inverse_diagonal: Array,
) -> float:
    r"""Generalised cross-validation loss under distribution shift, summed over outputs.

    Parameters
    ----------
    targets : array (q, outputs)
        Of the shifted copies of q training samples.
    predictions : array (q, outputs)
        Cα, of the fit to all training samples, at the copies.
    coefficients : array (q, outputs)
        α of these samples.
    own_weights : array (q,)
        Diagonal of :math:`CA^{-1}`: the weight of a sample's own target at its copy.
    inverse_diagonal : array (q,)
        Diagonal of :math:`A^{-1}`.

    Examples
    --------
    Without shift it is the loss of `RidgePath.gcv_loss`:

    >>> from kernel_regime.regression import fit_ridge_path
    >>> kernel, y = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([[1.0], [0.0]])
    >>> path, inverse = fit_ridge_path(kernel, y, [1.0]), np.linalg.inv(kernel + np.eye(2))
    >>> alpha = path.coefficients[0]
    >>> own, diagonal = np.diag(kernel @ inverse), np.diag(inverse)
    >>> loss = shifted_cross_validation(y, kernel @ alpha, alpha, own, diagonal)
    >>> bool(np.isclose(loss, path.gcv_loss[0]))
    True
    """
    if not predictions.shape == coefficients.shape == (len(own_weights), targets.shape[-1]):
        raise InputError(
            f"predictions: shape {predictions.shape}, coefficients {coefficients.shape}, "
            f"own_weights {own_weights.shape}; give one row for each of {len(targets)} copies"
        )
    left_out = predictions - own_weights.mean() / inverse_diagonal.mean() * coefficients
    return float(squared_errors(left_out, targets).mean())


def cross_blocks(kernel: Kernel, x1: ArrayLike, x2: ArrayLike) -> Iterator[tuple[slice, Array]]:
    """Row blocks of a kernel matrix that is never whole: their rows, and float64 values.

    Parameters
    ----------
    kernel : Kernel
    x1, x2 : arrays (m, ...), (n, ...)
        Samples of rows and columns.

    Examples
    --------
    >>> from kernel_regime.kernels import Polynomial
    >>> x = np.ones((2, 1))
    >>> [(rows, block.tolist()) for rows, block in cross_blocks(Polynomial(1), x, x[:1])]
    [(slice(0, 2, None), [[2.0], [2.0]])]
    """
    x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
    for rows in row_blocks(len(x1), 3 * 8 * len(x2)):
        yield rows, kernel.cross(x1[rows], x2).astype(np.float64, copy=False)
