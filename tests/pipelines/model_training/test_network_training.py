"""The network half of model_training: parameters, sweeps, what is kept and what is repeated."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from kernel_regime.core.errors import InputError
from kernel_regime.datasets.network import NetworkDataset
from kernel_regime.execution.settings import Execution
from kernel_regime.networks.storage import load_network
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.model_training.network_parameters import (
    NetworkParameters,
    TrainingParameters,
)
from kernel_regime.pipelines.model_training.network_training import train_networks
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.views import networks_table
from kernel_regime.pipelines.result_tables import ResultTableValidator
from kernel_regime.training.methods import ConjugateGradients, GradientDescent

TRAINING = {
    "epochs": 3,
    "warm_up": 1,
    "batches": {0: 16},
    "seeds": [0, 1],
    "validation": 0.2,
    "checkpoint_every": 2,
}
NETWORKS = {
    "wide": {
        "kind": "fully_connected",
        "width": 12,
        "learning_rate": 0.01,
        "penalties": [1e-3, 1e-5],
    },
    "features": {
        "kind": "random_features",
        "width": 20,
        "optimiser": "conjugate_gradients",
        "penalties": [{"from": -3, "to": -1, "count": 3}],
    },
}
LEVELS = pd.DataFrame({"level": ["level_0", "level_1.5"], "value": [0.0, 1.5]})


def run(folder, networks=NETWORKS, labels=None, **training):
    draws = np.random.default_rng(0)
    images = [draws.standard_normal((50, 4, 4)).astype(np.float32) for _ in range(4)]
    if labels is None:
        labels = draws.integers(0, 3, 50)
    return train_networks(
        {level: lambda i=i: images[i] for i, level in enumerate(LEVELS["level"])}
        | {"level_9": None},
        {level: lambda i=i: images[i + 2] for i, level in enumerate(LEVELS["level"])},
        labels,
        labels,
        LEVELS,
        NetworkParameters.model_validate(networks),
        TrainingParameters.model_validate(TRAINING | training),
        Execution(),
        folder,
    )


def test_every_level_network_seed_and_penalty_has_a_row(tmp_path):
    networks, scores, curves = run(tmp_path)
    assert len(scores) == 2 * 2 * (2 + 3)
    assert not scores.isna().any().any()
    assert len(curves) == 2 * 2 * 2 * 3
    names = {f"{level}/{n}/seed_{s}" for level in LEVELS["level"] for n in NETWORKS for s in (0, 1)}
    assert set(networks) == names | {f"{name}.initial" for name in names}
    selected = scores[scores["selected"]]
    assert len(selected) == len(names)
    groups = scores.groupby(["level", "network", "seed"], sort=False)
    assert (selected["validation_loss"].to_numpy() == groups["validation_loss"].min()).all()
    assert scores["selected_on_test"].sum() == len(names)


def test_without_validation_samples_the_catalog_and_the_report_take_the_scores(tmp_path):
    _, scores, curves = run(tmp_path, validation=0)
    assert scores["validation_loss"].isna().all()
    assert scores["selected"].sum() == scores["selected_on_test"].sum()
    for name, table in (("network_scores", scores), ("training_curves", curves)):
        ResultTableValidator(table=name).validate(table)
    noise = NoiseParameters.model_validate({"kind": "high_frequency", "levels": [0], "seed": 0})
    tables = {"network_scores": scores, "noise_levels": LEVELS}
    reported = ReportedRun({"noise": noise}, tables, "trial data")
    assert len(networks_table.shown(reported)) == len(LEVELS) * len(NETWORKS)


def test_without_networks_the_tables_have_their_columns_all_the_same(tmp_path):
    _, *of_some = run(tmp_path, validation=0)
    networks, *of_none = run(tmp_path, networks={})
    assert networks == {}
    for empty, table in zip(of_none, of_some, strict=True):
        assert len(empty) == 0
        assert empty.columns.tolist() == table.columns.tolist()


def test_saved_networks_have_the_scores_of_their_row(tmp_path):
    networks, scores, _ = run(tmp_path, validation=0)
    draws = np.random.default_rng(0)
    test = [draws.standard_normal((50, 4, 4)).astype(np.float32) for _ in range(4)][2]
    labels = draws.integers(0, 3, 50)
    for row in scores[scores["selected"] & (scores["level"] == "level_0")].itertuples():
        network = load_network(networks[f"level_0/{row.network}/seed_{row.seed}"])
        accuracy = (network(test).numpy().argmax(axis=1) == labels).mean()
        assert accuracy == pytest.approx(row.test_accuracy)


def test_a_second_run_trains_nothing_and_a_wider_sweep_only_what_is_new(tmp_path):
    def written():
        return {
            path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("*/record.json")
        }

    _, first, _ = run(tmp_path)
    before = written()
    _, second, _ = run(tmp_path)
    pd.testing.assert_frame_equal(first, second)
    assert written() == before
    run(tmp_path, seeds=[0, 1, 2])
    assert before.items() <= written().items()
    assert len(written()) == len(before) * 3 // 2


def test_two_classes_and_float_targets_have_one_output(tmp_path):
    draws = np.random.default_rng(1)
    for labels in (draws.integers(0, 2, 50), draws.standard_normal(50)):
        networks, scores, _ = run(tmp_path, labels=labels)
        assert load_network(networks["level_0/wide/seed_0"]).outputs == 1
        assert np.isfinite(scores["test_loss"]).all()


def test_lists_span_a_sweep_whose_values_join_the_name():
    networks = NetworkParameters.model_validate(
        {"net": {**NETWORKS["wide"], "width": [8, 16], "hidden_layers": [1, 2]}, "gone": None}
    )
    assert [name for _, name, _ in networks.architectures()] == [
        "net_hidden_layers_1_width_8",
        "net_hidden_layers_1_width_16",
        "net_hidden_layers_2_width_8",
        "net_hidden_layers_2_width_16",
    ]
    options = [dict(architecture.options) for _, _, architecture in networks.architectures()]
    assert options[1] == {"hidden_layers": 1, "width": 16, "dropout": 0.0}


def test_penalties_are_numbers_and_powers_of_ten_from_the_largest():
    entry = {**NETWORKS["wide"], "penalties": [0, {"from": -2, "to": 0, "count": 3}]}
    networks = NetworkParameters.model_validate({"net": entry})
    np.testing.assert_allclose(networks.entries["net"].grid(), [1, 0.1, 0.01, 0])


def test_entries_choose_their_own_method():
    networks = NetworkParameters.model_validate(
        {**NETWORKS, "own": {**NETWORKS["wide"], "epochs": 9, "batches": {0: 5}}}
    )
    training = TrainingParameters.model_validate(TRAINING)
    methods = {name: training.method(entry) for name, entry in networks.entries.items()}
    assert isinstance(methods["features"], ConjugateGradients)
    assert isinstance(methods["wide"], GradientDescent)
    assert methods["wide"].schedule.epochs == 3
    assert methods["own"].schedule.epochs == 9
    assert methods["own"].batches.sizes == ((0, 5),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimiser": "conjugate_gradients"}, "remove learning_rate"),
        ({"learning_rate": None}, "needs a learning_rate"),
        ({"optimiser": "rmsprop"}, "should be 'momentum', 'sgd'"),
        ({"penalties": [-1]}, "greater than or equal to 0"),
        ({"penalties": []}, "at least 1 item"),
    ],
)
def test_wrong_networks_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        NetworkParameters.model_validate({"net": {**NETWORKS["wide"], **change}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"optimiser": "conjugate_gradients", "learning_rate": None},
            "fully_connected is not linear in its weights",
        ),
        ({"depth": 3}, "fully_connected has no parameter 'depth'"),
        ({"kind": "fully_conected"}, "is no network; did you mean 'fully_connected'"),
        ({"width": [8, 0]}, "fully_connected.width: 0 should be greater than 0"),
        ({"dropout": 1.5}, "fully_connected.dropout: 1.5 should be less than 1"),
        ({"seed": 3}, "has no parameter 'seed'"),
    ],
)
def test_networks_that_their_class_refuses_are_named_before_a_run(change, message):
    networks = {"good": NETWORKS["wide"], "net": {**NETWORKS["wide"], **change}}
    with pytest.raises(InputError, match=f"network_sweep.net: .*{message}"):
        NetworkParameters.model_validate(networks).check_before_run()


def test_reading_parameters_leaves_tensorflow_alone():
    """All pipelines read them; only those that train should pay for the import."""
    code = f"""
import sys
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
NetworkParameters.model_validate({NETWORKS!r})
assert not {{"tensorflow", "keras", "jax"}} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_networks_of_one_name_are_refused_before_a_run():
    networks = {"a": {**NETWORKS["wide"], "width": [5]}, "a_width_5": NETWORKS["wide"]}
    with pytest.raises(InputError, match="two networks are called 'a_width_5'"):
        NetworkParameters.model_validate(networks).check_before_run()


def test_a_list_is_a_sweep_unless_the_argument_takes_a_list():
    entry = {**OWN, "kind": "tests.networks.own_models:Deep", "widths": [[4, 3], [5]]}
    networks = NetworkParameters.model_validate({"one": {**entry, "widths": [4, 3]}, "two": entry})
    options = [dict(architecture.options) for _, _, architecture in networks.architectures()]
    assert options == [{"widths": (4, 3)}, {"widths": (4, 3)}, {"widths": (5,)}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"warm_up": 3}, "must be shorter than epochs"),
        ({"batches": {5: 10}}, "from epoch 0 on"),
        ({"validation": 1.0}, "less than 1"),
        ({"seeds": []}, "at least 1 item"),
    ],
)
def test_wrong_trainings_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        TrainingParameters.model_validate(TRAINING | change)


def test_a_dataset_copies_a_network(tmp_path):
    networks, _, _ = run(tmp_path / "cells")
    dataset = NetworkDataset(str(tmp_path / "out" / "seed_0.keras"))
    assert not dataset.exists()
    dataset.save(networks["level_0/wide/seed_0"])
    assert dataset.exists()
    x = np.ones((2, 4, 4), np.float32)
    expected = load_network(networks["level_0/wide/seed_0"])(x)
    np.testing.assert_array_equal(dataset.load()(x), expected)


OWN = {"kind": "tests.networks.own_models:Plain", "learning_rate": 0.01, "penalties": [1e-3]}


def test_a_users_model_goes_through_the_sweep_like_any_other(tmp_path):
    networks, scores, curves = run(tmp_path, {"own": {**OWN, "width": [5, 6]}})
    assert set(scores["network"]) == {"own_width_5", "own_width_6"}
    assert set(scores["kind"]) == {OWN["kind"]}
    assert np.isfinite(scores["test_loss"]).all()
    assert len(curves) == 2 * 2 * 2 * 3
    loaded = NetworkDataset(str(networks[next(iter(networks))])).load()
    assert type(loaded).__name__ == "Plain"
