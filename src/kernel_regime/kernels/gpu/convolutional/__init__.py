"""Convolutional networks on NVIDIA GPUs: CUDA source generated from the stages of a network."""
