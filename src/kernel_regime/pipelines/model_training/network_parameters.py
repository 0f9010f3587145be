"""Parameters of networks and their training."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    RootModel,
    StringConstraints,
    model_validator,
)

from kernel_regime.core.errors import InputError
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.pipelines.model_training.grids import Grid, expand
from kernel_regime.training.methods import ConjugateGradients, GradientDescent, Method
from kernel_regime.training.schedule import Batches, Schedule

Width = PositiveInt | list[PositiveInt]
BatchSizes = dict[NonNegativeInt, PositiveInt]


class NetworkEntry(BaseModel):
    """A network, or the several that its lists span.

    Parameters
    ----------
    optimiser : str
        momentum, sgd, adam, or conjugate_gradients where the model is linear in its weights.
    learning_rate : float
        Half the peak of the schedule; not for conjugate gradients.
    penalties : list
        Strengths λ, as numbers or as {from, to, count} in powers of ten.
    epochs, batches, loss
        As in `training`, for this network only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    optimiser: Literal["momentum", "sgd", "adam", "conjugate_gradients"] = "momentum"
    learning_rate: PositiveFloat | None = None
    penalties: Grid
    epochs: PositiveInt | None = None
    batches: BatchSizes | None = None
    loss: Literal["square", "cross_entropy"] = "square"

    @model_validator(mode="after")
    def _has_its_rate(self) -> "NetworkEntry":
        if (self.optimiser == "conjugate_gradients") == (self.learning_rate is not None):
            raise InputError(
                f"optimiser {self.optimiser} "
                + (
                    "chooses its own steps; remove learning_rate"
                    if self.learning_rate
                    else "needs a learning_rate"
                )
            )
        return self

    def grid(self) -> tuple[float, ...]:
        """All penalties, from the largest: each solution starts from a smoother one."""
        return tuple(float(penalty) for penalty in expand(self.penalties)[::-1])

    def architectures(self, name: str) -> Iterator[tuple[str, NetworkDescription]]:
        """Name and architecture of every combination of the listed values, which join the name."""
        own = type(self).model_fields.keys() - NetworkEntry.model_fields.keys()
        options = {field: getattr(self, field) for field in sorted(own)}
        listed = {field: value for field, value in options.items() if isinstance(value, list)}
        for combination in product(*listed.values()):
            chosen = dict(zip(listed, combination, strict=True))
            full_name = "_".join([name, *(f"{key}_{value}" for key, value in chosen.items())])
            yield full_name, NetworkDescription(self.kind, tuple({**options, **chosen}.items()))


class FullyConnectedEntry(NetworkEntry):
    """See `kernel_regime.networks.FullyConnected`."""

    kind: Literal["fully_connected"]
    width: Width
    hidden_layers: Width = 1
    dropout: float = Field(0.0, ge=0, lt=1)


class RandomFeaturesEntry(NetworkEntry):
    """See `kernel_regime.networks.RandomFeatures`."""

    kind: Literal["random_features"]
    width: Width


class NeuralTangentEntry(NetworkEntry):
    """See `kernel_regime.networks.NeuralTangent`."""

    kind: Literal["neural_tangent"]
    width: Width


class MyrtleEntry(NetworkEntry):
    """See `kernel_regime.networks.Myrtle`."""

    kind: Literal["myrtle"]
    width: Width


class LeNet5Entry(NetworkEntry):
    """See `kernel_regime.networks.LeNet5`."""

    kind: Literal["lenet5"]


class ShallowEntry(NetworkEntry):
    """See `kernel_regime.networks.Shallow`."""

    kind: Literal["shallow"]
    width: Width
    activation: Literal["relu", "sigmoid", "tanh", "softplus"] = "relu"


AnyEntry = Annotated[
    FullyConnectedEntry
    | RandomFeaturesEntry
    | NeuralTangentEntry
    | MyrtleEntry
    | LeNet5Entry
    | ShallowEntry,
    Field(discriminator="kind"),
]

_LINEAR = ("random_features", "neural_tangent")
NetworkName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$")]


class NetworkParameters(RootModel[dict[NetworkName, AnyEntry | None]]):
    """Networks by the name of their partitions; an environment drops one of base's with null."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _is_consistent(self) -> "NetworkParameters":
        names = [name for _, name, _ in self.architectures()]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"two networks are called {name!r}; give each its own name")
        for name, entry in self.entries.items():
            if entry.optimiser == "conjugate_gradients" and entry.kind not in _LINEAR:
                raise InputError(
                    f"{name}: {entry.kind} is not linear in its weights; "
                    f"conjugate_gradients are for {' and '.join(_LINEAR)}"
                )
        return self

    @property
    def entries(self) -> dict[str, NetworkEntry]:
        """The networks that are not dropped."""
        return {name: entry for name, entry in self.root.items() if entry is not None}

    def architectures(self) -> Iterator[tuple[NetworkEntry, str, NetworkDescription]]:
        """Every network of the sweep: its entry, its name in partitions, its architecture."""
        for prefix, entry in self.entries.items():
            for name, architecture in entry.architectures(prefix):
                yield entry, name, architecture


class TrainingParameters(BaseModel):
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

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: PositiveInt
    warm_up: NonNegativeInt
    batches: BatchSizes
    seeds: list[NonNegativeInt] = Field(min_length=1)
    validation: float = Field(ge=0, lt=1)
    checkpoint_every: PositiveInt
    iterations: PositiveInt = 750
    tolerance: PositiveFloat = 1e-4

    @model_validator(mode="after")
    def _is_consistent(self) -> "TrainingParameters":
        if 0 not in self.batches:
            raise InputError("batches must say the size from epoch 0 on, e.g. {0: 500, 15: 1000}")
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
