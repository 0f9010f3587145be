"""What was finished is found, whole, under the content that it follows from."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kernel_regime.execution.results import Results, matrix_content
from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store import KernelJob, fill, open_matrix
from tests.execution.recording import Recorded, numbered_samples

TABLE = pd.DataFrame(
    {"ridge": [0.1, np.nan], "count": [1, 2], "solver": ["cholesky", "—"], "known": [True, False]}
)
ERRORS = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results")


def refuse():
    raise AssertionError("computed again")


def test_tables_and_arrays_come_back_as_they_were(results):
    description = {"what": "path", "ridges": [0.1, 1.0]}
    results.get(description, lambda: {"scores": TABLE, "errors": ERRORS})
    found = results.get(description, refuse)
    assert list(found) == ["scores", "errors"]
    pd.testing.assert_frame_equal(found["scores"], TABLE)
    np.testing.assert_array_equal(found["errors"], ERRORS)
    assert found["errors"].dtype == np.float32


def test_a_column_that_would_come_back_as_another_is_refused(results):
    mixed = pd.DataFrame({"mode": pd.Series([1, 2], dtype=object)})
    with pytest.raises(TypeError, match="column mode"):
        results.get({"a": 1}, lambda: {"curves": mixed})


def test_another_description_is_another_result(results):
    for ridge in (0.1, 1.0):
        results.get({"ridge": ridge}, lambda ridge=ridge: {"loss": np.array([ridge])})
    assert results.get({"ridge": 0.1}, refuse)["loss"] == [0.1]
    assert results.get({"ridge": 1.0}, refuse)["loss"] == [1.0]


@pytest.mark.parametrize("damage", ["cut short", "one bit", "empty"])
def test_a_damaged_result_is_computed_again(results, tmp_path, damage):
    results.get({"a": 1}, lambda: {"errors": np.arange(1000.0)})
    (file,) = (tmp_path / "results").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes({"cut short": content[:-100], "one bit": content, "empty": b""}[damage])
    again = results.get({"a": 1}, lambda: {"errors": np.ones(2)})
    np.testing.assert_array_equal(again["errors"], [1, 1])
    np.testing.assert_array_equal(results.get({"a": 1}, refuse)["errors"], [1, 1])


def test_a_result_that_fails_leaves_nothing(results, tmp_path):
    with pytest.raises(ZeroDivisionError):
        results.get({"a": 1}, lambda: {"x": np.array(1 / 0)})
    assert not (tmp_path / "results").exists()


def test_a_stored_matrix_is_known_by_its_job_and_any_other_by_its_values(tmp_path):
    job = KernelJob(Recorded("/dev/null"), numbered_samples(20), execution=Execution())
    fill(job, tmp_path / "k.npy")
    matrix = open_matrix(tmp_path / "k.npy")
    assert matrix_content(matrix) == job.fingerprint()
    assert matrix_content(matrix[:5]) == matrix_content(np.array(matrix[:5]))
    assert matrix_content(np.eye(3)) != matrix_content(2 * np.eye(3))


SLOW = """
import sys, time
import numpy as np
from kernel_regime.execution.results import Results

folder, log, pause = sys.argv[1:]

def compute(number):
    with open(log, "a") as file:
        file.write(f"{number} ")
    time.sleep(float(pause))
    return {"values": np.full(10, number)}

results = Results(folder)
for number in range(6):
    content = results.get({"number": number}, lambda: compute(number))
    assert (content["values"] == number).all()
"""


def test_a_killed_run_repeats_only_the_result_in_hand(tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-c", SLOW, str(tmp_path / "results"), str(log)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([*command, "0.5"], env=environment)
    while not log.exists() or len(log.read_text().split()) < 4:
        time.sleep(0.01)
    process.kill()
    process.wait()
    begun = log.read_text().split()
    subprocess.run([*command, "0"], env=environment, check=True)
    assert log.read_text().split() == [*begun, *map(str, range(len(begun) - 1, 6))]
    assert len(list(Path(tmp_path / "results").iterdir())) == 6
