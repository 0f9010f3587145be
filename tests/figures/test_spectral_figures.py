"""Figures of spectra show what their tables say."""

import numpy as np
import pandas as pd
import pytest

from kernel_regime.analysis.spectrum.sphere import SphereSample, compare_on_sphere
from kernel_regime.figures.exact_limits import (
    sphere_eigenvalues,
    width_convergence_of_kernels,
)
from kernel_regime.figures.learning_curves import forecast_and_measured
from kernel_regime.figures.regimes import regimes
from kernel_regime.figures.spectra import eigenvalue_decay, training_spectra
from kernel_regime.kernels.dense.zonal import relu_ntk
from kernel_regime.ntk.shallow_network import distance_to_limit
from tests.figures.reading import reason

LEVELS = pd.DataFrame({"level": ["level_0"], "value": [0.0]})


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


@pytest.fixture
def spectra():
    ranks = np.arange(1, 101)
    eigenvalues = pd.DataFrame([
        {"level": "level_0", "source": source, "run": 0, "index": k, "eigenvalue": 3 * k**-1.5}
        for source in ("exact", "huge")
        for k in ranks
    ])  # fmt: skip
    law = {"power_law_exponent": 1.5, "power_law_first": 1, "power_law_last": 100}
    summary = pd.DataFrame([
        {"level": "level_0", "source": source, "run": 0, "method": method}
        for source, method in (("exact", "full"), ("huge", "density"))
    ]).assign(round_off=1e-9, largest=3, **law)  # fmt: skip
    return eigenvalues, summary


def test_eigenvalues_are_relative_and_estimated_ones_are_dashed(spectra):
    (ax,) = eigenvalue_decay(*spectra, LEVELS, "κ").axes
    drawn = lines(ax)
    exact, huge = "exact  $k^{-1.50}$", "huge  $k^{-1.50}$ (estimated density)"
    assert (drawn[exact].get_linestyle(), drawn[huge].get_linestyle()) == ("-", "--")
    np.testing.assert_allclose(drawn[exact].get_ydata(), np.arange(1, 101) ** -1.5)


def test_a_network_is_dashed_before_and_solid_after_training_in_one_colour(spectra):
    names = {"exact": "net.initial", "huge": "net"}
    eigenvalues, summary = (t.replace({"source": names, "method": {"density": "full"}})
                            for t in spectra)  # fmt: skip
    assert reason(eigenvalue_decay(eigenvalues, summary, LEVELS, "κ")).startswith("nothing")
    (ax,) = training_spectra(eigenvalues, summary, LEVELS, "κ").axes
    drawn = lines(ax)
    before, after = (drawn[f"{name}  $k^{{-1.50}}$"] for name in ("net at initialisation", "net"))
    assert (before.get_linestyle(), after.get_linestyle()) == ("--", "-")
    assert before.get_color() == after.get_color()


def test_the_sphere_figure_shows_every_degree_beside_its_exact_eigenvalue():
    table = compare_on_sphere(relu_ntk(2), SphereSample(4, samples=150, degrees=3))
    (ax,) = sphere_eigenvalues(table).axes
    np.testing.assert_allclose(lines(ax)["exact"].get_ydata(), table["exact"])
    assert [text.get_text() for text in ax.texts] == [f"×{m}" for m in table["multiplicity"]]


def test_the_convergence_figure_states_the_slope_of_its_own_table():
    x = np.random.default_rng(0).standard_normal((30, 8))
    distances = distance_to_limit(x, [32, 512, 8192], runs=6)
    (ax,) = width_convergence_of_kernels(distances).axes
    (label,) = [name for name in lines(ax) if name.startswith("fitted slope")]
    # Six draws per width scatter a mean distance by some 15 %, over 5.5 units of log width.
    assert float(label.split()[-1]) == pytest.approx(-0.5, abs=0.06)


def test_no_verdict_is_said_rather_than_drawn():
    figure = regimes(pd.DataFrame(columns=["level", "network"]), LEVELS, "κ")
    assert "every training diverged" in reason(figure)


def test_a_hermite_forecast_is_a_dashed_line_beyond_what_is_measured():
    table = pd.DataFrame({
        **{"level": "level_0", "kernel": "ntk", "ridge": 0.1, "n": [50, 100, 1000]},
        **{"forecast_from": 60, "forecast": [0.5, np.nan, np.nan]},
        "hermite_forecast": [0.6, 0.4, 0.1],
        **{"test_loss": [0.5, 0.4, np.nan], "test_low": np.nan, "test_high": np.nan},
        "gcv_loss": [0.5, 0.4, np.nan],
    })  # fmt: skip
    figure = forecast_and_measured(table, LEVELS, "noise")
    dashed = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "--"]
    assert [list(line.get_ydata()) for line in dashed] == [[0.6, 0.4, 0.1]]
    assert any(text.get_text() == "Hermite forecast" for text in figure.legends[0].get_texts())
    without = forecast_and_measured(table.assign(hermite_forecast=np.nan), LEVELS, "noise")
    assert len(without.legends[0].get_texts()) == len(figure.legends[0].get_texts()) - 1
