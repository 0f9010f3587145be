"""A kernel that writes down which tiles it was asked for, and scripts that end in the middle."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import get_num_threads
from threadpoolctl import threadpool_info

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.base import Kernel


@dataclass(frozen=True)
class Recorded(Kernel):
    """Inner products; appends the first sample numbers of every tile to a log, then waits."""

    log: str
    pause: float = 0.0

    def _cross(self, x1: Array, x2: Array) -> Array:
        record(self.log, f"{x1[0, 0]:.0f},{x2[0, 0]:.0f}")
        time.sleep(self.pause)
        return x1 @ x2.T

    def _diagonal(self, x: Array) -> Array:
        return np.einsum("ij,ij->i", x, x)

    def identity(self) -> dict[str, Any]:
        return {"kind": "Recorded"}


@dataclass(frozen=True)
class ThreadCounts(Kernel):
    """Threads that Numba and a BLAS would start for a tile: the largest number as its value."""

    def _cross(self, x1: Array, x2: Array) -> Array:
        libraries = [library["num_threads"] for library in threadpool_info()]
        return np.full((len(x1), len(x2)), max(get_num_threads(), *libraries))

    def _diagonal(self, x: Array) -> Array:
        return np.ones(len(x))


def record(path: str, line: str) -> None:
    """Append a line in one system call, so that lines of several processes never mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def recorded(path: str | Path) -> list[str]:
    """Lines of a log, without one that a kill cut short."""
    log = Path(path)
    return log.read_text().splitlines() if log.exists() else []


def numbered_samples(count: int, features: int = 4) -> Array:
    """Random float32 samples whose first feature is their number."""
    samples = np.random.default_rng(0).standard_normal((count, features)).astype(np.float32)
    samples[:, 0] = np.arange(count)
    return samples
