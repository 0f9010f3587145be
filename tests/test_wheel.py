"""The wheel by itself: without extras in an empty environment, and with the newest JAX."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PROJECT = Path(__file__).parents[1]
QUICK_START = (PROJECT / "docs/start/library.md").read_text(encoding="utf-8")
JAX_TESTS = (
    "tests/analysis/test_architectures.py",
    "tests/kernels/test_jax_kernels.py",
    "tests/kernels/test_network_jax.py",
    "tests/ntk/test_empirical_ntk.py",
    "tests/ntk/test_shallow_ntk.py",
    "tests/ntk/test_what_kernels_owe.py",
)


def run(*command, **options):
    """Standard output of a command that knows nothing of this environment."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        command, capture_output=True, text=True, env=kept | {"MPLBACKEND": "agg"}, **options
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, PROJECT)
    (built,) = folder.glob("*.whl")
    return built


def environment(folder, *requirements):
    """The Python of a new environment with these requirements."""
    run(sys.executable, "-m", "venv", folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(python, "-m", "pip", "install", "--quiet", *requirements)
    return python


def test_the_quick_start_runs_without_extras(wheel, tmp_path):
    python = environment(tmp_path / "empty", wheel)
    cells = re.findall(r"```{code-cell} ipython3\n(.*?)```", QUICK_START, flags=re.DOTALL)
    code = "\n".join(cells).replace("%matplotlib inline", "")
    assert "ridge_path" in code and "profile" in code
    code += "\nfigure.savefig('spectrum.png')\nimport sys; print(*sys.modules)"
    loaded = set(run(python, "-c", code, cwd=tmp_path).split())
    assert (tmp_path / "spectrum.png").stat().st_size > 10_000
    assert loaded.isdisjoint({"jax", "tensorflow", "keras", "kedro", "dask", "sklearn"})


def test_commands_without_kedro_name_the_extra(wheel, tmp_path):
    python = environment(tmp_path / "empty", wheel)
    result = subprocess.run(
        [python, "-m", "kernel_regime", "plan"], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 1
    assert result.stderr.strip() == (
        'Error: kedro is not installed; pip install "kernel-regime[kedro]" brings it'
    )


def test_what_uses_jax_runs_on_the_newest(wheel, tmp_path):
    python = environment(tmp_path / "jax", f"{wheel}[jax]", "pytest", "pytest-timeout")
    newest = run(python, "-c", "import jax; print(jax.__version__)").split(".")
    assert (int(newest[0]), int(newest[1])) >= (0, 10)
    run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *JAX_TESTS, cwd=PROJECT)
