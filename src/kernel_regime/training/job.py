"""Training job: a training that is described completely, and its result on disk."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from zlib import crc32

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt

from kernel_regime.core.errors import InputError
from kernel_regime.core.files import is_whole_archive, write_json
from kernel_regime.core.parameters import checked_arguments
from kernel_regime.core.types import Identity
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.training.checkpoint import Row
from kernel_regime.training.methods import GradientDescent, Method
from kernel_regime.training.samples import SampleSplits

# Raised when the same description would give other numbers than before.
FORMAT = 1

_CHECKSUM = "checksum"

Report = Callable[[Row], None]
Penalty = Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class TrainingJob:
    """What to train, how, and from which seed.

    Parameters
    ----------
    architecture : NetworkDescription
        The network.
    method : GradientDescent or ConjugateGradients
        Gradient descent trains one penalty per job; conjugate gradients take a whole grid,
        each penalty starting from its neighbour's solution.
    penalties : tuple of float
        Regularisation strengths λ.
    seed : int
        Of initial weights, of the order of samples, and of dropout.

    Examples
    --------
    >>> from kernel_regime.training import ConjugateGradients
    >>> network = NetworkDescription("random_features", (("width", 100),))
    >>> TrainingJob(network, ConjugateGradients(), (1.0, 0.1), seed=0).fingerprint("of the samples")
    '3d82005ab1ec3bd85c0e8339a1abb9ed'
    """

    architecture: NetworkDescription
    method: Method
    penalties: Annotated[tuple[Penalty, ...], Field(min_length=1)]
    seed: NonNegativeInt

    def __post_init__(self) -> None:
        """Check, and make numbers Python's; a penalty 1 stays 1, as fingerprints have it."""
        checked = checked_arguments(TrainingJob, vars(self), "TrainingJob")
        checked["penalties"] = tuple(
            penalty.item() if isinstance(penalty, np.generic) else penalty
            for penalty in self.penalties
        )
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if isinstance(self.method, GradientDescent) and len(self.penalties) > 1:
            raise InputError(
                f"TrainingJob.penalties: {self.penalties}; gradient descent trains one, make a "
                "job of each"
            )

    def description(self, data_digest: str) -> Identity:
        """JSON-able; equal exactly where the result is.

        Kinds are named by stable strings, and a user's class also by the text of its file.
        """
        method = {"kind": self.method.kind, **asdict(self.method)}
        content = {"format": FORMAT, "data": data_digest, **asdict(self), "method": method}
        source = self.architecture.source
        return content if source is None else {**content, "source": source}

    def fingerprint(self, data_digest: str) -> str:
        """Name of the result: 32 hex digits of the description's SHA-256."""
        text = json.dumps(self.description(data_digest), sort_keys=True)
        return sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class TrainingResult:
    """A folder that holds one finished training, or the beginnings of one.

    `record.json` is written last: where it exists, everything else did.

    Examples
    --------
    >>> result = TrainingResult(Path("trainings/0a1b"))
    >>> result.final.name, result.finished
    ('final.keras', False)
    """

    folder: Path

    @property
    def initial(self) -> Path:
        """The network before training."""
        return self.folder / "initial.keras"

    @property
    def final(self) -> Path:
        """The trained network; of several penalties, that which validates best."""
        return self.folder / "final.keras"

    @property
    def checkpoint(self) -> Path:
        """State of an unfinished training."""
        return self.folder / "checkpoint.npz"

    @property
    def record(self) -> Path:
        """Scores and curves."""
        return self.folder / "record.json"

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do: all files are there, none is damaged."""
        return self._recorded() and is_whole_archive(self.initial) and is_whole_archive(self.final)

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """`scores`: one row per penalty. `curve`: one row per epoch."""
        return self._read()

    def write(self, tables: Mapping[str, list[Row]]) -> None:
        """Record the tables, which makes the training finished; their checksum beside them."""
        content = {**tables, _CHECKSUM: _checksum(tables)}
        write_json(self.record, content, durable=True)

    def _read(self) -> dict[str, list[Row]]:
        content = json.loads(self.record.read_text(encoding="utf-8"))
        checksum = content.pop(_CHECKSUM, None)
        older = checksum is None and content.keys() == {"scores", "curve"}
        if checksum != _checksum(content) and not older:
            raise ValueError(f"{self.record} is damaged")
        tables: dict[str, list[Row]] = content
        return tables

    def _recorded(self) -> bool:
        """Whether the record can be read; not kept, since a damaged one will be replaced."""
        try:
            tables = self._read()
            return bool(tables["scores"]) and isinstance(tables["curve"], list)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False


def _checksum(tables: Mapping[str, list[Row]]) -> int:
    return crc32(json.dumps(tables, sort_keys=True).encode())


@dataclass(frozen=True)
class NamedTraining:
    """A job, its samples, and what to call it in messages.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.training import ConjugateGradients, SampleSplits
    >>> x, y = np.ones((10, 3)), np.ones((10, 1))
    >>> samples = SampleSplits.divide((x, y), (x, y), validation=0.2)
    >>> network = NetworkDescription("random_features", (("width", 100),))
    >>> job = TrainingJob(network, ConjugateGradients(), (0.1,), seed=0)
    >>> NamedTraining("100 random features", job, samples).job.penalties
    (0.1,)
    """

    name: str
    job: TrainingJob
    samples: SampleSplits


@dataclass(frozen=True)
class TrainingStore:
    """A folder of trainings, each in a folder named by the content of its job and samples.

    What is finished is found again, by any run that asks for the same training.

    Examples
    --------
    >>> import numpy as np
    >>> from kernel_regime.training import ConjugateGradients, SampleSplits
    >>> x, y = np.ones((10, 3)), np.ones((10, 1))
    >>> samples = SampleSplits.divide((x, y), (x, y), validation=0.2)
    >>> network = NetworkDescription("random_features", (("width", 100),))
    >>> job = TrainingJob(network, ConjugateGradients(), (0.1,), seed=0)
    >>> store = TrainingStore(Path("trainings"))
    >>> result = store.result(NamedTraining("100 random features", job, samples))
    >>> result.folder.name == job.fingerprint(samples.digest)
    True
    """

    folder: Path

    def result(self, training: NamedTraining) -> TrainingResult:
        """Where the result of a training is, or will be."""
        return TrainingResult(self.folder / training.job.fingerprint(training.samples.digest))


Pair = tuple[NamedTraining, TrainingResult]
