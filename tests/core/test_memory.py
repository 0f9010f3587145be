"""Limits of working memory end with their blocks, in whatever order these end."""

from contextlib import ExitStack

from kernel_regime.core.memory import DEFAULT_BYTES, limited_memory, working_memory


def test_the_innermost_limit_holds():
    with limited_memory(100):
        with limited_memory(10):
            assert working_memory() == 10
        assert working_memory() == 100
    assert working_memory() == DEFAULT_BYTES


def test_limits_of_two_threads_that_end_in_turn_leave_none_behind():
    first, second = ExitStack(), ExitStack()
    first.enter_context(limited_memory(100))
    second.enter_context(limited_memory(10))
    first.close()
    assert working_memory() == 10
    second.close()
    assert working_memory() == DEFAULT_BYTES
