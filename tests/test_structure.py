"""The layers hold: a room imports only what stands below it, and the front doors stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "kernel_regime"

# Who may import whom, inside the package.
BELOW = {
    "noise": set(),
    "kernels": set(),
    "networks": set(),
    "gram": {"kernels"},
    "regression": {"gram", "kernels"},
    "training": {"regression", "networks", "gram"},
    "spectra": {"regression", "gram", "kernels", "networks"},
    "figures": {"spectra", "regression", "training", "kernels", "noise"},
    "datasets": {"gram", "kernels", "networks", "noise"},
}
KEDRO_ROOMS = {"pipelines", "datasets"}
HEAVY = {"tensorflow", "keras", "jax", "neural_tangents", "tf2jax"}


def imports(path: Path) -> set[str]:
    """Modules that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files_of(room: str) -> list[Path]:
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert files, f"{room}/ has no Python file"
    return files


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_only_what_stands_below_it(room):
    allowed = BELOW[room] | {room}
    for path in files_of(room):
        rooms = {name.split(".")[1] for name in imports(path) if name.startswith("kernel_regime.")}
        assert rooms <= allowed, f"{path.relative_to(PACKAGE)} imports {sorted(rooms - allowed)}"


@pytest.mark.parametrize("room", sorted(set(BELOW) - KEDRO_ROOMS))
def test_the_library_does_without_kedro(room):
    for path in files_of(room):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not any(root.startswith("kedro") for root in roots), path.relative_to(PACKAGE)


def loaded_by(statement: str) -> set[str]:
    """Heavy packages in memory after a statement ran in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint(' '.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return HEAVY & {name.split(".")[0] for name in result.stdout.splitlines()[-1].split()}


def test_front_doors_open_without_tensorflow_or_jax():
    modules = [
        ".".join(("kernel_regime", *path.parent.relative_to(PACKAGE).parts))
        for path in sorted(PACKAGE.rglob("__init__.py"))
        if "pipelines" not in path.parts
    ]
    modules += ["kernel_regime.settings", "kernel_regime.pipeline_registry", "kernel_regime.cli"]
    assert loaded_by("; ".join(f"import {module}" for module in modules)) == set()


def test_kernel_generation_starts_without_tensorflow():
    statement = (
        "from kernel_regime.pipelines.kernel_generation import create_pipeline; create_pipeline()"
    )
    assert loaded_by(statement) == set()


def test_the_package_never_prints():
    for path in sorted(PACKAGE.rglob("*.py")):
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        assert not any(getattr(call.func, "id", "") == "print" for call in calls), path
