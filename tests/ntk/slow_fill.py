"""Fill NTKs of a saved network by tiles: `python slow_fill.py model pause path log path log …`."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import fill
from kernel_regime.execution.store.job import KernelJob
from kernel_regime.ntk.network_kernel import KerasNTK

EDGE = 16
TILES = 10  # a triangle of 4 × 4


@dataclass(frozen=True)
class Recorded(KerasNTK):
    """Writes down which tiles it was asked for, and waits after each."""

    log: str = ""
    pause: float = 0.0

    def _cross(self, x1: Array, x2: Array) -> Array:
        return self._recorded(super()._cross(x1, x2), x1, x2)

    def _gram(self, x: Array) -> Array:
        return self._recorded(super()._gram(x), x, x)

    def _recorded(self, values: Array, x1: Array, x2: Array) -> Array:
        with Path(self.log).open("a", encoding="utf-8") as log:
            log.write(f"{x1.flat[0]:.0f},{x2.flat[0]:.0f}\n")
        time.sleep(self.pause)
        return values


def fill_slowly(model: Path, path: Path, log: Path, pause: float) -> None:
    """Images whose first pixel is their number, four tiles a side."""
    images = np.random.default_rng(0).random((4 * EDGE, 8, 8), np.float32)
    images[:, 0, 0] = np.arange(len(images))
    kernel = Recorded(str(model), (8, 8), 0, str(log), pause)
    fill(KernelJob(kernel, images, execution=Execution(memory=6 * 4 * EDGE**2)), path)


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    model, pause, *targets = sys.argv[1:]
    for path, log in zip(targets[::2], targets[1::2], strict=True):
        fill_slowly(Path(model), Path(path), Path(log), float(pause))
