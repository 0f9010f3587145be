"""Types that carry a meaning, and the values of libraries that have no types of their own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""Plain data, as JSON and YAML hold them."""

Identity: TypeAlias = dict[str, Any]
"""Plain data that say what a result follows from: two results are one where these are equal."""

Parameters: TypeAlias = Mapping[str, Any]
"""Configuration by its top-level names, each value of the type that its node asks for."""

Arguments: TypeAlias = dict[str, Any]
"""Arguments by name, of a class, a function or a data set, each of the type that it asks for."""

Row: TypeAlias = dict[str, Any]
"""One row of a table: numbers, names and truth values by column."""

PyTree: TypeAlias = Any
"""Parameters of a network in JAX: arrays in lists, tuples and mappings, in any nesting."""

Tensor: TypeAlias = Any
"""Tensor of Keras: of TensorFlow, symbolic, or an array; Keras has no type that covers them."""

Matrix: TypeAlias = Any
"""Matrix in memory, memory-mapped or distributed (Dask), which have no type in common."""

Compiled: TypeAlias = Callable[..., Any]
"""Function for or from Numba, which infers its types."""
