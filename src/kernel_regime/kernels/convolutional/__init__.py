"""Kernels of convolutional networks."""
