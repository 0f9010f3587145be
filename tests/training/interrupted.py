"""A training that a test kills: `python tests/training/interrupted.py CHECKPOINT`."""

import sys
import time
from pathlib import Path

import numpy as np

from kernel_regime.networks.fully_connected import FullyConnected
from kernel_regime.training.checkpoint import Checkpoint
from kernel_regime.training.descent import Descent
from kernel_regime.training.methods import GradientDescent
from kernel_regime.training.samples import SampleSplits
from kernel_regime.training.schedule import Batches, Schedule

METHOD = GradientDescent(Schedule(12, 0.01, warm_up=0), Batches(((0, 16),)), "adam")


def train(checkpoint=None, pause=0.0):
    """Its curve, without the seconds."""
    x = np.random.default_rng(0).standard_normal((60, 6))
    split = x, np.sign(x[:, :3])
    network = FullyConnected(20, outputs=3, dropout=0.3)
    network.build((None, 6))
    curve = Descent(network, METHOD).train(
        SampleSplits.divide(split, split, 0.2),
        penalty=1e-4,
        seed=0,
        checkpoint=checkpoint,
        report=lambda row: time.sleep(pause),
    )
    return [{key: value for key, value in row.items() if key != "seconds"} for row in curve]


if __name__ == "__main__":
    train(Checkpoint(Path(sys.argv[1]), every=2), pause=0.2)
