"""The bar shows on terminals, and never where output is kept."""

import io

import pytest
from rich.console import Console

from kernel_regime.core import progress as module
from kernel_regime.core.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stream):
    monkeypatch.setattr(
        module, "Console", lambda stderr: Console(file=stream, width=120, force_terminal=None)
    )
    with progress("kernel ntk", total=10, unit="pairs") as advance:
        advance(4)
        advance(6, note="tile 2 of 2")
    return stream.getvalue()


def test_a_terminal_shows_description_share_and_note(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    text = shown(monkeypatch, Terminal())
    assert all(words in text for words in ("kernel ntk", "100 %", "tile 2 of 2", "pairs/s"))


def test_a_file_gets_nothing(monkeypatch):
    assert shown(monkeypatch, io.StringIO()) == ""


def test_work_of_unknown_length_and_errors_end_the_bar(monkeypatch):
    with pytest.raises(KeyError), progress("download", total=None, unit="bytes") as advance:
        advance(5)
        raise KeyError
