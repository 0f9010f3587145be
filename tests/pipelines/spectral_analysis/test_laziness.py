"""The dial of laziness as a node: which networks it turns, what it says and what it refuses."""

import re

import numpy as np
import pandas as pd
import pytest

from kernel_regime.core.parameters import mistakes
from kernel_regime.figures.laziness_map import laziness_map
from kernel_regime.figures.laziness_noise import laziness_under_noise
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.planned_inputs import PlannedInputs
from kernel_regime.pipelines.spectral_analysis import laziness_nodes
from kernel_regime.pipelines.spectral_analysis.laziness_nodes import (
    LAWS,
    LazinessParameters,
    dial_laziness,
    dialled,
)
from kernel_regime.pipelines.spectral_analysis.laziness_plan import plan_laziness
from kernel_regime.pipelines.spectral_analysis.parameters import RegimeParameters
from tests.figures.reading import reason

DESCENT = {"learning_rate": 0.1, "penalties": [0.0]}
NETWORKS = NetworkParameters.model_validate({
    "mean_field": {"kind": "fully_connected", "width": [8, 9], **DESCENT},
    "shallow": {"kind": "shallow", "width": 4, "activation": "tanh", **DESCENT},
    "lenet": {"kind": "lenet5", **DESCENT},
    "entropic": {"kind": "shallow", "width": 4, "loss": "cross_entropy", **DESCENT},
    "linear": {"kind": "random_features", "width": 4, "optimiser": "conjugate_gradients",
               "penalties": [1.0]},
})  # fmt: skip
STUDY = LazinessParameters(alphas=[1.0, 1000.0], widths=[4], seeds=2, stop_at=0.5, samples=5)
MEAN_FIELD = NetworkParameters({"mean_field": NETWORKS.root["mean_field"]})
LEVELS = pd.DataFrame({"level": ["level_0", "level_2"], "value": [0.0, 2.0]})


def samples():
    draws = np.random.default_rng(0).standard_normal((2, 18, 3, 3)).astype(np.float32)
    images = dict(zip(LEVELS["level"], draws, strict=True))
    train = {level: lambda x=x: x[:12] for level, x in images.items()}
    test = {level: lambda x=x: x[12:] for level, x in images.items()}
    return train, test, np.arange(12) % 2, np.arange(6) % 2, LEVELS


def dial(folder, networks=MEAN_FIELD, study=STUDY):
    regime = RegimeParameters(samples=5)
    return dial_laziness(*samples(), folder, networks, study, regime)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return dial(tmp_path_factory.mktemp("results"))


def test_every_network_that_descends_on_the_square_loss_is_dialled_at_every_width():
    study = LazinessParameters(alphas=[1.0], widths=[4, 16], seeds=1)
    assert [place[:2] for place in dialled(NETWORKS, study)] == [
        *(("mean_field", 4), ("mean_field", 16), ("shallow", 4), ("shallow", 16)),
        ("lenet", laziness_nodes.ONE_SIZE),
    ]


def test_no_seeds_leave_the_study_out(tmp_path):
    study = LazinessParameters(alphas=[1.0], widths=[4], seeds=0)
    runs, verdicts, laws = dial(tmp_path, study=study)
    assert runs.empty and verdicts.empty and laws.empty
    for draw in (laziness_map, laziness_under_noise):
        assert "seeds" in reason(draw(verdicts, LEVELS, "ratio τ"))


def test_there_is_a_verdict_for_every_level_network_width_and_scale(tables):
    runs, verdicts, laws = tables
    assert len(runs) == 2 * len(verdicts) == 2 * 2 * 2
    assert list(laws) == LAWS and len(laws) == 2
    lazy = verdicts[verdicts["alpha"] == 1000]
    np.testing.assert_allclose(lazy["test_loss"], lazy["kernel_loss"], rtol=0.05)


def test_both_figures_show_every_network_width_and_scale(tables):
    _, verdicts, _ = tables
    two = pd.concat([verdicts, verdicts.assign(network="other"),
                     verdicts.assign(network="other", width=9)])  # fmt: skip
    by_noise = laziness_under_noise(two, LEVELS, "ratio τ")
    assert len(by_noise.axes) == 4
    assert by_noise.axes[0].get_legend_handles_labels()[1][0] == "kernel, K₀"
    by_width = laziness_map(two, LEVELS, "ratio τ")
    # Three measures, two levels, two scales, and three widths of both networks together.
    assert len([text for ax in by_width.axes for text in ax.texts]) == 3 * 2 * 2 * 3
    for figure in (by_noise, by_width):
        figure.canvas.draw()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"alphas": [0.0]}, "laziness.alphas.*greater than 0"),
        ({"alphas": [1.0, -3.0]}, "laziness.alphas.*greater than 0"),
        ({"stop_at": 1.0}, "laziness.stop_at.*less than 1"),
        ({"width": [4]}, "laziness.*width.*widths"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(given, line):
    parameters = {"alphas": [1.0], "widths": [4], "seeds": 1, **given}
    (found,) = mistakes(LazinessParameters, parameters, "laziness")
    assert re.search(line, found), found


def test_the_plan_counts_trainings_and_takes_each_to_its_limit():
    train, test, *labels, levels = samples()
    inputs = PlannedInputs(train, test, *labels, levels, stored=False)

    def planned(most_gradients):
        study = LazinessParameters(
            alphas=[0.1, 1.0, 10.0], widths=[4], seeds=5, most_gradients=most_gradients
        )
        return list(plan_laziness(inputs, {"network_sweep": MEAN_FIELD, "laziness": study}))

    (few,), (many,) = planned(10), planned(100_000)
    assert (few.name, few.count) == ("mean_field, width 4", 2 * 5 * 3)
    assert many.seconds > 100 * few.seconds > 0
