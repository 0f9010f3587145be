"""A project to run commands in, within this process."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from kedro.framework.project import configure_project

from kernel_regime.cli import cli

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the configuration alone, where a test may break what it likes."""
    shutil.copytree(PROJECT / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "local").mkdir(exist_ok=True)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    configure_project("kernel_regime")
    return tmp_path


@pytest.fixture
def command(project):
    """Run a command in the project: `command("run", "--env", "test")`."""
    return lambda *arguments: CliRunner().invoke(cli, arguments)
