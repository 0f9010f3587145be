"""Solutions of shifted systems from a Krylov basis."""

from dataclasses import dataclass

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.krylov import KrylovBasis
from kernel_regime.linalg.row_blocks import row_panels


@dataclass(frozen=True)
class RitzPairs:
    """Eigenvalues and eigenvectors S of VᵀKV, and the right sides seen from there.

    Parameters
    ----------
    values : array (m,)
    vectors : array (m, m)
        S, in columns.
    sides : array (m, k)
        (V S)ᵀ times the right sides; these lie in the span of V.
    coupling : array (b', b)
        `KrylovBasis.coupling`.
    """

    values: Array
    vectors: Array
    sides: Array
    coupling: Array

    @classmethod
    def of(cls, basis: KrylovBasis, scales: Array) -> "RitzPairs":
        """Pairs of the basis as it is; right side j is `scales[j]` times start vector j."""
        values, vectors = np.linalg.eigh(basis.projected_kernel())
        first = basis.start_coefficients * scales
        return cls(values, vectors, vectors[: len(first)].T @ first, basis.coupling)

    def solutions(self, ridges: Array) -> Array:
        """Galerkin solutions of (K + λ) x = side, in coordinates V S: (m, ridges, k)."""
        return self.sides[:, None, :] / (self.values[:, None] + ridges)[:, :, None]

    def residuals(self, ridges: Array) -> Array:
        """Residual norms of these solutions relative to the right sides, (ridges, k)."""
        last = self.coupling @ self.vectors[-self.coupling.shape[1] :]
        missing = np.einsum("bm,mrk->brk", last, self.solutions(ridges))
        norms = np.linalg.norm(self.sides, axis=0)
        return np.linalg.norm(missing, axis=0) / np.where(norms > 0, norms, 1)

    def quadratic_forms(self, ridges: Array) -> Array:
        """Gauss quadrature of sideᵀ (K + λ)⁻¹ side, (ridges, k)."""
        return (1 / (self.values + ridges[:, None])) @ np.square(self.sides)

    def expand(self, basis: KrylovBasis, ridges: Array) -> tuple[Array, Array, Array, Array]:
        """Solutions, and diagonals of functions of the kernel within the space.

        Returns
        -------
        solutions : array (ridges, n, k)
        inverse : array (ridges, n)
            Diagonal of V (T + λ)⁻¹ Vᵀ.
        covered : array (n,)
            Diagonal of V Vᵀ: the share of each unit vector that lies in the space.
        variance : array (n,)
            Diagonal of V T Vᵀ.
        """
        n, k = len(basis.slabs[0]), self.sides.shape[1]
        coordinates = self.solutions(ridges).reshape(len(self.values), -1)
        # One GEMM gives all diagonals: functions of the eigenvalues in columns.
        functions = np.column_stack(
            [1 / (self.values[:, None] + ridges), np.ones_like(self.values), self.values]
        )
        solutions = np.empty((len(ridges), n, k))
        diagonals = np.empty((len(ridges) + 2, n))
        for rows in row_panels(n, len(self.values)):
            vectors = np.hstack([slab[rows] for slab in basis.slabs]) @ self.vectors
            panel = (vectors @ coordinates).reshape(-1, len(ridges), k)
            solutions[:, rows] = panel.transpose(1, 0, 2)
            diagonals[:, rows] = (np.square(vectors) @ functions).T
        return solutions, diagonals[:-2], diagonals[-2], diagonals[-1]
