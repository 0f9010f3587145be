"""Dask workers and scripts must be able to import the kernel of these tests by its plain name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
