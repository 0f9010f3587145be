"""Kernels on NVIDIA GPUs: the same algorithms through JAX and CUDA."""
