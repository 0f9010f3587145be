"""Order of set-up for all tests.

Kedro sets up logging when it is imported, and closes the handlers there are: that of absl, which
TensorFlow and JAX bring, would close pytest's own standard error. So Kedro comes first.
"""

from importlib import import_module

import_module("kedro.framework.project")
