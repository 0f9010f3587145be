"""The limit on BLAS threads is lifted with its last user, in whatever order users come and go."""

from contextlib import ExitStack

from threadpoolctl import threadpool_info, threadpool_limits

from kernel_regime.linalg.threads import single_blas_thread


def blas_threads():
    return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}


def test_overlapping_blocks_leave_blas_as_it_was():
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with ExitStack() as first, ExitStack() as second:
            first.enter_context(single_blas_thread())
            second.enter_context(single_blas_thread())
            first.close()  # ends before its neighbour, as threads do
            assert blas_threads() == {1}
        assert blas_threads() == before
