"""Golden values of the published code, and real images that lie beside the repository."""

from pathlib import Path

import numpy as np
import pytest

GOLDENS = Path(__file__).parent / "goldens"
SHARED = Path(__file__).resolve().parents[2] / "shared"
FASHION_MNIST = SHARED / "data" / "fashion-mnist-900"
UNPACK_CIFAR = SHARED / "data" / "unpack_cifar10.py"

#: The images are 19 MB and come from elsewhere; a clone alone tests on generated ones.
needs_images = pytest.mark.skipif(
    not FASHION_MNIST.is_dir(), reason="no real images beside the repository"
)


def golden(name):
    """Values of the published code by file name: see tests/goldens/README.md."""
    with np.load(GOLDENS / f"{name}.npz") as archive:
        return dict(archive)
