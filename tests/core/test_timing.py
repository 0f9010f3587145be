"""Times of short work: a hiccup does not count, and long work is not repeated."""

from time import sleep

import pytest

from kernel_regime.core.timing import shortest_seconds


@pytest.mark.parametrize(
    ("durations", "calls"), [([0.4, 0.01, 0.01], 3), ([0.01, 0.4, 0.01], 3), ([1.1], 1)]
)
def test_the_shortest_of_three_calls_counts_and_a_long_one_is_made_once(durations, calls):
    to_come = iter(durations)
    shortest = min(durations)
    assert shortest <= shortest_seconds(lambda: sleep(next(to_come))) < shortest + 0.3
    assert len(durations) - len(list(to_come)) == calls
