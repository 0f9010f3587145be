"""Damaged files of a training: what they said is found again by training again."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from kernel_regime.core import files
from kernel_regime.core.memory import limited_memory
from kernel_regime.execution.settings import Execution
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.networks.storage import load_network
from kernel_regime.training.job import NamedTraining, TrainingJob, TrainingResult, TrainingStore
from kernel_regime.training.methods import ConjugateGradients, GradientDescent
from kernel_regime.training.remote import _store
from kernel_regime.training.run import run_training
from kernel_regime.training.schedule import Batches, Schedule
from kernel_regime.training.sweep import run_sweep
from tests.training.problems import classification

SAMPLES = classification(validation=0.2)
DESCENT = TrainingJob(
    NetworkDescription("fully_connected", (("width", 8),)),
    GradientDescent(Schedule(3, 0.05, warm_up=1), Batches(((0, 16),))),
    (1e-4,),
    seed=0,
)
LINEAR = TrainingJob(
    NetworkDescription("random_features", (("width", 30),)), ConjugateGradients(), (1.0, 1e-2), 0
)
DAMAGES = {
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: (
        content[: len(content) // 2]
        + bytes([content[len(content) // 2] ^ 1])
        + content[len(content) // 2 + 1 :]
    ),
    "zeros": lambda content: bytes(len(content)),
}


def trained(job, folder):
    (result,) = run_sweep(
        [NamedTraining("the network", job, SAMPLES)], TrainingStore(folder), Execution(), 1
    )
    return result


def interrupted(job, folder):
    """A training stopped after its second row; its result has a checkpoint."""
    rows = []

    def stop(row):
        rows.append(row)
        if len(rows) == 2:
            raise KeyboardInterrupt

    result = TrainingResult(folder)
    with pytest.raises(KeyboardInterrupt):
        run_training(job, SAMPLES, result, 1, stop)
    assert result.checkpoint.exists()
    return result


def without_seconds(result):
    return [
        {key: value for key, value in row.items() if key != "seconds"}
        for rows in result.tables.values()
        for row in rows
    ]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (name, damage)
        for name in ("initial.keras", "final.keras", "record.json")
        for damage in DAMAGES
    ],
)
def test_a_damaged_result_is_trained_again(name, damage, tmp_path, caplog):
    clean = trained(DESCENT, tmp_path)
    expected, outputs = without_seconds(clean), load_network(clean.final)(SAMPLES.test[0])
    file = clean.folder / name
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    again = trained(DESCENT, tmp_path)
    assert "the network: what is stored in" in caplog.text
    assert without_seconds(again) == expected
    np.testing.assert_array_equal(load_network(again.final)(SAMPLES.test[0]), outputs)
    written = again.record.stat().st_mtime_ns
    assert trained(DESCENT, tmp_path).record.stat().st_mtime_ns == written


def test_a_result_without_one_of_its_networks_is_trained_again(tmp_path):
    trained(DESCENT, tmp_path).initial.unlink()
    assert trained(DESCENT, tmp_path).initial.exists()


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"scores": [], "curve": []}'])
def test_a_record_that_says_nothing_is_no_record(content, tmp_path):
    result = trained(DESCENT, tmp_path)
    result.record.write_text(content)
    assert not result.finished


def test_a_number_that_changed_in_a_record_is_found(tmp_path):
    result = trained(DESCENT, tmp_path)
    text = result.record.read_text()
    place = text.index(".") + 1
    result.record.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
    assert not result.finished


def test_records_without_a_checksum_are_still_read(tmp_path):
    result = trained(DESCENT, tmp_path)
    tables = TrainingResult(result.folder).tables
    result.record.write_text(json.dumps(tables))
    assert result.finished
    assert TrainingResult(result.folder).tables == tables


def test_a_damaged_result_is_unfinished_while_it_is_trained_again(tmp_path):
    result = trained(DESCENT, tmp_path)
    result.final.write_bytes(b"")
    result.checkpoint.unlink(missing_ok=True)
    interrupted(DESCENT, result.folder)
    assert not result.record.exists()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("job", [DESCENT, LINEAR], ids=["descent", "linear"])
def test_a_damaged_checkpoint_means_starting_anew(job, damage, tmp_path, caplog):
    job = replace(job, penalties=(1.0, 0.1, 1e-2)) if job is LINEAR else job
    result = interrupted(job, tmp_path / "interrupted")
    result.checkpoint.write_bytes(DAMAGES[damage](result.checkpoint.read_bytes()))
    run_training(job, SAMPLES, result, 1, report=lambda row: None)
    assert "checkpoint.npz is damaged; the training starts anew" in caplog.text
    assert result.finished
    assert without_seconds(result) == without_seconds(trained(job, tmp_path / "straight"))


def test_a_checkpoint_of_other_equations_means_starting_anew(tmp_path, caplog):
    """Another working memory fits the same weights by other unknowns."""
    job = replace(LINEAR, penalties=(1.0, 0.1, 1e-2))
    result = interrupted(job, tmp_path)
    with limited_memory(2 * 8 * 31**2 - 1):
        run_training(job, SAMPLES, result, 1, report=lambda row: None)
    assert "does not fit this training" in caplog.text
    assert [row["penalty"] for row in result.tables["scores"]] == [1.0, 0.1, 1e-2]


def synced(monkeypatch):
    """Names of the drafts and folders that are synced from here on, in order."""
    names = []
    monkeypatch.setattr(files, "_sync", lambda path: names.append(path.name))
    return names


def order_of(names, *parts):
    return [next(i for i, name in enumerate(names) if part in name) for part in parts]


def test_networks_are_on_the_disk_before_the_record_that_says_so(tmp_path, monkeypatch):
    names = synced(monkeypatch)
    trained(DESCENT, tmp_path)
    places = order_of(names, ".initial.", ".final.", ".record.")
    assert places == sorted(places)


def test_so_are_those_that_a_worker_sent(tmp_path, monkeypatch):
    names = synced(monkeypatch)
    sent = {"record.json": b"{}", "final.keras": b"weights", "initial.keras": b"weights"}
    _store(TrainingResult(tmp_path), sent)
    assert max(order_of(names, ".initial.", ".final.")) < order_of(names, ".record.")[0]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_network_is_refused_in_one_line(damage, tmp_path):
    final = trained(DESCENT, tmp_path).final
    final.write_bytes(DAMAGES[damage](final.read_bytes()))
    with pytest.raises(ValueError, match=r"not a \.keras file, or a damaged one; save"):
        load_network(final)


def test_the_damage_is_told_once_and_a_whole_result_says_nothing(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    trained(DESCENT, tmp_path)
    trained(DESCENT, tmp_path)
    assert "damaged" not in caplog.text
