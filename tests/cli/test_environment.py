"""What make does: results stay unless asked for, and the lock holds what the package needs."""

import re
import subprocess
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def commands_of(target):
    return subprocess.run(
        ["make", "--dry-run", target], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout


def test_results_of_hours_are_removed_by_their_own_target_only():
    assert "data" not in commands_of("clean")
    assert "data/0[2-8]_*" in commands_of("clean-results")


def test_raw_data_are_never_removed():
    assert "01_raw" not in commands_of("clean") + commands_of("clean-results")


def test_the_lock_holds_every_dependency():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    needed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    needed += [line for name in extras if name not in ("gpu", "all") for line in extras[name]]
    locked = re.findall(r"^([\w.-]+)[=\[]", (PROJECT / "requirements.lock").read_text(), re.M)
    names = {re.match(r"[\w.-]+", line)[0] for line in needed}
    assert names <= set(locked)
