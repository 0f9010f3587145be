"""Kernel matrices of points uniform on a sphere, against the exact spectrum of the operator."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kernel_regime.core.arrays import Array
from kernel_regime.linalg.eigenvalues import eigenvalues

if TYPE_CHECKING:
    from kernel_regime.kernels.dense.zonal import Zonal


def uniform_on_sphere(samples: int, dimension: int, seed: int) -> Array:
    """Independent uniform unit vectors of R^d, shape (samples, dimension)."""
    draws = np.random.default_rng(seed).standard_normal((samples, dimension))
    return draws / np.linalg.norm(draws, axis=1, keepdims=True)


def compare_on_sphere(
    zonal: "Zonal", dimension: int, samples: int, degrees: int, seed: int
) -> pd.DataFrame:
    """Exact eigenvalues of every degree beside those of a sample.

    The N(d, l) eigenvalues of degree l are equal for the operator and scatter for a sample: the
    empirical ones are grouped by rank, as the exact ones lie.

    Parameters
    ----------
    zonal : Zonal
        κ.
    dimension : int
        d, of the inputs.
    samples : int
        Points n; only degrees whose eigenvalues fit into them whole are compared.
    degrees : int
        Degrees l = 0, 1, …, at most.
    seed : int
        Of the points.

    Returns
    -------
    DataFrame
        degree, multiplicity, exact, and the mean, smallest and largest empirical eigenvalue of
        K/n in its place. Degrees whose exact eigenvalue vanishes are left out.
    """
    exact = zonal.sphere_spectrum(dimension, degrees)
    x = uniform_on_sphere(samples, dimension, seed)
    kernel = zonal(np.clip(x @ x.T, -1, 1))
    np.fill_diagonal(kernel, zonal(np.ones(1))[0])
    empirical = eigenvalues((kernel + kernel.T) / 2) / samples
    present = exact.eigenvalues > 1e-12 * exact.eigenvalues.max()
    order = [degree for degree in np.argsort(-exact.eigenvalues) if present[degree]]
    rows, start = [], 0
    for degree in order:
        stop = start + int(exact.multiplicities[degree])
        if stop > samples:
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
