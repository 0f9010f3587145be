"""One cell of a sweep: a training that is described completely, and its result on disk."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from kernel_regime.networks.description import NetworkDescription
from kernel_regime.training.checkpoint import Row
from kernel_regime.training.methods import Method
from kernel_regime.training.samples import SampleSplits

# Raised when the same description would give other numbers than before.
FORMAT = 1

Report = Callable[[Row], None]


@dataclass(frozen=True)
class TrainingJob:
    """What to train, how, and from which seed.

    Parameters
    ----------
    architecture : NetworkDescription
        The network.
    method : GradientDescent or ConjugateGradients
        Gradient descent trains one penalty per cell; conjugate gradients take a whole grid,
        each penalty starting from its neighbour's solution.
    penalties : tuple of float
        Regularisation strengths λ.
    seed : int
        Of initial weights, of the order of samples, and of dropout.
    """

    architecture: NetworkDescription
    method: Method
    penalties: tuple[float, ...]
    seed: int

    def description(self, data_digest: str) -> dict[str, Any]:
        """JSON-able; equal exactly where the result is."""
        method = {"kind": type(self.method).__name__, **asdict(self.method)}
        return {"format": FORMAT, "data": data_digest, **asdict(self), "method": method}

    def fingerprint(self, data_digest: str) -> str:
        """Name of the result: 32 hex digits of the description's SHA-256."""
        text = json.dumps(self.description(data_digest), sort_keys=True)
        return sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class TrainingResult:
    """A folder that holds one finished cell, or the beginnings of one.

    `record.json` is written last: where it exists, everything else does.
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
        """Whether there is nothing left to do."""
        return self.record.exists()

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """`scores`: one row per penalty. `curve`: one row per epoch, or per penalty's solution."""
        tables: dict[str, list[dict[str, Any]]] = json.loads(self.record.read_text())
        return tables


@dataclass(frozen=True)
class NamedTraining:
    """A cell, its samples, and what to call it in messages."""

    name: str
    cell: TrainingJob
    samples: Callable[[], SampleSplits]

    def result(self, folder: Path) -> TrainingResult:
        """Where the result belongs: named by the content of cell and samples."""
        return TrainingResult(folder / self.cell.fingerprint(self.samples().digest))


Pair = tuple[NamedTraining, TrainingResult]
