"""The layers hold: a package imports only from those above it, and its front door stays light."""

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "kernel_regime"

# Each package may import from those before it.
LAYERS = (
    *("core", "linalg", "execution", "noise", "networks", "kernels", "ntk", "evaluation"),
    *("regression", "training", "analysis", "figures", "datasets", "pipelines"),
    *("configuration", "checks", "command_line"),
)
ALLOWED = {layer: set(LAYERS[: LAYERS.index(layer) + 1]) for layer in LAYERS} | {
    "figures": {"core", "figures"},
    "pipelines": {*LAYERS, "cli", "hooks", "settings"},
}
KNOW_KEDRO = {"pipelines", "datasets", "configuration", "checks", "command_line"}
# What Kedro calls by these names, once a pipeline or a project.
SAME_EVERYWHERE = {"create_pipeline", "logger"}
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


def files_of(layer: str) -> list[Path]:
    files = sorted((PACKAGE / layer).rglob("*.py"))
    assert files, f"{layer}/ has no Python file"
    return files


@pytest.mark.parametrize("layer", LAYERS)
def test_a_package_imports_only_from_those_above_it(layer):
    for path in files_of(layer):
        used = {name.split(".")[1] for name in imports(path) if name.startswith("kernel_regime.")}
        assert used <= ALLOWED[layer], (
            f"{path.relative_to(PACKAGE)} imports {sorted(used - ALLOWED[layer])}"
        )


@pytest.mark.parametrize("layer", sorted(set(LAYERS) - KNOW_KEDRO))
def test_the_library_does_without_kedro(layer):
    for path in files_of(layer):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not any(root.startswith("kedro") for root in roots), path.relative_to(PACKAGE)


def public_definitions() -> Counter[str]:
    """How many modules define each public class or function."""
    names = Counter()
    for path in sorted(PACKAGE.rglob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        names.update(
            node.name
            for node in body
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
        )
    return names


def test_no_two_public_names_coincide():
    twice = {name for name, count in public_definitions().items() if count > 1}
    assert twice <= SAME_EVERYWHERE


def front_door_names() -> set[str]:
    """What the front doors of packages export."""
    return {
        ast.literal_eval(name)
        for path in PACKAGE.rglob("__init__.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for name in getattr(node.value, "elts", ())
    }


def test_what_front_doors_export_comes_with_an_example():
    exported = front_door_names()
    bare = [
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and node.name in exported
        and "\nExamples\n--------\n" not in (ast.get_docstring(node) or "")
    ]
    assert exported and not bare, "\n".join(bare)


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_file_imports_its_importer():
    """No circles among files, wherever in them the imports stand; front doors export only."""
    files = {module_of(p): p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py"}
    graph = defaultdict(set)
    for module, path in files.items():
        graph[module] = imports(path) & files.keys()
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail[trail.index(module) :], module))
        if module not in done:
            for used in sorted(graph[module]):
                visit(used, (*trail, module))
            done.add(module)

    for module in sorted(files):
        visit(module, ())


# Words for which the glossary has the field's own. Some are also Python's (`str.strip`, `floor`) or
# pandas' (`groupby`); those count only where they are no call and no attribute.
LEFT_OUT = (
    "slabs?|lanes?|displacements?|honest|leaks?|leaked|house|rooms?|waiting|strips?|floors?|chunks?|"
    "(?<!packed )panels?"
)


def test_no_word_that_the_glossary_leaves_out():
    word = re.compile(rf"(?<![.\w])({LEFT_OUT})\b(?!\()", re.IGNORECASE)
    texts = [*sorted(PACKAGE.rglob("*.py")), *sorted((PACKAGE.parents[1] / "docs").rglob("*.md"))]
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if word.search(line)
    ]
    assert not found, "\n".join(found)


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


def test_the_package_comes_before_tensorflow_in_every_test():
    """TensorFlow reads at its import which products to take."""
    code = (
        "import sys, tests.conftest\n"
        "assert 'kernel_regime' in sys.modules and 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parents[1], timeout=60)


def test_the_package_never_prints():
    for path in sorted(PACKAGE.rglob("*.py")):
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        assert not any(getattr(call.func, "id", "") == "print" for call in calls), path
