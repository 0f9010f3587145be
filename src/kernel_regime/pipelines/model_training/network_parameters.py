"""Parameters of networks and their training."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from kernel_regime.core.errors import InputError
from kernel_regime.core.listed_once import LISTED_ONCE
from kernel_regime.core.parameters import (
    ParameterMapping,
    ParameterModel,
    checked_arguments,
    parameter_model,
)
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.pipelines.model_training.grids import Grid, expand
from kernel_regime.training.methods import (
    ConjugateGradients,
    GradientDescent,
    Loss,
    Method,
    Optimiser,
)
from kernel_regime.training.schedule import Batches, Schedule


def _from_the_start(batches: dict[int, int]) -> dict[int, int]:
    if 0 not in batches:
        raise ValueError("batches must say the size from epoch 0 on, e.g. {0: 500, 15: 1000}")
    return batches


Seeds = Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1), LISTED_ONCE]
BatchSizes = Annotated[dict[NonNegativeInt, PositiveInt], AfterValidator(_from_the_start)]
"""First epoch → batch size, from epoch 0 on."""

# What does not come from parameters: the targets, the sweep and Keras give these.
_GIVEN = ("outputs", "seed")


class NetworkEntry(ParameterModel):
    """A network, or the several that its lists span.

    All other keys are arguments of the network's class, whose constructor says names, defaults
    and bounds: see `NetworkParameters.check_before_run`. A list is a sweep, unless the argument
    takes the list itself.

    Parameters
    ----------
    kind : str
        A built-in kind, or `package.module:Class` of any Keras model.
    optimiser : str
        momentum, sgd, adam, or conjugate_gradients where the model is linear in its weights.
    learning_rate : float
        Half the peak of the schedule; not for conjugate gradients.
    penalties : list
        Strengths λ, as numbers or as {from, to, count} in powers of ten.
    epochs, batches, loss
        As in `training`, for this network only.
    """

    model_config = ConfigDict(extra="allow")

    kind: str
    optimiser: Optimiser | Literal["conjugate_gradients"] = "momentum"
    learning_rate: PositiveFloat | None = None
    penalties: Grid
    epochs: PositiveInt | None = None
    batches: BatchSizes | None = None
    loss: Loss = "square"

    @model_validator(mode="after")
    def _has_its_rate(self) -> "NetworkEntry":
        solves = self.optimiser == "conjugate_gradients"
        if solves and self.learning_rate is not None:
            raise InputError(
                f"optimiser {self.optimiser} chooses its own steps; remove learning_rate"
            )
        if not solves and self.learning_rate is None:
            raise InputError(f"optimiser {self.optimiser} needs a learning_rate")
        return self

    def grid(self) -> tuple[float, ...]:
        """All penalties, from the largest: each solution starts from a smoother one."""
        return tuple(float(penalty) for penalty in expand(self.penalties)[::-1])

    def architectures(self, name: str) -> Iterator[tuple[str, NetworkDescription]]:
        """Name and description of every combination of the listed values, which join the name.

        Raises
        ------
        InputError
            If there is no such network, or not with these arguments or this optimiser.
        """
        described = NetworkDescription(self.kind).network_class
        model = parameter_model(described, _GIVEN)
        given = dict(sorted((self.model_extra or {}).items()))
        listed = {key: v for key, v in given.items() if _is_sweep(model, key, v)}
        for combination in product(*listed.values()):
            chosen = dict(zip(listed, combination, strict=True))
            arguments = checked_arguments(described, {**given, **chosen}, self.kind, _GIVEN)
            full_name = "_".join([name, *(f"{key}_{value}" for key, value in chosen.items())])
            description = NetworkDescription(self.kind, tuple(sorted(arguments.items())))
            if self.optimiser == "conjugate_gradients" and not description.linear_in_weights:
                raise InputError(
                    f"{self.kind} is not linear in its weights, as conjugate_gradients need it; "
                    "give momentum, sgd or adam"
                )
            yield full_name, description


def _is_sweep(model: type[BaseModel], key: str, value: object) -> bool:
    """Whether a list holds values of an argument, rather than being one."""
    field = model.model_fields.get(key)
    if not isinstance(value, list) or not value or field is None:
        return False
    if field.annotation is Any:
        return True
    try:
        model.model_validate({key: value})
    except ValidationError as error:
        return any(detail["loc"][0] == key for detail in error.errors())
    return False


NetworkName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class NetworkParameters(ParameterMapping[dict[NetworkName, NetworkEntry | None]]):
    """Networks by the name of their partitions; an environment drops one of base's with null."""

    def check_before_run(self) -> None:
        """Hold every network to its class, before the first node of a pipeline that needs them.

        Not when parameters are read: this imports TensorFlow, which other pipelines do without.

        Raises
        ------
        InputError
            One line for every network that there is not, or not with these arguments.
        """
        lines, names = [], []
        for prefix, entry in self.entries.items():
            try:
                names += [name for name, _ in entry.architectures(prefix)]
            except InputError as error:
                lines.append(f"network_sweep.{prefix}: {error}")
        for name in sorted({name for name in names if names.count(name) > 1}):
            lines.append(f"network_sweep: two networks are called {name!r}; rename one")
        if lines:
            raise InputError("\n".join(lines))

    @property
    def entries(self) -> dict[str, NetworkEntry]:
        """The networks that are not dropped."""
        return {name: entry for name, entry in self.root.items() if entry is not None}

    def architectures(self) -> Iterator[tuple[NetworkEntry, str, NetworkDescription]]:
        """Every network of the sweep: its entry, its name in partitions, its architecture."""
        for prefix, entry in self.entries.items():
            for name, architecture in entry.architectures(prefix):
                yield entry, name, architecture


class TrainingParameters(ParameterModel):
    """How networks are trained, unless an entry says otherwise.

    Parameters
    ----------
    epochs, warm_up : int
        Of the schedule; see `kernel_regime.training.Schedule`.
    batches : dict
        First epoch → batch size, from epoch 0 on.
    seeds : list of int
        One training each.
    validation : float
        Share of the training samples that chooses the penalty; 0 leaves the choice to the test
        set, as published.
    checkpoint_every : int
        Epochs between checkpoints.
    iterations, tolerance
        Of conjugate gradients.
    """

    epochs: PositiveInt
    warm_up: NonNegativeInt
    batches: BatchSizes
    seeds: Seeds
    validation: float = Field(ge=0, lt=1)
    checkpoint_every: PositiveInt
    iterations: PositiveInt = ConjugateGradients.iterations
    tolerance: PositiveFloat = ConjugateGradients.tolerance

    @model_validator(mode="after")
    def _is_consistent(self) -> "TrainingParameters":
        if self.warm_up >= self.epochs:
            raise InputError(
                f"warm_up ({self.warm_up}) must be shorter than epochs ({self.epochs})"
            )
        return self

    def method(self, entry: NetworkEntry) -> Method:
        """The training of one entry."""
        if entry.learning_rate is None or entry.optimiser == "conjugate_gradients":
            return ConjugateGradients(self.iterations, self.tolerance)
        batches = entry.batches or self.batches
        return GradientDescent(
            schedule=Schedule(entry.epochs or self.epochs, entry.learning_rate, self.warm_up),
            batches=Batches(tuple(sorted(batches.items()))),
            optimiser=entry.optimiser,
            loss=entry.loss,
        )
