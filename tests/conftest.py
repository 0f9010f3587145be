"""Order of set-up for all tests, and of the tests themselves.

Processes that run beside each other (`pytest -n 2`) take one thread of BLAS each: with more, these
only wait for each other, and take four times the processor time. That is said before NumPy comes.

Kedro sets up logging when it is imported, and closes the handlers there are: that of absl, which
TensorFlow and JAX bring, would close pytest's own standard error. So Kedro comes first.

The package comes before any test can import TensorFlow, which reads at its import what the package
sets: a test that imports Keras first would otherwise round unlike the processes that it starts.
"""

import os
from importlib import import_module
from importlib.util import find_spec

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}

if find_spec("kedro"):  # the library is tested without it as well
    import_module("kedro.framework.project")
import_module("kernel_regime")

# Begun first, in this order: the longest files. Begun last, each would keep one process busy after
# all others; begun at once, those that compile the same loops would compile them twice.
FIRST = (
    "test_using_it.py",
    "test_spectral_bias.py",
    "test_convolutional_on_gpu.py",
    "test_architectures.py",
    "test_extending.py",
)


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(FIRST)))
