"""The examples in docstrings give what they say."""

import doctest
import importlib
import logging
import pkgutil

import pytest

import kernel_regime
from kernel_regime.core.extras import MissingExtraError

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(kernel_regime.__path__, "kernel_regime.")
    if not module.name.endswith("__main__")
)


@pytest.fixture(autouse=True)
def quiet():
    """Once Kedro is configured, logs go to standard output, where examples are read."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_right(name):
    try:
        module = importlib.import_module(name)
    except MissingExtraError as error:
        pytest.skip(str(error))
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
