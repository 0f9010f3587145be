"""Polynomial kernels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

import numpy as np
from pydantic import Field, PositiveInt

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import Kernel, register, require_representable
from kernel_regime.kernels.dense.zonal import Zonal

if TYPE_CHECKING:
    import jax

Products = TypeVar("Products", Array, "jax.Array")


@register("polynomial")
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

    Examples
    --------
    >>> Polynomial(degree=2)([[1, 0, 0, 0], [2, 0, 0, 0]])
    array([[2.25, 4.  ],
           [4.  , 9.  ]])
    """

    degree: PositiveInt
    intercept: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    gpu: ClassVar[str | None] = "kernel_regime.kernels.gpu.polynomial_jax:PolynomialOnGpu"

    def on_sphere(self, radius: float, features: int) -> Zonal:
        """(c + r² cos θ/√d)^p."""
        slope = radius**2 / np.sqrt(features)
        return Zonal(lambda angle: (self.intercept + slope * np.cos(angle)) ** self.degree)

    def _cross(self, x1: Array, x2: Array) -> Array:
        left, right = (x.reshape(len(x), -1) for x in (x1, x2))
        with np.errstate(over="ignore", invalid="ignore"):  # `_checked` tells
            values = self.of_products(left @ right.T, left.shape[1])
        return self._checked(values, x1, x2)

    def _gram(self, x: Array) -> Array:
        """NumPy knows a product with its own transpose: half the work, exactly symmetric."""
        rows = np.ascontiguousarray(x.reshape(len(x), -1))
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.of_products(rows @ rows.T, rows.shape[1])
        return self._checked(values, x, x)

    def _diagonal(self, x: Array) -> Array:
        rows = x.reshape(len(x), -1)
        return self.of_products(np.einsum("ij,ij->i", rows, rows), rows.shape[1])

    def _gradient_weights(self, x1: Array, x2: Array) -> tuple[Array, Array]:
        root = np.sqrt(x1.shape[1])
        base = self.intercept + x1 @ x2.T / root
        weights = (self.degree / root * base ** (self.degree - 1)).astype(x1.dtype)
        return weights, np.zeros_like(weights)

    def of_products(self, products: Products, features: int) -> Products:
        """Inner products to kernel values, by multiplication: NumPy's powers crawl.

        An array of NumPy changes in place; one of JAX, which cannot, is left as it was.
        """
        products /= products.dtype.type(np.sqrt(features))
        products += products.dtype.type(self.intercept)
        base = products.copy() if self.degree > 1 else products
        for _ in range(self.degree - 1):
            products *= base
        return products

    def _checked(self, values: Array, x1: Array, x2: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            first, second = (float(np.sqrt(self._diagonal(x).max())) for x in (x1, x2))
        bound = first * second
        in_range = float(np.finfo(values.dtype).tiny) < bound < np.inf
        require_representable(self, values, x1, x2, bound if in_range else None)
        return values
