"""Partitioned datasets inside nodes: lazy loads, and only those the parameters name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kedro.io import CatalogProtocol

from kernel_regime.core.errors import InputError

Catalog = CatalogProtocol[Any, Any]
"""Catalog of a run or of a plan."""

Load = Callable[[], Any]
"""Loading of a partition, as Kedro gives it."""

Partitions = Mapping[str, Load]

#: Catalog names of perturbed samples, their labels and their levels, as nodes take them.
SAMPLES = ("train_images", "test_images", "train_labels", "test_labels", "noise_levels")


def select(partitions: Partitions, names: Iterable[str]) -> dict[str, Load]:
    """The named partitions, in that order; leftovers of earlier runs stay out.

    Raises
    ------
    ValueError
        If a named partition was never written.
    """
    names = list(names)
    missing = [name for name in names if name not in partitions]
    if missing:
        raise InputError(
            f"partition {missing[0]!r} is missing ({len(missing)} of {len(names)} are); "
            "run the pipeline that writes it, with the same parameters"
        )
    return {name: partitions[name] for name in names}
