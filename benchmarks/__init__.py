"""Measurements against peers, each topic a module: `python -m benchmarks.ridge`."""

import kernel_regime as kernel_regime  # First of all: it tells OpenBLAS, for peers too, the CPU.
