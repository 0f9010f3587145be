"""Which kernels to generate, as `parameters_kernel_generation.yml` writes them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from pydantic import (
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    model_validator,
)

from kernel_regime.core.errors import InputError
from kernel_regime.core.parameters import ParameterMapping
from kernel_regime.core.types import Arguments
from kernel_regime.kernels.base import Kernel, registry


def kernels_from_parameters(given: object) -> dict[str, Kernel]:
    """Kernels that `{kind: …}` with its arguments describes, by what their names end in.

    One kernel ends in nothing; `get: [ntk, nngp]` describes two; None, which drops it, none.

    Raises
    ------
    InputError
        If a kind or an argument is unknown, missing or out of bounds.

    Examples
    --------
    >>> kernels_from_parameters({"kind": "polynomial", "degree": 3})
    {'': Polynomial(degree=3, intercept=1.0)}
    >>> described = {"kind": "network", "architecture": [{"Dense": {"out_dim": 1}}]}
    >>> list(kernels_from_parameters({**described, "get": ["ntk", "nngp"]}))
    ['_ntk', '_nngp']
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not isinstance(given.get("get"), list | tuple):
        return {"": registry.build(given)}
    gets = given["get"]
    if not gets or len({str(get) for get in gets}) < len(gets):
        raise InputError(f"get: {list(gets)!r} names no kernel, or one twice; give [ntk, nngp]")
    return {f"_{get}": registry.build({**given, "get": get}) for get in gets}


def as_parameters(kernels: Mapping[str, Kernel]) -> Arguments | None:
    """What `kernels_from_parameters` reads, as a report prints it.

    Examples
    --------
    >>> as_parameters(kernels_from_parameters({"kind": "polynomial", "degree": 3}))
    {'kind': 'polynomial', 'degree': 3, 'intercept': 1.0}
    """
    if not kernels:
        return None
    first = next(iter(kernels.values()))
    described = {"kind": first.kind, **asdict(first)}
    if "" in kernels:
        return described
    return {**described, "get": [end.removeprefix("_") for end in kernels]}


KernelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class KernelParameters(
    ParameterMapping[
        dict[
            KernelName,
            Annotated[
                dict[str, Kernel],
                PlainValidator(kernels_from_parameters),
                PlainSerializer(as_parameters),
            ],
        ]
    ]
):
    """Kernels by the name of their partitions; an environment drops one of base's with null.

    An entry `gelu` with `get: [ntk, nngp]` is two kernels, `gelu_ntk` and `gelu_nngp`, which one
    pass fills.
    """

    @model_validator(mode="after")
    def _has_some(self) -> "KernelParameters":
        if not self.names:
            raise InputError("no kernel is left; give at least one, `ntk: {kind: …}`")
        return self

    @model_validator(mode="after")
    def _names_each_once(self) -> "KernelParameters":
        owner: dict[str, str] = {}
        for name, ends in self.root.items():
            for kernel in (name + end for end in ends):
                if kernel in owner:
                    raise InputError(
                        f"{name} and {owner[kernel]} are both called {kernel}; rename one of them"
                    )
                owner[kernel] = name
        return self

    @property
    def names(self) -> list[str]:
        """Names of the kernels, in the order of the configuration."""
        return list(self.build())

    def knows(self, name: str) -> bool:
        """Whether a kernel is called so, or was until an environment dropped it."""
        return name in self.names or self.root.get(name) == {}

    def build(self) -> dict[str, Kernel]:
        """The kernels by name."""
        return {
            name + end: kernel
            for name, kernels in self.root.items()
            for end, kernel in kernels.items()
        }
