"""Order of set-up for all tests, and of the tests themselves.

Kedro sets up logging when it is imported, and closes the handlers there are: that of absl, which
TensorFlow and JAX bring, would close pytest's own standard error. So Kedro comes first.
"""

from importlib import import_module
from importlib.util import find_spec

if find_spec("kedro"):  # the library is tested without it as well
    import_module("kedro.framework.project")

# Files that run whole projects: begun last, each would keep one process busy after all others.
WHOLE_RUNS = ("test_using_it.py", "test_extending.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in WHOLE_RUNS)
