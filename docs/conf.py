"""Documentation site: Sphinx, with pages in MyST Markdown that run what they show."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import kernel_regime
import kernel_regime.noise  # autodoc annotates pydantic's base class, and no model derives then

sys.path.insert(0, str(Path(__file__).parent))  # of the extension beside this file
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # of the kernels that run the examples

project = "kernel-regime"
author = "kernel-regime maintainers"
project_copyright = "kernel-regime maintainers"
version = release = kernel_regime.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinxcontrib.bibtex",
    "sphinx_copybutton",
    "pipeline_diagrams",
]
exclude_patterns = ["_build"]

# Markdown.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Examples run anew in every build; one that fails, fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True
nb_output_stderr = "remove"  # progress, and what libraries say when they are loaded

# Docstrings in NumPy style; shapes and types are said in their sections.
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"

html_theme = "furo"
html_title = "kernel-regime"
html_static_path = []
html_show_sphinx = False


def _as_restructured_text(
    app: Any, what: str, name: str, item: Any, options: Any, lines: list[str]
) -> None:
    """Read docstrings that write names as `name` and show YAML in fences, as editors show them."""
    text = re.sub(r"^```(\w+)\n(.*?)^```$", _code_block, "\n".join(lines), flags=re.DOTALL | re.M)
    lines[:] = re.sub(r"(:\w+:`[^`]*`|``[^`]*``)|`([^`\n]+)`", _literal, text).split("\n")


def _literal(found: re.Match[str]) -> str:
    return found[1] or f"``{found[2]}``"


def _code_block(fence: re.Match[str]) -> str:
    indented = "\n".join(f"    {line}" for line in fence[2].splitlines())
    return f".. code-block:: {fence[1]}\n\n{indented}\n"


def setup(app: Any) -> None:
    """Let docstrings be read before Napoleon reads their sections."""
    app.connect("autodoc-process-docstring", _as_restructured_text, priority=400)
