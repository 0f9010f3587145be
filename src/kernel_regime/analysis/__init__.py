"""Experiments on kernels and networks: spectra, spectral bias, learning curves, regimes."""
