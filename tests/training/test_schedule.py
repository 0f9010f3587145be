"""Learning rates and batches against the formulas of the reference."""

import numpy as np
import pytest

from kernel_regime.training.schedule import Batches, Schedule


def test_rates_are_those_of_the_papers():
    schedule = Schedule(epochs=750, learning_rate=0.3)
    t = np.arange(750)
    cosine = np.maximum(0.3 * (1 + np.cos(np.pi * (t - 15) / 735)), 0.3 / 15)
    expected = np.where(t < 15, 0.3 * 2 * t / 15, cosine)
    np.testing.assert_allclose([schedule(epoch) for epoch in t], expected, rtol=1e-12)


def test_batches_grow_when_the_schedule_says_so():
    batches = Batches(((0, 500), (15, 1000)))
    assert [batches.size(epoch, 60_000) for epoch in (0, 14, 15, 749)] == [500, 500, 1000, 1000]
    assert batches.size(20, 700) == 700


@pytest.mark.parametrize(("n", "size"), [(10, 3), (12, 4), (5, 8), (7, 1)])
def test_every_sample_counts_once_in_batches_of_one_size(n, size):
    rows, weights = Batches(((0, size),)).draw(epoch=3, n=n, seed=1)
    assert rows.shape == weights.shape == (-(-n // size), min(n, size))
    counted = np.bincount(rows.ravel(), weights.ravel(), minlength=n)
    np.testing.assert_array_equal(counted, 1)


def test_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return Batches(((0, 4),)).draw(epoch, 50, seed)[0].tolist()

    assert order(1, 2) == order(1, 2)
    assert order(1, 2) != order(1, 3) != order(2, 3)
