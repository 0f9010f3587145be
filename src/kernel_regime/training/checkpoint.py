"""Checkpoint of an unfinished training: its variables and its curve."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.files import is_whole_archive, replacing

Row = dict[str, float]
Shapes = Sequence[tuple[int, ...]]

logger = logging.getLogger(__name__)


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

    def load(self, shapes: Shapes | None = None) -> tuple[list[Array], list[Row]] | None:
        """Variables and curve as saved last, or None where nothing was that can be gone on with.

        Parameters
        ----------
        shapes : sequence of tuple, optional
            What the variables must have: equations that suit another memory have other unknowns.
        """
        if not self.path.exists():
            return None
        if not is_whole_archive(self.path):
            logger.warning("%s is damaged; the training starts anew", self.path)
            return None
        with np.load(self.path, allow_pickle=False) as stored:
            variables = [stored[f"arr_{i}"] for i in range(len(stored) - 1)]
            curve = json.loads(str(stored["curve"]))
        if shapes is not None and [v.shape for v in variables] != list(shapes):
            logger.warning("%s does not fit this training, which starts anew", self.path)
            return None
        return variables, curve
