"""Slow, exact formulas, independent of the code under test."""

import numpy as np


def angles(x1, x2):
    """Angles in extended precision, exact for nearly parallel rows: 2 atan2(|a − b|, |a + b|)."""
    units = []
    for x in (x1, x2):
        x = x.astype(np.longdouble)
        length = np.sqrt((x**2).sum(1))
        units.append(x / np.where(length > 0, length, 1)[:, None])
    a, b = units[0][:, None], units[1][None]
    apart, together = (np.sqrt(((a + s * b) ** 2).sum(-1)) for s in (-1, 1))
    return 2 * np.arctan2(apart, together)


def relu_network(x1, x2, layers):
    """(NTK, NNGP) by the textbook recursion over cosines, in extended precision.

    Its own error at an angle θ is 1e-19/θ a layer: 1e-14 for rows 1e-5 apart.
    """
    lengths = [np.sqrt((x.astype(np.longdouble) ** 2).sum(1)) for x in (x1, x2)]
    scale = lengths[0][:, None] * lengths[1] / x1.shape[1]
    pi, theta = 4 * np.arctan(np.longdouble(1)), angles(x1, x2)
    ntk = nngp = np.cos(theta)
    for depth in range(1, layers):
        nngp = (np.sin(theta) + (pi - theta) * np.cos(theta)) / pi / 2**depth
        ntk = ntk * (1 - theta / pi) / 2 + nngp
        theta = np.arccos(np.clip(nngp * 2**depth, -1, 1))
    return scale * ntk, scale * nngp


def awkward_rows(rng, dimension=40):
    """Two sets of rows whose pairs are equal, opposite, scaled, nearly so, zero and ordinary."""
    x = rng.standard_normal((9, dimension))
    nudge = rng.standard_normal((3, dimension))
    near = x[4:7] + np.array([1e-5, 1e-4, 1e-2])[:, None] * nudge
    other = np.concatenate([x[:1], -x[1:2], 3 * x[2:3], -1e-3 * x[3:4], near, -near, 0 * x[:1]])
    return np.concatenate([x, np.zeros((1, dimension))]), other
