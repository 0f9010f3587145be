"""Block tridiagonal form of a symmetric matrix, and solutions from it."""
