"""The page that a run ends with says what the run was, and what it found."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.framework.project import configure_project
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from kernel_regime.figures.kinds import built_in_figures
from kernel_regime.noise.levels import NoiseParameters
from kernel_regime.pipelines.model_training.network_parameters import TrainingParameters
from kernel_regime.pipelines.model_training.ridge_parameters import SelectionParameters
from kernel_regime.pipelines.reporting.parameters import OwnFigures
from kernel_regime.pipelines.reporting.render import plain, render_report
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.sections import OPENING, SECTIONS, Section
from kernel_regime.pipelines.reporting.tables import MAX_ROWS, ReportTable, as_csv, numbers

PROJECT = Path(__file__).parents[3]
LEVELS = pd.DataFrame({"level": ["level_0", "level_2"], "value": [0.0, 2.0]})


NOISE = NoiseParameters(kind="high_frequency", levels=[{"value": 2}], seed=0)


def selection(criterion):
    return SelectionParameters(criterion=criterion, resamples=10, confidence=0.9, seed=0)


def training(validation):
    return TrainingParameters.model_construct(validation=validation)


def run(criterion="loo_loss", validation=0.1, ridge=1.0, selected=True, labels=None, **tables):
    """A run of one kernel and one network at two levels; at the second, `selected` says whether
    any training was usable and `ridge` which ridge the criterion picks."""
    picks = pd.DataFrame({
        "level": ["level_0", "level_2"], "kernel": "ntk", "criterion": criterion,
        "ridge": [1.0, ridge],
    })  # fmt: skip
    return ReportedRun(
        {"noise": NOISE, "selection": selection(criterion), "training": training(validation)},
        {
            "noise_levels": LEVELS,
            "train_images": {"level_0": lambda: np.zeros((4, 8, 8), np.float32)},
            "train_labels": np.array([0, 1, 2, 1]) if labels is None else labels,
            "test_labels": np.zeros(2),
            "kernel_scores": pd.DataFrame(
                [
                    {"level": level, "kernel": "ntk", "ridge": value}
                    for level in LEVELS["level"]
                    for value in (0.1, 1.0, 10.0)
                ]
            ),
            "ridge_selection": picks,
            "network_scores": pd.DataFrame(
                {"level": LEVELS["level"], "network": "net", "selected": [True, selected]}
            ),
            "phase_diagram": pd.DataFrame(
                {"first": "ntk", "second": "ntk", "crossing": [1.0, np.nan]}
            ),
            "phase_curves": pd.DataFrame(
                {
                    "level": LEVELS["level"],
                    "value": [0.0, 2.0],
                    "method": "ntk",
                    "family": "kernel",
                    "metric": "test_accuracy",
                    "score": 0.9,
                    "score_low": 0.8,
                    "score_high": 0.95,
                    "effective_dimension": [3.0, 2.0],
                }
            ),
            "regime": pd.DataFrame(
                {"network": "net", "verdict": ["undecided", "kernel regime", "undecided"]}
            ),
            **tables,
        },
        "MNIST",
    )


def page(given=None, rows=3, own=None):
    given = given or run(numbers=pd.DataFrame({"value": [0.123456789] * rows}))
    table = ReportTable(
        "numbers",
        "Numbers",
        lambda run: pd.DataFrame({"number": numbers(run.tables["numbers"]["value"])}),
        "there is no number",
    )
    section = Section("First", lambda run: "What to <see>.", ("sphere",), (table,))
    return render_report("trial", given, {"sphere": b"\x89PNG bytes"}, own or {}, [section])


def test_pictures_are_embedded_whole_with_captions_in_words():
    html = page(own={"margins": ("My margins.", b"own bytes")})
    encoded = re.findall(r"png;base64,([^\"]+)", html)
    assert [base64.b64decode(part) for part in encoded] == [b"\x89PNG bytes", b"own bytes"]
    alternatives = re.findall(r'alt="([^"]+)"', html)
    assert alternatives[0].startswith("Eigenvalues of a kernel on points uniform on a sphere")
    assert alternatives[1] == "My margins."
    assert "What to &lt;see&gt;." in html


def test_long_tables_are_cut_and_say_so():
    html = page(rows=MAX_ROWS + 5)
    assert html.count("<td>0.123</td>") == MAX_ROWS
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 5} rows" in html
    assert "The first" not in page(rows=MAX_ROWS)


def test_the_file_of_a_table_has_every_digit_and_row():
    html = page(rows=MAX_ROWS + 5)
    encoded = re.search(r'download="numbers.csv" href="data:text/csv;base64,([^"]+)"', html)[1]
    again = pd.read_csv(io.BytesIO(base64.b64decode(encoded)))
    assert again["value"].tolist() == [0.123456789] * (MAX_ROWS + 5)
    assert as_csv(pd.DataFrame({"value": np.zeros(2_000_000)})) == ""


def test_an_empty_entry_is_explained_where_there_is_one():
    assert "there is no number" not in page()
    html = page(run(numbers=pd.DataFrame({"value": [1.0, np.nan]})))
    assert "<td>–</td>" in html
    assert "there is no number" in html


def test_the_head_names_experiment_data_noise_date_and_version():
    html = page()
    for fact in (
        "trial",
        "MNIST, 4 training and 2 test samples: grey images of 8×8 pixels, 3 classes",
        "high-frequency: noise-to-signal ratio τ, at 0, 2",
        "kernel-regime 0.1",
    ):
        assert f"<dd>{fact}" in html
    assert re.search(r"<dd>20\d\d-\d\d-\d\d \d\d:\d\d", html)


def test_vectors_and_regressions_are_called_so():
    vectors = {"level_0": lambda: np.zeros((3, 7))}
    found = run(train_images=vectors, labels=np.array([0.5, 1.5, 2.0])).data()
    assert found == (
        "MNIST, 3 training and 2 test samples: vectors of 7 features, "
        "regression on real-valued targets"
    )


def text(title, given):
    (section,) = (section for section in SECTIONS if section.title == title)
    return section.text(given)


def test_the_text_names_the_criteria_of_the_run():
    found = text("Methods against noise", run("gcv_loss"))
    assert "that generalised cross-validation picks" in found
    assert "the validation loss, on 10% of the training samples" in found
    found = text("Methods against noise", run("test_loss", validation=0.0))
    assert "the test loss itself" in found
    assert "no samples are kept for validation" in found
    assert "noise-to-signal ratio τ" in found


def test_a_level_at_which_all_trainings_diverged_is_named():
    assert "diverged" not in text("Methods against noise", run())
    for title in ("Methods against noise", "Networks in training"):
        assert "net (2)" in text(title, run(selected=False))


def test_a_ridge_at_the_edge_of_the_grid_is_remarked():
    assert "edge" not in text("Kernel ridge regression", run(ridge=1.0))
    for ridge in (0.1, 10.0):
        found = text("Kernel ridge regression", run(ridge=ridge))
        assert (
            f"leave-one-out picks a ridge at the edge of the grid for NTK (2: {ridge:g})" in found
        )


def test_the_text_says_what_the_data_show_of_dimension_crossings_and_verdicts():
    found = text("Where methods cross", run())
    assert "1 of 2 pairs of methods cross" in found
    assert "effective dimension falls from 3 to 2" in found
    assert "undecided 2, kernel regime 1" in text("Kernel regime or feature learning", run())
    curves = pd.DataFrame(
        {"level": list("abc"), "value": range(3), "effective_dimension": [5, 4, 6]}
    )
    found = text("Where methods cross", run(phase_curves=curves))
    assert "neither grows nor falls over all levels: it lies between 4 and 6" in found
    one = run(phase_curves=run().tables["phase_curves"].head(1))
    assert "There is one level" in text("Where methods cross", one)


def test_every_figure_is_shown_once():
    kinds = [kind for section in SECTIONS for kind in section.figures]
    assert sorted(kinds) == list(built_in_figures())
    tables = [table.name for section in SECTIONS for table in section.tables]
    assert len(tables) == len(set(tables))
    assert set(OPENING) <= set(kinds)


def test_a_figure_of_ones_own_is_checked_before_anything_runs():
    figures = OwnFigures.model_validate({"again": {"kind": "mode_decays", "shown": 3}, "no": None})
    assert figures.entries()["again"].options == {"shown": 3}
    for entry, message in (
        ({"kind": "mode_decys"}, "is no figure; did you mean 'mode_decays'"),
        ({"kind": "mode_decays", "show": 3}, "has no option 'show'; did you mean 'shown'"),
        ({"kind": "kernel_regime.figures.infinite_width:infinite_width"}, "takes 'distances'"),
    ):
        with pytest.raises(ValueError, match=message):
            OwnFigures.model_validate({"own": entry})


@pytest.mark.parametrize("environment", ["base", "spectral_bias", "cifar2"])
def test_the_parameters_that_a_report_prints_run_again(environment):
    bootstrap_project(PROJECT)
    configure_project("kernel_regime")
    params = KedroSession.create(PROJECT, env=environment).load_context().params
    printed = yaml.safe_load(yaml.safe_dump(plain(params)))
    again = KedroSession.create(PROJECT, env=environment, runtime_params=printed)
    assert again.load_context().params == params
