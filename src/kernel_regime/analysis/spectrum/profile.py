"""Spectral profile of one kernel matrix: eigenvalues, effective ranks, decay, and target power."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from pydantic import PositiveInt

from kernel_regime.analysis.spectrum.power_law import PowerLawRange, fit_power_law
from kernel_regime.analysis.spectrum.summaries import alignment, degrees_of_freedom, target_power
from kernel_regime.core.arrays import Array, ArrayLike, as_floating
from kernel_regime.core.memory import row_blocks
from kernel_regime.core.parameters import ParameterType
from kernel_regime.core.types import Identity, Matrix, Row
from kernel_regime.linalg.eigenvalues import (
    eigensystem,
    eigenvalues,
    round_off_floor,
    top_eigensystem,
)
from kernel_regime.linalg.spectral_density import spectral_density
from kernel_regime.regression.conditioning import scale_of

POWER_RANKS = (1, 10, 100)
"""Numbers of top eigenvectors whose share of the targets' power the summary states."""


@dataclass(frozen=True)
class ProfileSettings(ParameterType):
    """How far to look into a spectrum, by the size n of the matrix.

    Parameters
    ----------
    full_up_to : int
        Largest n for which all eigenvalues are computed.
    top_up_to : int
        Largest n for which the `top` largest are; beyond it, the density of all is estimated.
    top : int
        How many those are. They take about three passes over the matrix each.
    power_law : PowerLawRange
        Ranks between which the power law is fitted, as far as they exceed round-off.

    Examples
    --------
    >>> settings = ProfileSettings(1000, 5000, top=50, power_law=PowerLawRange(1, 50))
    >>> settings.method(800), settings.method(2000), settings.method(60_000)
    ('full', 'top', 'density')
    """

    full_up_to: PositiveInt
    top_up_to: PositiveInt
    top: PositiveInt
    power_law: PowerLawRange

    def method(self, n: int) -> str:
        """How eigenvalues of a matrix of n rows are found: "full", "top" or "density"."""
        if n > max(self.full_up_to, self.top_up_to):
            return "density"
        return "top" if n > self.full_up_to else "full"

    def content(self, n: int) -> Identity:
        """What of these settings decides a profile of n rows, JSON-able."""
        method = self.method(n)
        top = {"top": self.top} if method == "top" else {}
        return {"method": method, **top, "power_law": asdict(self.power_law)}


@dataclass(frozen=True)
class Profile:
    """Eigenvalues (largest first), one row of the summary, and the targets' cumulative power.

    Examples
    --------
    >>> Profile(np.array([2.0, 1.0]), {"trace_rank": 1.5}).spectrum_table()["eigenvalue"].tolist()
    [2.0, 1.0]
    """

    eigenvalues: Array
    summary: Row
    cumulative_power: Array | None = None

    def spectrum_table(self) -> pd.DataFrame:
        """Columns index (from 1) and eigenvalue."""
        ranks = np.arange(1, len(self.eigenvalues) + 1)
        return pd.DataFrame({"index": ranks, "eigenvalue": self.eigenvalues})

    def summary_table(self) -> pd.DataFrame:
        """The summary, in one row."""
        return pd.DataFrame([self.summary])

    def power_table(self) -> pd.DataFrame:
        """Columns index and power, at ranks evenly spaced in logarithm; empty without targets."""
        if self.cumulative_power is None:
            return pd.DataFrame({"index": np.empty(0, int), "power": np.empty(0)})
        ranks = np.unique(np.geomspace(1, len(self.cumulative_power), 200).round().astype(int))
        return pd.DataFrame({"index": ranks, "power": self.cumulative_power[ranks - 1]})


def profile(kernel: Matrix, settings: ProfileSettings, targets: ArrayLike = None) -> Profile:
    """Spectral profile of a kernel matrix (n, n), and of how targets lie in it.

    Parameters
    ----------
    kernel : array-like of shape (n, n)
        Kernel matrix; may be memory-mapped.
    settings : ProfileSettings
        How far to look.
    targets : array-like of shape (n,) or (n, outputs), optional
        What is regressed on.

    Examples
    --------
    >>> settings = ProfileSettings(100, 100, top=5, power_law=PowerLawRange(1, 8))
    >>> found = profile(np.diag([2.0, 1.0, 1.0]), settings, targets=[1.0, 0.0, 0.0])
    >>> found.summary["trace_rank"], found.summary["power_top_1"]
    (2.0, 1.0)
    """
    kernel = as_floating(kernel, "kernel")
    method, values, vectors = _diagonalise(kernel, settings, targets is not None)
    summary = _decay(kernel, values, method, settings.power_law)
    if targets is None:
        return Profile(values, summary)
    summary["alignment"] = alignment(kernel, targets)
    summary["centred_alignment"] = alignment(kernel, targets, centred=True)
    if vectors is None:
        return Profile(values, summary)
    power = np.cumsum(target_power(vectors, targets))
    for rank in POWER_RANKS:
        summary[f"power_top_{rank}"] = float(power[rank - 1]) if rank <= len(power) else np.nan
    return Profile(values, summary, power)


def _decay(kernel: Array, values: Array, method: str, ranks: PowerLawRange) -> Row:
    """Effective ranks and power law of a spectrum, and what of it is resolved."""
    round_off = round_off_floor(kernel)
    law = fit_power_law(values, ranks.first, min(ranks.last, len(values)), round_off)
    fields = ("exponent", "low", "high", "first", "last")
    return {
        **_ranks(kernel, values, complete=method != "top"),
        "method": method,
        "n": len(kernel),
        "eigenvalues": len(values),
        "largest": values[0],
        "round_off": round_off,
        "resolved": int((values > round_off).sum()),
        "negative": int((values < -round_off).sum()),
        **{f"power_law_{field}": getattr(law, field) if law else np.nan for field in fields},
    }


def _diagonalise(
    kernel: Array, settings: ProfileSettings, wants_vectors: bool
) -> tuple[str, Array, Array | None]:
    """How eigenvalues were found ("full", "top" or "density"), they, and eigenvectors if any."""
    method = settings.method(len(kernel))
    if method == "density":
        return method, spectral_density(kernel).eigenvalues(), None
    if method == "top":
        return method, *top_eigensystem(kernel, settings.top)
    if wants_vectors:
        return method, *eigensystem(kernel)
    return method, eigenvalues(kernel), None


def _ranks(kernel: Array, values: Array, complete: bool) -> dict[str, float]:
    """Effective ranks from trace and norms, which need no eigenvalue but the first."""
    trace = float(np.trace(kernel, dtype=np.float64))
    scale = scale_of(kernel)  # whose square stays in range
    blocks = row_blocks(len(kernel), 8 * len(kernel))
    square = sum(float(np.square(kernel[rows] / np.float64(scale)).sum()) for rows in blocks)
    return {
        "trace_rank": trace / float(values[0]) if values[0] else np.nan,
        "participation_rank": (trace / scale) ** 2 / square if square else np.nan,
        "dimension_at_mean_ridge": degrees_of_freedom(values, trace / len(kernel))
        if complete
        else np.nan,
    }
