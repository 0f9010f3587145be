"""Small problems to train on."""

import numpy as np

from kernel_regime.training.samples import SampleSplits


def classification(n=60, n_test=40, features=6, classes=3, seed=0, validation=0.0):
    """Noisy linear classes with centred one-hot targets; two classes give one scalar target."""
    draws = np.random.default_rng(seed)
    teacher = draws.standard_normal((features, classes))

    def split(size):
        x = draws.standard_normal((size, features))
        labels = np.argmax(x @ teacher + draws.standard_normal((size, classes)), axis=1)
        targets = np.eye(classes)[labels] - 1 / classes
        return x, targets if classes > 2 else labels[:, None] - 0.5

    return SampleSplits.divide(split(n), split(n_test), validation)
