"""Golden values and real images that lie beside the repository, where they do."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
FASHION_MNIST = SHARED / "data" / "fashion-mnist-900"
UNPACK_CIFAR = SHARED / "data" / "unpack_cifar10.py"

#: The images are 19 MB and come from elsewhere; a clone alone tests on generated ones.
needs_images = pytest.mark.skipif(
    not FASHION_MNIST.is_dir(), reason="no real images beside the repository"
)


def golden(name):
    """Values of the published code by file name; the test is skipped where they are not at hand."""
    path = SHARED / "goldens" / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"no golden values at {path}")
    with np.load(path) as archive:
        return dict(archive)
