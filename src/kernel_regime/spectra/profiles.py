"""Everything the tables say about one kernel matrix."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kernel_regime.spectra.diagonalise import (
    eigensystem,
    eigenvalues,
    round_off_floor,
    top_eigensystem,
)
from kernel_regime.spectra.power_law import fit_power_law
from kernel_regime.spectra.summaries import (
    alignment,
    effective_dimension,
    target_power,
)

Array = NDArray[Any]

POWER_RANKS = (1, 10, 100)
"""Numbers of top eigenvectors whose share of the labels' power the summary states."""


@dataclass(frozen=True)
class ProfileSettings:
    """How to look at a spectrum.

    Parameters
    ----------
    full_up_to : int
        Largest n for which all eigenvalues are computed; beyond it, only the largest.
    top : int
        How many those are.
    first, last : int
        Ranks between which the power law is fitted, as far as they exceed round-off.
    """

    full_up_to: int
    top: int
    first: int
    last: int


@dataclass(frozen=True)
class Profile:
    """Eigenvalues (largest first), one row of the summary, and the labels' cumulative power."""

    eigenvalues: Array
    summary: dict[str, Any]
    cumulative_power: Array | None = None

    def spectrum_table(self) -> pd.DataFrame:
        """Columns index (from 1) and eigenvalue."""
        ranks = np.arange(1, len(self.eigenvalues) + 1)
        return pd.DataFrame({"index": ranks, "eigenvalue": self.eigenvalues})

    def power_table(self) -> pd.DataFrame:
        """Columns index and power, at ranks evenly spaced in logarithm; empty without targets."""
        if self.cumulative_power is None:
            return pd.DataFrame({"index": np.empty(0, int), "power": np.empty(0)})
        ranks = np.unique(np.geomspace(1, len(self.cumulative_power), 200).round().astype(int))
        return pd.DataFrame({"index": ranks, "power": self.cumulative_power[ranks - 1]})


def profile(kernel: Array, settings: ProfileSettings, targets: Array | None = None) -> Profile:
    """Spectrum, ranks and decay of a kernel matrix (n, n), and its fit to targets (n, outputs)."""
    n = len(kernel)
    complete = n <= settings.full_up_to
    if not complete:
        values, vectors = top_eigensystem(kernel, settings.top)
    elif targets is None:
        values, vectors = eigenvalues(kernel), None
    else:
        values, vectors = eigensystem(kernel)
    floor = round_off_floor(kernel)
    summary = _ranks(kernel, values, complete) | {
        "n": n,
        "eigenvalues": len(values),
        "largest": values[0],
        "round_off": floor,
        "resolved": int((values > floor).sum()),
        "negative": int((values < -floor).sum()),
    }
    law = fit_power_law(values, settings.first, min(settings.last, len(values)), floor)
    fields = ("exponent", "low", "high", "first", "last")
    summary |= {f"power_law_{f}": getattr(law, f) if law else np.nan for f in fields}
    if targets is None or vectors is None:
        return Profile(values, summary)
    power = np.cumsum(target_power(vectors, targets))
    for rank in POWER_RANKS:
        summary[f"power_top_{rank}"] = power[rank - 1] if rank <= len(power) else np.nan
    summary["alignment"] = alignment(kernel, targets)
    summary["centred_alignment"] = alignment(kernel, targets, centred=True)
    return Profile(values, summary, power)


def _ranks(kernel: Array, values: Array, complete: bool) -> dict[str, float]:
    """Effective ranks from trace and norms, which need no eigenvalue but the first."""
    trace = float(np.trace(kernel, dtype=np.float64))
    square = sum(float(np.square(row, dtype=np.float64).sum()) for row in kernel)
    return {
        "trace_rank": trace / float(values[0]),
        "participation_rank": trace**2 / square,
        "dimension_at_mean_ridge": effective_dimension(values, trace / len(kernel))
        if complete
        else np.nan,
    }
