"""Kernel ridge regression along a whole path of ridges."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Matrix
from kernel_regime.linalg.products import as_matrix, multiply


@dataclass(frozen=True)
class RidgePath:
    r"""Solutions of :math:`(K + \lambda I)\,\alpha = y` for every ridge λ, and what follows.

    With :math:`A = K + \lambda I`, everything below is closed form in α and the diagonal of
    :math:`A^{-1}`, because :math:`y - K\alpha = \lambda\alpha`.

    Parameters
    ----------
    ridges : array (ridges,)
        As asked for.
    applied : array (ridges,)
        As solved with: larger than asked where round-off made K + λ singular (`conditioning`).
    targets : array (n, outputs)
    coefficients : array (ridges, n, outputs)
        α.
    inverse_diagonal : array (ridges, n)
        Diagonal of :math:`A^{-1}`; NaN for a ridge where it is not known.
    inverse_trace : array (ridges,)
        Trace of :math:`A^{-1}`; NaN where it is not known.
    loo_relative_error, gcv_relative_error : arrays (ridges,)
        By what share of themselves `loo_loss` and `gcv_loss` may be off; 0 from exact solvers.
    solver : str
        How the path was computed.

    Examples
    --------
    >>> path = RidgePath.exact(
    ...     ridges=np.ones(1),
    ...     applied=np.ones(1),
    ...     targets=np.array([[1.0], [3.0]]),
    ...     coefficients=np.array([[[0.5], [1.5]]]),
    ...     inverse_diagonal=np.full((1, 2), 0.5),
    ...     solver="by hand",
    ... )
    >>> path.train_predictions[0].tolist(), path.loo_predictions[0].tolist()
    ([[0.5], [1.5]], [[0.0], [0.0]])
    """

    ridges: Array
    applied: Array
    targets: Array
    coefficients: Array
    inverse_diagonal: Array
    inverse_trace: Array
    loo_relative_error: Array
    gcv_relative_error: Array
    solver: str

    @classmethod
    def exact(cls, *, inverse_diagonal: Array, solver: str, **known: Array) -> "RidgePath":
        """Path with the whole diagonal of the inverse: its losses have no error but round-off."""
        nothing = np.zeros(len(inverse_diagonal))
        return cls(
            inverse_diagonal=inverse_diagonal,
            inverse_trace=inverse_diagonal.sum(axis=1),
            loo_relative_error=nothing,
            gcv_relative_error=nothing,
            solver=solver,
            **known,
        )

    def predict(self, kernel: Matrix) -> Array:
        """Predictions (ridges, m, outputs) from the kernel (m, n) between new and training points.

        A memory-mapped kernel is read in row blocks.

        Raises
        ------
        InputError
            If the kernel has other columns than training points, or is not finite.
        """
        ridges, n, outputs = self.coefficients.shape
        matrix = as_matrix(kernel, "kernel")
        if matrix.ndim != 2 or matrix.shape[1] != n:
            raise InputError(
                f"kernel: shape {matrix.shape} does not fit {n} training points; rows are new "
                "points, columns training points"
            )
        predictions = multiply(matrix, self.coefficients.transpose(1, 0, 2).reshape(n, -1))
        return predictions.reshape(-1, ridges, outputs).transpose(1, 0, 2)

    @cached_property
    def train_predictions(self) -> Array:
        """Predictions at the training points, (ridges, n, outputs)."""
        return self.targets - self.applied[:, None, None] * self.coefficients

    @cached_property
    def loo_predictions(self) -> Array:
        """Prediction at each point by the fit to all others, (ridges, n, outputs)."""
        return self.targets - self.coefficients / self.inverse_diagonal[:, :, None]

    @cached_property
    def loo_loss(self) -> Array:
        """Leave-one-out squared loss per ridge."""
        # Ratios first: squares of α leave the range of float64 before they do.
        residuals = self.coefficients / self.inverse_diagonal[:, :, None]
        return np.einsum("rno,rno->r", residuals, residuals) / len(self.targets)

    @cached_property
    def gcv_loss(self) -> Array:
        r"""Generalised cross-validation loss per ridge.

        :math:`\frac1n\|(I-S)y\|^2 / (\frac1n\operatorname{tr}(I-S))^2` with the smoother
        :math:`S = KA^{-1}`, hence :math:`I - S = \lambda A^{-1}` and λ cancels. It is also,
        identically, the kernel alignment risk estimate of Jacot et al. (2020, definition 1),
        :math:`\frac1n y^\top(\frac1nK+\lambda')^{-2}y/(\frac1n\operatorname{tr}
        (\frac1nK+\lambda')^{-1})^2` at :math:`\lambda' = \lambda/n`.

        References
        ----------
        Golub, Heath, Wahba (1979); Jacot et al. (2020), arXiv 2006.09796.
        """
        ratios = self.coefficients / self.inverse_trace[:, None, None]
        return len(self.targets) * np.einsum("rno,rno->r", ratios, ratios)

    @property
    def loo_error(self) -> Array:
        """By how much `loo_loss` may be off, per ridge; NaN where that is not known."""
        return self.loo_loss * self.loo_relative_error

    @property
    def gcv_error(self) -> Array:
        """By how much `gcv_loss` may be off, per ridge; NaN where that is not known."""
        return self.gcv_loss * self.gcv_relative_error

    @property
    def kare(self) -> Array:
        """Kernel alignment risk estimate per ridge: the same number as `gcv_loss`."""
        return self.gcv_loss
