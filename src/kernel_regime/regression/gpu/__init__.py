"""Ridge paths on a GPU, by way of JAX."""
