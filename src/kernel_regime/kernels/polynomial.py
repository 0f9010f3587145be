"""Polynomial kernels."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.kernels.base import Array, Kernel, require_integer, require_real


@dataclass(frozen=True)
class Polynomial(Kernel):
    r"""Polynomial kernel :math:`(c + \langle x, x' \rangle / \sqrt d)^p`.

    Parameters
    ----------
    degree : int
        Power p, at least 1.
    intercept : float
        Constant c ≥ 0; larger values weigh low degrees more. A negative one would not be
        positive semi-definite.

    References
    ----------
    Ghorbani et al. (2020), appendix A.
    """

    degree: int
    intercept: float

    def __post_init__(self) -> None:
        require_integer(self, "degree", at_least=1)
        require_real(self, "intercept", at_least=0)

    def tile(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (n1, n2); any trailing shape of the samples is flattened."""
        left, right = (x.reshape(len(x), -1) for x in (x1, x2))
        return self._of_products(left @ right.T, left.shape[1])

    def diagonal(self, x: Array) -> Array:
        """(c + ‖x‖²/√d)^p of every sample, shape (n,)."""
        rows = x.reshape(len(x), -1)
        return self._of_products(np.einsum("ij,ij->i", rows, rows), rows.shape[1])

    def _of_products(self, products: Array, features: int) -> Array:
        """Inner products to kernel values, in place and by multiplication: NumPy's powers crawl."""
        products /= products.dtype.type(np.sqrt(features))
        products += products.dtype.type(self.intercept)
        base = products.copy() if self.degree > 1 else products
        for _ in range(self.degree - 1):
            products *= base
        return products
