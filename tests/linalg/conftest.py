"""What several tests of matrices start from."""

import numpy as np
import pytest

from tests.linalg.matrices import matrix_with


@pytest.fixture(scope="session")
def power_law_matrix():
    """Eigenvalues i^(−1.5), the matrix, and its eigenvectors."""
    spectrum = np.arange(1, 301.0) ** -1.5
    return spectrum, *matrix_with(spectrum)
