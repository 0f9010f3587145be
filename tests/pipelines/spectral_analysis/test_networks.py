"""Spectra of all sources: the trained networks that were selected, and one name for each."""

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import yaml

from kernel_regime.pipelines.spectral_analysis.parameters import SpectrumParameters
from kernel_regime.pipelines.spectral_analysis.spectra_nodes import analyse_spectra
from tests.pipelines.spectral_analysis.test_parameters import FILE


class Kernels:
    """Parameters of no kernel, or of some."""

    def __init__(self, *names):
        self.names = names


def spectra(networks, rows, *kernels):
    """The tables for networks with these scores, and kernels that are all the identity."""
    columns = ["level", "network", "seed", "penalty", "selected"]
    images = np.random.default_rng(0).standard_normal((20, 3, 2)).astype(np.float32)
    spectrum = SpectrumParameters(
        **yaml.safe_load(FILE.read_text("utf-8"))["spectrum"] | {"initialisations": {}}
    )
    with TemporaryDirectory() as folder:
        return analyse_spectra(
            {f"level_0/{name}": lambda: np.eye(20) for name in kernels},
            networks,
            None,
            {"level_0": lambda: images},
            np.arange(20) % 2,
            pd.DataFrame({"level": ["level_0"], "value": [0.0]}),
            pd.DataFrame(rows, columns=columns),
            Path(folder),
            Kernels(*kernels),
            spectrum,
        )


def test_only_the_selected_trainings_have_spectra():
    from kernel_regime.networks.shallow import Shallow

    network = Shallow(width=8)
    network.build((None, 3, 2))
    networks = {f"level_0/narrow/seed_1{moment}": lambda: network for moment in ("", ".initial")}
    rows = [
        ("level_0", "narrow", 0, 0.1, False),
        ("level_0", "narrow", 1, 0.1, True),
        ("level_0", "narrow", 1, 0.2, False),
        ("level_1", "narrow", 2, 0.1, True),
    ]
    _, summary, _ = spectra(networks, rows)
    assert summary[["source", "run", "n"]].to_numpy().tolist() == [
        ["narrow.initial", 1, 20],
        ["narrow", 1, 20],
    ]


def test_a_network_whose_trainings_all_diverged_is_named_and_left_out(caplog):
    rows = [("level_0", "wild", 0, 0.1, False), ("level_0", "wild", 1, 0.1, False)]
    with caplog.at_level(logging.WARNING):
        _, summary, _ = spectra({}, rows, "ntk")
    assert summary["source"].tolist() == ["ntk"]
    assert caplog.messages == ["level_0/wild: every training diverged; no spectrum"]


def test_one_name_for_two_sources_is_refused_before_any_work():
    rows = [("level_0", "lenet5", 0, 0.1, True)]
    with pytest.raises(ValueError, match="'lenet5' names two"):
        spectra({}, rows, "ntk", "lenet5")
