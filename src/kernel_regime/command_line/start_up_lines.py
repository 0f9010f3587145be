"""Start-up lines of TensorFlow, which look like errors of CUDA on machines without a GPU."""

import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_STANDARD_ERROR = 2

# "I0000 00:00:1795757675.559477 25853 cudart_stub.cc:31] Could not find cuda drivers ..."
_START_UP_LINE = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d:\d")


def silence_tensorflow() -> None:
    """Leave out TensorFlow's start-up lines in this process, whenever it is imported first."""
    # What matters comes as a Python exception as well.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not any(isinstance(finder, _TensorFlowFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _TensorFlowFinder())


class _TensorFlowFinder:
    """Import finder that loads TensorFlow with standard error held back."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """TensorFlow as others find it, to be loaded quietly; None for all other modules."""
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader: Any = spec and spec.loader
        if loader is not None:
            load = loader.exec_module

            def load_quietly(module: ModuleType) -> None:
                with without_start_up_lines():
                    load(module)

            loader.exec_module = load_quietly
        return spec


@contextmanager
def without_start_up_lines() -> Iterator[None]:
    """Leave out what TensorFlow's libraries write to standard error while they are loaded.

    No setting silences these lines, since they come before TensorFlow reads its own. Everything
    else is passed on when the block ends.

    Examples
    --------
    >>> with without_start_up_lines():
    ...     import tensorflow
    """
    with tempfile.TemporaryFile() as held_back:
        standard_error = os.dup(_STANDARD_ERROR)
        os.dup2(held_back.fileno(), _STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(standard_error, _STANDARD_ERROR)
            os.close(standard_error)
            held_back.seek(0)
            for line in held_back:
                if not _START_UP_LINE.match(line):
                    os.write(_STANDARD_ERROR, line)
