"""Symmetric matrices whose eigenvalues and eigenvectors are known."""

from scipy.stats import ortho_group


def matrix_with(spectrum, seed=0):
    """A matrix with these eigenvalues and its eigenvectors, in columns."""
    vectors = ortho_group.rvs(len(spectrum), random_state=seed)
    matrix = vectors * spectrum @ vectors.T
    return (matrix + matrix.T) / 2, vectors
