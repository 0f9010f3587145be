"""Learning rates of a kernel's eigenfunctions, fitted from a trajectory."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize_scalar

from kernel_regime.core.arrays import Array

WINDOW = 1.5
"""Mode i is fitted for t ≤ WINDOW/σ_i: until theory has it decayed to 22 %."""

RANGE = 30.0
"""Fitted rates lie between σ_i/RANGE and σ_i·RANGE."""


@dataclass(frozen=True)
class ModeDecay:
    """Decay of a residual's modes: coefficients c_i(t), shape (times, modes, outputs).

    All outputs of a mode decay together under the theorem, so a mode is followed along its own
    start: `s_i(t) = ⟨c_i(t), c_i(0)⟩/|c_i(0)|²`.

    Parameters
    ----------
    times : array of shape (times,)
        When; the first is 0.
    coefficients : array of shape (times, modes, outputs)
        c_i(t).
    noise : float
        Mean square error of one `|c_i(0)|²` from sampling: modes that start below four times that
        are not resolved, and what is fitted to them means nothing.

    Examples
    --------
    >>> times = np.linspace(0, 1, 20)
    >>> decay = ModeDecay(times, np.exp(-times)[:, None, None], noise=0.0)
    >>> decay.fit(np.array([1.0]))["ratio"].round(3).tolist()
    [1.0]
    """

    times: Array
    coefficients: Array
    noise: float

    @property
    def shares(self) -> Array:
        """s_i(t), shape (times, modes), 1 at the start."""
        start = self.coefficients[0]
        along = np.einsum("tik,ik->ti", self.coefficients, start)
        return along / (start**2).sum(axis=1)

    def fit(self, eigenvalues: Array) -> pd.DataFrame:
        """Least-squares fit of s_i(t) = e^{−ρt}, one row per mode.

        Columns mode, eigenvalue (σ), rate (ρ), ratio (ρ/σ), r_squared, resolved. `r_squared` is 1
        minus the squared error over that of s's mean within the window.
        """
        resolved = (self.coefficients[0] ** 2).sum(axis=1) > 4 * self.noise
        rows = []
        for mode, sigma in enumerate(eigenvalues):
            inside = self.times <= WINDOW / sigma
            t, s = self.times[inside], self.shares[inside, mode]
            ratio = _fit_decay(t * sigma, s)
            error = ((s - np.exp(-ratio * sigma * t)) ** 2).sum()
            variation = ((s - s.mean()) ** 2).sum()
            rows.append({
                "mode": mode + 1,
                "eigenvalue": sigma,
                "rate": ratio * sigma,
                "ratio": ratio,
                "r_squared": 1 - error / variation,
                "resolved": resolved[mode],
            })  # fmt: skip
        return pd.DataFrame(rows)


def _fit_decay(t: Array, s: Array) -> float:
    """The ρ of e^{−ρt} nearest to s, in units in which theory says 1."""

    def error(log_rate: float) -> float:
        return float(((s - np.exp(-np.exp(log_rate) * t)) ** 2).sum())

    bound = np.log(RANGE)
    return float(np.exp(minimize_scalar(error, bounds=(-bound, bound), method="bounded").x))


def pool_runs(fits: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Mean rate ratio over independent runs with its 95 % t-interval, per mode.

    Parameters
    ----------
    fits : DataFrame
        Tables of `ModeDecay.fit`, one per run, with a column `run`.
    by : list of str
        Columns that tell experiments apart.

    Returns
    -------
    DataFrame
        `by`, mode, eigenvalue, rate, ratio, ratio_low, ratio_high, r_squared, resolved (in every
        run), runs. One run has no interval: low and high are NaN.
    """
    groups = fits.groupby([*by, "mode"], sort=False)
    table = groups[["eigenvalue", "rate", "ratio", "r_squared"]].mean()
    table["resolved"] = groups["resolved"].all()
    table["runs"] = groups.size()
    quantile = stats.t.ppf(0.975, np.maximum(table["runs"] - 1, 1))
    margin = quantile * groups["ratio"].std() / np.sqrt(table["runs"])
    table["ratio_low"], table["ratio_high"] = table["ratio"] - margin, table["ratio"] + margin
    return table.reset_index()
