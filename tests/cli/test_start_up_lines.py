"""A run without a GPU says nothing about CUDA; what others write to standard error stays."""

import os
import subprocess
import sys


def test_only_start_up_lines_are_left_out():
    code = """
import os
from kernel_regime.command_line.start_up_lines import without_start_up_lines
with without_start_up_lines():
    os.write(2, b"a warning of mine\\n")
    os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written\\n")
    os.write(2, b"I0000 00:00:1795757675.559477 25853 cudart_stub.cc:31] Could not find cuda\\n")
    os.write(2, b"I0 am not one of them\\n")
os.write(2, b"after\\n")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stderr == "a warning of mine\nI0 am not one of them\nafter\n"


def test_the_pipelines_are_loaded_without_a_line_about_cuda():
    code = """
from kedro.framework.project import configure_project, pipelines
configure_project("kernel_regime")
pipelines["__default__"]
import tensorflow as tf
tf.zeros(3)
"""
    # JAX sets the variable where it is imported, as it may have been in this process.
    fresh = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=fresh)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
