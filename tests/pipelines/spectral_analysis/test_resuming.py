"""Long nodes of spectral_analysis: what was finished is never repeated."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from kernel_regime.analysis.learning_curve_settings import HermiteSettings, LearningCurveSettings
from kernel_regime.analysis.spectral_bias import SpectralBiasStudy, Widths
from kernel_regime.analysis.spectrum import PowerLawRange
from kernel_regime.analysis.spectrum.initialisations import ShallowAtRandom
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.execution.results import Results
from kernel_regime.kernels import Polynomial
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.spectral_analysis.laziness_nodes import (
    LazinessParameters,
    dial_laziness,
)
from kernel_regime.pipelines.spectral_analysis.learning_curve_nodes import forecast_learning_curves
from kernel_regime.pipelines.spectral_analysis.parameters import (
    RegimeParameters,
    SpectrumParameters,
    TrainedNetworks,
)
from kernel_regime.pipelines.spectral_analysis.regime_nodes import judge_regimes
from kernel_regime.pipelines.spectral_analysis.spectra_nodes import analyse_spectra
from kernel_regime.pipelines.spectral_analysis.spectral_bias_nodes import measure_spectral_bias

N, M = 60, 20
LEVELS = pd.DataFrame({"level": ["level_0", "level_1", "level_2"], "value": [0.0, 1.0, 2.0]})
ENDS = LEVELS.iloc[[0, 2]].reset_index(drop=True)
KERNELS = KernelParameters.model_validate({"quadratic": {"kind": "polynomial", "degree": 2}})
LABELS = np.arange(N) % 2, np.arange(M) % 2

_draws = np.random.default_rng(0).standard_normal((3, N + M, 3, 2)).astype(np.float32)
IMAGES = dict(zip(LEVELS["level"], _draws, strict=True))
TRAIN = {level: lambda x=x: x[:N] for level, x in IMAGES.items()}
TEST = {level: lambda x=x: x[N:] for level, x in IMAGES.items()}
SAMPLES = TRAIN, TEST, *LABELS


def kernels(rows):
    """Kernel matrices of these inputs with the training inputs."""
    return {
        f"{level}/quadratic": partial(Polynomial(2), rows[level](), TRAIN[level]())
        for level in IMAGES
    }


@pytest.fixture(scope="module")
def networks():
    """What model_training leaves: a network at every level before and after, and its scores."""
    from kernel_regime.networks.shallow import Shallow

    def network(seed):
        built = Shallow(width=4, seed=seed)
        built.build((None, 3, 2))
        return built

    loads = {
        f"{level}/net/seed_0{moment}": partial(network, 2 * i + after)
        for i, level in enumerate(IMAGES)
        for after, moment in enumerate((".initial", ""))
    }
    rows = [(level, "net", 0, 0.1, True) for level in IMAGES]
    return loads, pd.DataFrame(rows, columns=["level", "network", "seed", "penalty", "selected"])


def spectra(networks, folder, levels=ENDS, last=40):
    spectrum = SpectrumParameters(
        **{"full_up_to": 100, "top_up_to": 100, "top": 5},
        power_law=PowerLawRange(1, last),
        trained_networks=TrainedNetworks(samples=20),
        initialisations={"fresh": ShallowAtRandom(runs=1, samples=20, width=8)},
    )
    raw = LabelledData(TRAIN["level_0"](), LABELS[0])
    return analyse_spectra(
        *(kernels(TRAIN), networks[0], raw, TRAIN, LABELS[0], levels, networks[1]),
        *(folder, KERNELS, spectrum),
    )


def curves(networks, folder, levels=ENDS, ridge=0.1):
    settings = LearningCurveSettings(
        30, [10, 20], [ridge], repeats=2, hermite=HermiteSettings(modes=100)
    )
    return (
        forecast_learning_curves(
            *(kernels(TRAIN), kernels(TEST), TRAIN, *LABELS, levels, folder, KERNELS, settings)
        ),
    )


def verdicts(networks, folder, levels=ENDS, samples=40):
    entry = {"kind": "shallow", "width": 4, "learning_rate": 0.1, "penalties": [0.1]}
    training = TrainingParameters(
        epochs=2, warm_up=1, batches={0: 10}, seeds=[0, 1], validation=0.1, checkpoint_every=1
    )
    return (
        judge_regimes(
            *(*networks, *SAMPLES, levels, folder),
            *(NetworkParameters({"net": entry}), training, RegimeParameters(samples=samples)),
        ),
    )


def dial(networks, folder, levels=ENDS, stop_at=0.9):
    entry = {"kind": "shallow", "width": 4, "learning_rate": 0.1, "penalties": [0.1]}
    study = LazinessParameters(
        alphas=[1.0, 100.0], widths=[3], seeds=1, stop_at=stop_at, most_gradients=100, samples=5
    )
    networks = NetworkParameters({"net": entry})
    return dial_laziness(*SAMPLES, levels, folder, networks, study, RegimeParameters(samples=5))


STUDY = SpectralBiasStudy(
    **{"architectures": {"fully_connected": Widths([4])}, "runs": 2, "modes": 2, "records": 4},
    **{"train": 20, "reference": 30, "held_out": 20},
)


def bias(networks, folder, levels=ENDS, **changes):
    return measure_spectral_bias(*SAMPLES, levels, folder, replace(STUDY, **changes))


NODES = {
    spectra: {"results": 2 * 3 + 1, "of one level": 3, "change": {"last": 30}},
    curves: {"results": 2, "of one level": 1, "change": {"ridge": 0.2}},
    verdicts: {"results": 2, "of one level": 1, "change": {"samples": 30}},
    # The linearisation, and a network for each of two scales.
    dial: {"results": 2 * 3, "of one level": 3, "change": {"stop_at": 0.8}},
    bias: {"results": 2 * 2 * 2, "of one level": 0, "change": {"horizon": 1.0}},
}
each_node = pytest.mark.parametrize("node", NODES, ids=lambda node: node.__name__)


class Computations:
    """What nodes computed rather than found, and after how many of them they are killed."""

    done = 0
    killed_after = None

    def run(self, compute):
        if self.done == self.killed_after:
            raise KeyboardInterrupt
        content = compute()
        self.done += 1
        return content


@pytest.fixture
def computations(monkeypatch):
    counted, get = Computations(), Results.get

    def counting(results, description, compute):
        return get(results, description, lambda: counted.run(compute))

    monkeypatch.setattr(Results, "get", counting)
    return counted


def assert_equal_tables(found, expected):
    for table, whole in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(table, whole)


@each_node
def test_a_killed_node_goes_on_with_the_first_result_that_is_missing(
    node, networks, computations, tmp_path
):
    results = NODES[node]["results"]
    computations.killed_after = 1
    with pytest.raises(KeyboardInterrupt):
        node(networks, tmp_path / "resumed")
    computations.killed_after = None
    resumed = node(networks, tmp_path / "resumed")
    assert computations.done == results
    whole = node(networks, tmp_path / "whole")
    assert computations.done == 2 * results
    assert_equal_tables(resumed, whole)


@each_node
def test_a_level_inserted_in_the_middle_recomputes_no_other(node, networks, computations, tmp_path):
    node(networks, tmp_path)
    before = computations.done
    found = node(networks, tmp_path, LEVELS)
    assert computations.done - before == NODES[node]["of one level"]
    assert_equal_tables(node(networks, tmp_path, LEVELS), found)


@each_node
def test_another_parameter_is_another_result(node, networks, computations, tmp_path):
    node(networks, tmp_path)
    node(networks, tmp_path, **NODES[node]["change"])
    assert computations.done == 2 * NODES[node]["results"]
    node(networks, tmp_path)
    assert computations.done == 2 * NODES[node]["results"]


def test_a_wider_network_repeats_neither_the_kernel_nor_the_narrower(computations, tmp_path):
    bias(None, tmp_path)
    found = bias(None, tmp_path, architectures={"fully_connected": Widths([4, 8])})
    # True labels take both widths in two runs, permuted ones the wider alone.
    assert computations.done == NODES[bias]["results"] + 2 * 2
    assert sorted(found[-1].query("labels == 'true'")["width"]) == [4, 4, 8, 8]
    assert set(found[0]["width"]) == {0, 4, 8}
