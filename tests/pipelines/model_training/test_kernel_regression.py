"""The kernel-ridge half of model_training: parameters, tables, and what never enters them."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from kernel_regime.execution.settings import Execution
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training import kernel_regression
from kernel_regime.pipelines.model_training.feature_machines import SCORES
from kernel_regime.pipelines.model_training.kernel_regression import (
    fit_kernel_ridge,
    select_kernel_ridges,
)
from kernel_regime.pipelines.model_training.phase import trace_phase_diagram
from kernel_regime.pipelines.model_training.ridge_parameters import (
    RidgeParameters,
    SelectionParameters,
)

LEVELS = pd.DataFrame({"level": ["level_0", "level_2"], "value": [0.0, 2.0]})
KERNELS = KernelParameters.model_validate(
    {
        "linear": {"kind": "polynomial", "degree": 1},
        "quadratic": {"kind": "polynomial", "degree": 2},
        "nngp": None,
    }
)
SELECTION = SelectionParameters(criterion="loo_loss", resamples=50, confidence=0.9, seed=0)
COLUMNS = [
    *("level", "kernel", "ridge", "train_loss", "train_accuracy", "test_loss", "test_accuracy"),
    *("loo_loss", "gcv_loss", "loo_error", "gcv_error", "solver"),
]

NO_MACHINES = pd.DataFrame(columns=SCORES), {}


def ridge(**changes):
    return RidgeParameters.model_validate(
        {"values": [{"from": -2, "to": 2, "count": 5}], "solver": "auto"} | changes
    )


class Experiment:
    """Two noise levels of vectors whose class is the sign of their first coordinate."""

    def __init__(self, classification=True):
        rng = np.random.default_rng(0)
        self.images, self.kernels, self.tests = {}, {}, {}
        signal, test_signal = rng.standard_normal((2, 60, 4))
        labels, test_labels = signal[:, 0], test_signal[:, 0]
        self.labels = (labels > 0).astype(int) if classification else labels
        self.test_labels = (test_labels > 0).astype(int) if classification else test_labels
        for level, noise in LEVELS.itertuples(index=False):
            x, z = (s + noise * rng.standard_normal((60, 4)) for s in (signal, test_signal))
            name = level
            self.images[name] = lambda x=x: x
            for kernel, build in KERNELS.build().items():
                self.kernels[f"{name}/{kernel}"] = lambda k=build, x=x: k(x)
                self.tests[f"{name}/{kernel}"] = lambda k=build, x=x, z=z: k(z, x)
        self.machines = NO_MACHINES
        # What an earlier run with other parameters left behind; loading it would fail.
        self.kernels |= {"level_7/linear": None, "level_0/nngp": None}

    def fit(self, **changes):
        with TemporaryDirectory() as folder:
            return self.fit_into(Path(folder), **changes)

    def fit_into(self, folder, levels=LEVELS, **changes):
        scores, errors = fit_kernel_ridge(
            *(self.kernels, self.tests, self.labels, self.test_labels),
            *(levels, folder, KERNELS, ridge(**changes), SELECTION, Execution()),
        )
        return scores, {name: lambda e=e: e for name, e in errors.items()}

    def phase(self, networks):
        return trace_phase_diagram(
            *(*self.fit(), networks, *self.machines, LEVELS, self.images),
            *(self.labels, self.test_labels, SELECTION),
        )


def network_scores(accuracies=(0.6, 0.9), **columns):
    return pd.DataFrame(
        [
            {
                **{"level": level, "network": "net", "seed": seed, "penalty": penalty},
                **{"test_accuracy": accuracy, "test_loss": 1 - accuracy},
                "selected": penalty == 0.1,
            }
            | columns
            for level, accuracy in zip(LEVELS["level"], accuracies, strict=True)
            for seed in (0, 1)
            for penalty in (0.1, 1.0)
        ]
    )


def test_scores_hold_every_level_kernel_and_ridge_that_parameters_name():
    scores, errors = Experiment().fit()
    assert list(scores.columns) == COLUMNS
    assert len(scores) == 2 * 2 * 5
    assert set(scores["kernel"]) == {"linear", "quadratic"}
    assert errors["level_2/quadratic"]().shape == (2, 5, 60)
    row = scores.iloc[3]
    squared, hits = errors["level_0/linear"]()
    assert row["test_loss"] == pytest.approx(squared[3].mean(), rel=1e-6)
    assert row["test_accuracy"] == pytest.approx(hits[3].mean(), rel=1e-6)


def test_null_drops_an_exception_of_base():
    dropped = RidgeParameters(values=[1.0], exceptions={"linear": None}, solver="auto")
    assert dropped.grid("linear").tolist() == [1.0]


def test_exceptions_give_single_kernels_their_own_ridges():
    scores, _ = Experiment().fit(exceptions={"linear": [0, {"from": 0, "to": 1, "count": 2}]})
    ridges = scores[scores["level"] == "level_0"].groupby("kernel")["ridge"].apply(list)
    assert ridges["linear"] == [0.0, 1.0, 10.0]
    assert len(ridges["quadratic"]) == 5


def test_selection_has_a_row_per_level_kernel_and_criterion():
    experiment = Experiment()
    table = select_kernel_ridges(
        *experiment.fit(), experiment.labels, experiment.test_labels, SELECTION
    )
    assert table.groupby(["level", "kernel"]).size().eq(4).all()
    assert (table[["loss_selection_bias", "accuracy_selection_bias"]] >= 0).all(axis=None)
    assert (table["test_loss_low"] <= table["test_loss_high"]).all()


def test_phase_diagram_joins_kernels_and_networks():
    curves, crossings = Experiment().phase(network_scores())
    assert set(curves["method"]) == {"linear", "quadratic", "net"}
    assert set(curves["family"]) == {"kernel", "network"}
    assert (curves["score_low"] <= curves["score"]).all()
    assert (curves["score"] <= curves["score_high"]).all()
    pair = crossings.set_index(["first", "second"]).loc["linear", "net"]
    assert (pair["ahead_before"], pair["ahead_after"]) == ("linear", "net")
    assert 0 < pair["crossing"] < 2
    dimensions = curves.drop_duplicates("level").set_index("value")["effective_dimension"]
    assert dimensions.min() <= pair["effective_dimension"] <= dimensions.max()


def test_float_targets_are_compared_by_loss():
    curves, crossings = Experiment(classification=False).phase(network_scores((0.0, 1.0)))
    assert set(curves["metric"]) == {"test_loss"}
    pair = crossings.set_index(["first", "second"]).loc["linear", "net"]
    assert pair["ahead_after"] == "net"


@pytest.mark.parametrize(
    "networks",
    [pd.DataFrame(), network_scores(selected=False)],
    ids=["none", "all diverged"],
)
def test_networks_without_any_score_stay_out(networks):
    curves, crossings = Experiment().phase(networks)
    assert set(curves["family"]) == {"kernel"}
    assert len(crossings) == 1


def test_a_level_at_which_a_network_diverged_keeps_it_in_the_comparison_at_the_others():
    whole, _ = Experiment().phase(network_scores())
    networks = network_scores()
    first = LEVELS["level"].iloc[0]
    curves, crossings = Experiment().phase(networks[networks["level"] == first])
    here = curves[curves["method"] == "net"]
    assert list(here["level"]) == [first]
    assert here["score"].tolist() == [0.6]
    assert here["score_low"].item() <= 0.6 <= here["score_high"].item()
    pair = crossings.set_index(["first", "second"]).loc["linear", "net"]
    # One level has no crossing, but says who is ahead there, as the whole table does.
    assert np.isnan(pair["crossing"])
    assert pair["ahead_after"] == "linear"
    assert whole.query("method == 'net' and level == @first")["score"].item() == 0.6


def test_a_kernel_whose_criterion_is_nowhere_known_is_not_selected_and_crashes_nothing():
    scores, errors = Experiment().fit()
    unknown = scores.assign(
        loo_loss=scores["loo_loss"].where(
            (scores["kernel"] != "linear") | (scores["level"] != LEVELS["level"].iloc[0])
        )
    )
    experiment = Experiment()
    table = select_kernel_ridges(
        unknown, errors, experiment.labels, experiment.test_labels, SELECTION
    ).set_index(["level", "kernel", "criterion"])
    row = table.loc[(LEVELS["level"].iloc[0], "linear", "loo_loss")]
    assert row.isna().all()
    assert table.drop(index=row.name).notna().all(axis=None)
    curves, crossings = trace_phase_diagram(
        *(unknown, errors, pd.DataFrame(), *NO_MACHINES, LEVELS, experiment.images),
        *(experiment.labels, experiment.test_labels, SELECTION),
    )
    assert len(curves[curves["method"] == "linear"]) == 1
    assert len(crossings) == 1


@pytest.mark.parametrize(
    "given",
    [{"values": []}, {"values": [-1.0]}, {"solver": "magic"}, {"ridges": [1.0]}],
)
def test_senseless_ridge_parameters_are_refused(given):
    with pytest.raises(ValidationError):
        ridge(**given)


@pytest.fixture
def solved(monkeypatch):
    """A list of the ridge paths that are solved; the third solver of the first run is killed."""
    solved, real = [], kernel_regression.fit_ridge_path

    def fit_ridge_path(kernel, *given, **named):
        if len(solved) == 2:
            solved.append("killed")
            raise KeyboardInterrupt
        solved.append(kernel.shape)
        return real(kernel, *given, **named)

    monkeypatch.setattr(kernel_regression, "fit_ridge_path", fit_ridge_path)
    return solved


def test_paths_that_were_finished_before_a_kill_are_found(tmp_path, solved):
    experiment = Experiment()
    with pytest.raises(KeyboardInterrupt):
        experiment.fit_into(tmp_path)
    scores, errors = experiment.fit_into(tmp_path)
    assert solved == [(60, 60), (60, 60), "killed", (60, 60), (60, 60)]
    whole, expected = experiment.fit()
    pd.testing.assert_frame_equal(scores, whole)
    for name, load in expected.items():
        np.testing.assert_array_equal(errors[name](), load())


def test_a_level_inserted_before_others_recomputes_none_of_them(tmp_path, solved):
    experiment = Experiment()
    solved += ["", "", ""]  # nobody is killed
    scores, _ = experiment.fit_into(tmp_path, LEVELS[1:])
    with_all, _ = experiment.fit_into(tmp_path)
    assert len(solved) - 3 == 4
    again = with_all[with_all["level"] == "level_2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, scores)


def test_other_ridges_targets_or_kernels_are_other_paths(tmp_path, solved):
    experiment = Experiment()
    solved += ["", "", ""]
    experiment.fit_into(tmp_path)
    experiment.fit_into(tmp_path, solver="iterative")
    experiment.labels = 1 - experiment.labels
    experiment.fit_into(tmp_path)
    assert len(solved) - 3 == 3 * 4
