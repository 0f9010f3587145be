"""Polynomial kernels."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.kernels.base import Array, Kernel, require_integer, require_real
from kernel_regime.kernels.products import flat, from_products


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
        left = flat(x1)
        right = left if x2 is x1 else flat(x2)
        return from_products(left, right, lambda block, *_: self._finish(block, left.shape[1]))

    def diagonal(self, x: Array) -> Array:
        """(c + ‖x‖²/√d)^p of every sample, shape (n,)."""
        x = flat(x)
        squares = np.einsum("ij,ij->i", x, x)
        self._finish(squares, x.shape[1])
        return squares

    def _finish(self, products: Array, features: int) -> None:
        """Inner products to kernel values, in place."""
        products /= products.dtype.type(np.sqrt(features))
        products += products.dtype.type(self.intercept)
        np.power(products, self.degree, out=products)
