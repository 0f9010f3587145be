"""Spectrum of a kernel on the sphere: that of a sample against the exact one of the operator."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import Field, NonNegativeInt, PositiveInt

from kernel_regime.core.arrays import Array
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.seeds import seeded
from kernel_regime.linalg.eigenvalues import eigenvalues

if TYPE_CHECKING:
    from kernel_regime.kernels.dense.zonal import Zonal


def uniform_on_sphere(samples: int, dimension: int, seed: int) -> Array:
    """Independent uniform unit vectors of R^d, shape (samples, dimension)."""
    draws = seeded(seed).standard_normal((samples, dimension))
    return draws / np.linalg.norm(draws, axis=1, keepdims=True)


@dataclass(frozen=True)
class SphereSample(ParameterType):
    """Points uniform on a sphere, and how far their spectrum is compared.

    Parameters
    ----------
    dimension : int
        d, of the space around the sphere.
    samples : int
        Points n; only degrees whose eigenvalues fit into them whole are compared.
    degrees : int
        Degrees l = 0, 1, …, at most.
    seed : int
        Of the points.

    Examples
    --------
    >>> points = SphereSample(dimension=4, samples=50, degrees=3).points()
    >>> points.shape, bool(np.allclose(np.linalg.norm(points, axis=1), 1))
    ((50, 4), True)
    """

    dimension: Annotated[int, Field(ge=3)]
    samples: PositiveInt
    degrees: PositiveInt
    seed: NonNegativeInt = 0

    def points(self) -> Array:
        """The points, shape (samples, dimension)."""
        return uniform_on_sphere(self.samples, self.dimension, self.seed)


def compare_on_sphere(zonal: "Zonal", sphere: SphereSample) -> pd.DataFrame:
    """Exact eigenvalues of every degree beside those of a sample.

    The N(d, l) eigenvalues of degree l are equal for the operator and scatter for a sample: the
    empirical ones are grouped by rank, as the exact ones lie.

    Parameters
    ----------
    zonal : Zonal
        The kernel as a function κ of the angle.
    sphere : SphereSample
        The points, and the degrees compared.

    Returns
    -------
    DataFrame
        degree, multiplicity, exact, and the mean, smallest and largest empirical eigenvalue of
        K/n in its place. Degrees whose exact eigenvalue vanishes are left out.

    Examples
    --------
    >>> from kernel_regime.kernels.dense.zonal import relu_ntk
    >>> table = compare_on_sphere(relu_ntk(2), SphereSample(dimension=4, samples=50, degrees=3))
    >>> table["multiplicity"].tolist()
    [1, 4, 9]
    """
    exact = zonal.sphere_spectrum(sphere.dimension, sphere.degrees)
    x = sphere.points()
    kernel = zonal(np.clip(x @ x.T, -1, 1))
    np.fill_diagonal(kernel, zonal(np.ones(1))[0])
    empirical = eigenvalues((kernel + kernel.T) / 2) / sphere.samples
    present = exact.eigenvalues > 1e-12 * exact.eigenvalues.max()
    order = [degree for degree in np.argsort(-exact.eigenvalues) if present[degree]]
    rows, start = [], 0
    for degree in order:
        stop = start + int(exact.multiplicities[degree])
        if stop > sphere.samples:
            break
        found = empirical[start:stop]
        rows.append({
            "degree": int(degree),
            "multiplicity": stop - start,
            "exact": exact.eigenvalues[degree],
            "mean": found.mean(),
            "smallest": found.min(),
            "largest": found.max(),
        })  # fmt: skip
        start = stop
    return pd.DataFrame(rows)
