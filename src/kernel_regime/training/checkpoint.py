"""Checkpoint of an unfinished training: its variables and its curve."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.files import replacing

Row = dict[str, float]


@dataclass(frozen=True)
class Checkpoint:
    """A file that holds every variable and the curve so far.

    Parameters
    ----------
    path : Path
        Where; it is replaced as a whole, so a killed training leaves the previous state.
    every : int
        Epochs between two writes.
    """

    path: Path
    every: int

    def due(self, epochs_done: int) -> bool:
        """Whether to write after so many epochs."""
        return epochs_done % self.every == 0

    def save(self, variables: Sequence[Array], curve: Sequence[Row]) -> None:
        """Write variables and curve; readers see all of it or what was there before."""
        with replacing(self.path) as draft:
            np.savez(draft, *variables, curve=np.array(json.dumps(curve)))

    def load(self) -> tuple[list[Array], list[Row]] | None:
        """Variables and curve as saved last, or None where nothing was."""
        if not self.path.exists():
            return None
        with np.load(self.path, allow_pickle=False) as stored:
            variables = [stored[f"arr_{i}"] for i in range(len(stored) - 1)]
            return variables, json.loads(str(stored["curve"]))
