"""Polynomial kernels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import require_integer, require_real
from kernel_regime.kernels.device import Device, DeviceKernel


@dataclass(frozen=True)
class Polynomial(DeviceKernel):
    r"""Polynomial kernel :math:`(c + \langle x, x' \rangle / \sqrt d)^p`.

    Parameters
    ----------
    degree : int
        Power p, at least 1.
    intercept : float
        Constant c ≥ 0; larger values weigh low degrees more. A negative one would not be
        positive semi-definite.
    device : {"cpu", "gpu"}
        Where tiles are computed; a GPU needs the `[gpu]` extra. `diagonal` stays on the CPU.

    References
    ----------
    Ghorbani et al. (2020), appendix A.
    """

    degree: int
    intercept: float
    device: Device = "cpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer(self, "degree", at_least=1)
        require_real(self, "intercept", at_least=0)

    def _cross(self, x1: Array, x2: Array) -> Array:
        """Kernel values of shape (n1, n2); any trailing shape of the samples is flattened.

        Raises
        ------
        RuntimeError
            If `device` is gpu and there is none.
        """
        if self.device == "gpu":
            from kernel_regime.kernels.gpu.jax_blocks import first_gpu
            from kernel_regime.kernels.gpu.polynomial_jax import polynomial_tile

            return polynomial_tile(self, x1, x2, first_gpu())
        left, right = (x.reshape(len(x), -1) for x in (x1, x2))
        return self.of_products(left @ right.T, left.shape[1])

    def _diagonal(self, x: Array) -> Array:
        """(c + ‖x‖²/√d)^p of every sample, shape (n,)."""
        rows = x.reshape(len(x), -1)
        return self.of_products(np.einsum("ij,ij->i", rows, rows), rows.shape[1])

    def of_products(self, products: Any, features: int) -> Any:
        """Inner products to kernel values, by multiplication: NumPy's powers crawl.

        An array of NumPy changes in place; one of JAX, which cannot, is left as it was.
        """
        products /= products.dtype.type(np.sqrt(features))
        products += products.dtype.type(self.intercept)
        base = products.copy() if self.degree > 1 else products
        for _ in range(self.degree - 1):
            products *= base
        return products
