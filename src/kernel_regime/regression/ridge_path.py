"""Kernel ridge regression along a whole path of ridges."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.row_blocks import multiply


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
        Diagonal of :math:`A^{-1}`.
    inverse_trace : array (ridges,)
        Trace of :math:`A^{-1}`.
    solver : str
        How the path was computed.
    """

    ridges: Array
    applied: Array
    targets: Array
    coefficients: Array
    inverse_diagonal: Array
    inverse_trace: Array
    solver: str

    def predict(self, kernel: Array) -> Array:
        """Predictions (ridges, m, outputs) from the kernel (m, n) between new and training points.

        A memory-mapped kernel is read in row panels.
        """
        ridges, n, outputs = self.coefficients.shape
        block = self.coefficients.transpose(1, 0, 2).reshape(n, -1)
        return multiply(kernel, block).reshape(-1, ridges, outputs).transpose(1, 0, 2)

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
        return (self._squared_coefficients / self.inverse_diagonal**2).mean(axis=-1)

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
        n = len(self.targets)
        return n * self._squared_coefficients.sum(axis=-1) / self.inverse_trace**2

    @cached_property
    def _squared_coefficients(self) -> Array:
        """Σ α² over outputs, (ridges, n)."""
        return np.einsum("rno,rno->rn", self.coefficients, self.coefficients)

    @property
    def kare(self) -> Array:
        """Kernel alignment risk estimate per ridge: the same number as `gcv_loss`."""
        return self.gcv_loss
