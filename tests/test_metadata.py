"""What a package index and a reader are told agrees with the code."""

import re
import tomllib
from pathlib import Path

import kernel_regime

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_is_that_of_the_code():
    version = kernel_regime.__version__
    assert "version" in METADATA["dynamic"]
    assert f"\nversion: {version}\n" in (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{version}]" in (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_readme_holds_away_from_the_repository():
    links = re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", README)
    assert all(link.startswith("https://") for link in links)


def test_the_figures_of_the_readme_are_in_the_repository():
    figures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert figures
    assert all((PROJECT / figure).is_file() for figure in figures)


def test_the_readme_names_every_extra():
    named = set(re.findall(r"`kernel-regime\[(\w+)\]`", README))
    assert named == set(METADATA["optional-dependencies"])


def test_extras_that_the_code_names_exist():
    sources = (PROJECT / "src").rglob("*.py")
    texts = "".join(path.read_text(encoding="utf-8") for path in sources)
    named = re.findall(r"kernel-regime\[(\w+)\]", texts) + re.findall(
        r'from_extra\("(\w+)"\)', texts
    )
    assert {"jax", "networks", "dask"} < set(named) <= set(METADATA["optional-dependencies"])


def test_the_quick_start_of_the_readme_runs(capsys):
    (code,) = re.findall(r"```python\nimport numpy.*?```", README, flags=re.DOTALL)
    exec(code.removeprefix("```python").removesuffix("```"), {})
    assert "loo_loss" in capsys.readouterr().out
