"""Errors that users can mend are also what Python calls them."""

import pytest

from kernel_regime.core.errors import (
    InputError,
    MissingDeviceError,
    TooLargeError,
    UnreachableError,
    UserError,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("error", "usual"),
    [
        (InputError, ValueError),
        (TooLargeError, MemoryError),
        (MissingDeviceError, RuntimeError),
        (UnreachableError, OSError),
    ],
)
def test_each_is_caught_by_its_usual_name_and_as_a_user_error(error, usual):
    for name in (usual, UserError):
        with pytest.raises(name, match=r"^what to do$"):
            raise error("what to do")


def test_the_nearest_name_is_proposed_or_all_of_them():
    known = ["kernels", "noise", "networks"]
    assert did_you_mean("netwroks", known) == "did you mean 'networks'?"
    assert did_you_mean("zzz", iter(known)) == "give one of kernels, networks, noise"
