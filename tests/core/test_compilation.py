"""Compiled functions: never stale, importable where nothing can be written, safe to fork."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kernel_regime
from kernel_regime.core.compilation import sources_behind

SOURCES = Path(kernel_regime.__file__).parent
COMPILED = """
from kernel_regime.constants import FACTOR
from kernel_regime.core.compilation import compiled

@compiled()
def scaled(x):
    return FACTOR * x
"""
COMPILED_CLASS = """
from typing import NamedTuple
from kernel_regime.core.compilation import compiled

class Pair(NamedTuple):
    first: int
    second: int

@compiled()
def product(pair):
    return pair.first * pair.second

@compiled()
def scaled(x):
    return product(Pair(2, x))
"""
COMPILED_WITH_AN_ADDRESS = """
import numba
from kernel_regime.core.compilation import compiled

@compiled()
def scaled(x):
    return x * min(numba.get_num_threads(), 1) * 2
"""
LOOP = """
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from functools import partial
import numba, numpy as np
from kernel_regime.core.compilation import compiled

@compiled(parallel=True, nogil=True)
def squares(x):
    out = np.empty_like(x)
    for i in numba.prange(len(x)):
        out[i] = x[i] ** 2
    return out

def is_right(n):
    return bool((squares(np.arange(n)) == np.arange(n) ** 2).all())
"""


def run(code, **environment):
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture
def installed(tmp_path):
    """A copy of the package with its foundation, a compiled function, and a constant beside it."""
    package = tmp_path / "kernel_regime"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCES / "core", package / "core", ignore=ignored)
    (package / "__init__.py").touch()
    (package / "constants.py").write_text("FACTOR = 2\n")
    (package / "functions.py").write_text(COMPILED)
    return tmp_path


CALL = """
from kernel_regime.functions import scaled
print(scaled(10), "kept" if scaled.stats.cache_hits else "compiled")
"""


def call(installed, **environment):
    return run(CALL, PYTHONPATH=str(installed), NUMBA_CACHE_DIR="", **environment)


def test_machine_code_is_kept_until_a_file_that_it_comes_from_changes(installed):
    assert [call(installed), call(installed)] == ["20 compiled", "20 kept"]
    (installed / "kernel_regime" / "constants.py").write_text("FACTOR = 3\n")
    assert [call(installed), call(installed)] == ["30 compiled", "30 kept"]


def test_a_class_that_machine_code_mentions_may_be_renamed(installed):
    source = installed / "kernel_regime" / "functions.py"
    source.write_text(COMPILED_CLASS)
    assert [call(installed), call(installed)] == ["20 compiled", "20 kept"]
    source.write_text(COMPILED_CLASS.replace("Pair", "Couple"))
    assert [call(installed), call(installed)] == ["20 compiled", "20 kept"]
    caches = (installed / "kernel_regime" / "__pycache__").glob("functions.*.nbi")
    assert len(list(caches)) == 2  # of `scaled` and `product`, as they are now


def test_files_that_a_function_does_not_come_from_leave_its_code_alone(installed):
    call(installed)
    (installed / "kernel_regime" / "core" / "images.py").write_text("# changed\n")
    assert call(installed) == "20 kept"


def test_code_is_compiled_anew_where_nothing_can_be_written(installed):
    (installed / "kernel_regime" / "__pycache__").write_text("a file, so that no folder is made")
    nowhere = {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none"}
    assert [call(installed, **nowhere) for _ in range(2)] == 2 * ["20 compiled"]


def test_code_that_holds_an_address_is_compiled_anew(installed):
    """Numba warns of it, and asks for the place of the source to say where."""
    (installed / "kernel_regime" / "functions.py").write_text(COMPILED_WITH_AN_ADDRESS)
    quiet = {"PYTHONWARNINGS": "ignore"}
    assert [call(installed, **quiet) for _ in range(2)] == 2 * ["20 compiled"]


def test_sources_are_followed_through_other_files():
    names = {path.name for path in sources_behind(SOURCES / "linalg" / "packed_products.py")}
    assert {"packed_products.py", "simd.py", "compilation.py", "arrays.py", "errors.py"} <= names
    assert "registry.py" not in names


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that forks")
@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_a_forked_child_computes_behind_a_parallel_loop_of_its_parent(layer):
    code = f"""{LOOP}
assert is_right(1000)
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map_async(is_right, [1000, 77, 3]).get(60))
"""
    assert run(code, NUMBA_THREADING_LAYER=layer) == "[True, True, True]"


@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_threads_may_start_parallel_loops_at_the_same_time(layer):
    code = f"""{LOOP}
with ThreadPoolExecutor(4) as pool:
    print(set(pool.map(is_right, 200 * [10_000])))
"""
    assert run(code, NUMBA_THREADING_LAYER=layer) == "{True}"
