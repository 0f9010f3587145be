"""Spectra of trained networks: those that were selected, and a clear word about the others."""

import logging

import numpy as np
import pandas as pd
import pytest
import yaml

from kernel_regime.datasets.network import NetworkPartitions
from kernel_regime.pipelines.spectral_analysis.parameters import SpectraParameters
from kernel_regime.pipelines.spectral_analysis.spectra import _check_names, _of_networks
from tests.pipelines.spectral_analysis.test_parameters import FILE


@pytest.fixture
def spectra():
    return SpectraParameters.model_validate(yaml.safe_load(FILE.read_text("utf-8"))["spectrum"])


def scores(*rows):
    columns = ["level", "network", "seed", "penalty", "selected"]
    return pd.DataFrame(rows, columns=columns)


def profiles(networks, table, spectra):
    images = np.random.default_rng(0).standard_normal((20, 3, 2)).astype(np.float32)
    return list(
        _of_networks(
            "level_0", networks, table, {"level_0": lambda: images}, np.eye(20, 1), spectra
        )
    )


def test_only_the_selected_trainings_have_spectra(spectra):
    from kernel_regime.networks.shallow import Shallow

    network = Shallow(width=8)
    network.build((None, 3, 2))
    networks = {f"level_0/narrow/seed_1{moment}": lambda: network for moment in ("", ".initial")}
    table = scores(
        ("level_0", "narrow", 0, 0.1, False),
        ("level_0", "narrow", 1, 0.1, True),
        ("level_0", "narrow", 1, 0.2, False),
        ("level_1", "narrow", 2, 0.1, True),
    )
    places = [place for place, _ in profiles(networks, table, spectra)]
    assert [(place.source, place.run) for place in places] == [
        ("narrow.initial", 1),
        ("narrow", 1),
    ]


def test_a_network_whose_trainings_all_diverged_is_named_and_left_out(spectra, caplog):
    table = scores(("level_0", "wild", 0, 0.1, False), ("level_0", "wild", 1, 0.1, False))
    with caplog.at_level(logging.WARNING):
        assert profiles({}, table, spectra) == []
    assert caplog.messages == ["level_0/wild: every training diverged; no spectrum"]


def test_one_name_for_two_sources_is_refused():
    _check_names(["ntk", "lenet5", "lenet5_fresh"])
    with pytest.raises(ValueError, match="'lenet5' names two"):
        _check_names(["ntk", "lenet5", "lenet5"])


def test_no_networks_at_all_are_an_empty_set_of_partitions(tmp_path):
    dataset = "kernel_regime.datasets.network.NetworkDataset"
    networks = NetworkPartitions(
        path=str(tmp_path / "networks"), filename_suffix=".keras", dataset=dataset
    )
    assert networks.load() == {}
