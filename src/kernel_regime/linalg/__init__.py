"""Matrix products, factorisations and eigenvalues, for kernels and regressions alike."""
