"""Which kernels to generate, as `parameters_kernel_generation.yml` writes them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, PlainValidator, RootModel, StringConstraints, model_validator

from kernel_regime.core.errors import InputError
from kernel_regime.kernels.base import Kernel, registry


def kernel_from_parameters(given: Any) -> Kernel | None:
    """Kernel that `{kind: …}` with its arguments describes; None, which drops it, stays None.

    Raises
    ------
    InputError
        If a kind or an argument is unknown, missing or out of bounds.

    Examples
    --------
    >>> kernel_from_parameters({"kind": "polynomial", "degree": 3})
    Polynomial(degree=3, intercept=1.0)
    """
    if given is None or isinstance(given, Kernel):
        return given
    if not isinstance(given, Mapping):
        raise InputError(f"{given!r} is no kernel; give a dictionary, {{kind: …}}")
    return registry.build(given)


KernelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class KernelParameters(
    RootModel[dict[KernelName, Annotated[Kernel | None, PlainValidator(kernel_from_parameters)]]]
):
    """Kernels by the name of their partitions; an environment drops one of base's with null."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="after")
    def _has_some(self) -> "KernelParameters":
        if not self.names:
            raise InputError("no kernel is left; give at least one, `ntk: {kind: …}`")
        return self

    @property
    def names(self) -> list[str]:
        """Names of the kernels, in the order of the configuration."""
        return list(self.build())

    def build(self) -> dict[str, Kernel]:
        """The kernels by name."""
        return {name: kernel for name, kernel in self.root.items() if kernel is not None}
