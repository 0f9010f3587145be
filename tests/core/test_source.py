"""Digest of a user's source code: it changes with what the code imports from beside it."""

import importlib
import sys

import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.core.source import source_digest

FILES = {
    "lab/__init__.py": "",
    "lab/own.py": "from lab.layers import deep\nfrom . import shared\nclass Own:\n    x = 1\n",
    "lab/layers/__init__.py": "",
    "lab/layers/deep.py": "import beside\n",
    "lab/shared.py": "y = 2\ndef half(x):\n    return x / y\n",
    "lab/unused.py": "",
    "beside.py": "",
    "other.py": "",
}


@pytest.fixture
def own(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("lab.own").Own
    for name in ("lab.own", "lab.shared", "lab.layers.deep", "lab.layers", "lab", "beside"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "file", ["lab/own.py", "lab/shared.py", "lab/layers/deep.py", "lab/__init__.py", "beside.py"]
)
def test_a_digest_changes_with_every_module_that_the_code_imports_from_beside_it(
    own, tmp_path, file
):
    before = source_digest(own)
    with (tmp_path / file).open("a") as text:
        text.write("# changed\n")
    assert source_digest(own) != before


def test_a_digest_does_not_change_with_modules_that_the_code_does_not_import(own, tmp_path):
    before = source_digest(own)
    for file in ("lab/unused.py", "other.py"):
        (tmp_path / file).write_text("# changed\n")
    assert source_digest(own) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("lab/shared.py", "x / y", "x / y / 2"),
        ("lab/shared.py", "y = 2", "y = 3"),
        ("lab/shared.py", "def half(x):", "def half(x:"),
    ],
    ids=["function", "constant", "syntax"],
)
def test_what_was_edited_after_its_import_is_refused_until_it_is_reloaded(
    own, tmp_path, file, old, new
):
    text = (tmp_path / file).read_text()
    before = source_digest(own)
    (tmp_path / file).write_text(text.replace(old, new))
    with pytest.raises(InputError, match=r"lab\.shared: .*was edited after it was imported"):
        source_digest(own)
    (tmp_path / file).write_text(text)
    assert source_digest(own) == before


def test_a_reloaded_module_is_current_again(own, tmp_path):
    before = source_digest(own)
    path = tmp_path / "lab/shared.py"
    path.write_text(path.read_text().replace("x / y", "x / y / 2"))
    importlib.invalidate_caches()
    importlib.reload(sys.modules["lab.shared"])
    assert source_digest(own) != before
