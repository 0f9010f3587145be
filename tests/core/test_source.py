"""Digest of a user's source code: it changes with what the code imports from beside it."""

import importlib
import sys

import pytest

from kernel_regime.core.source import source_digest

FILES = {
    "lab/__init__.py": "",
    "lab/own.py": "from lab.layers import deep\nfrom . import shared\nclass Own:\n    x = 1\n",
    "lab/layers/__init__.py": "",
    "lab/layers/deep.py": "import beside\n",
    "lab/shared.py": "y = 2\n",
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
