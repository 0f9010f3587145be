"""One holder at a time; who only asks neither waits nor fails."""

import os
import stat

import pytest

from kernel_regime.execution.store.locking import exclusive, held_if_free


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "k.npy.lock"


def test_the_lock_file_names_its_owner_and_goes_with_the_lock(lock):
    with exclusive(lock):
        assert lock.read_text() == str(os.getpid())
    assert not lock.exists()


def test_a_held_lock_is_not_taken_by_who_only_asks(lock):
    with exclusive(lock):
        with held_if_free(lock) as held:
            assert not held
        assert lock.exists()
    with held_if_free(lock) as held:
        assert held
        assert lock.exists()
    assert not lock.exists()


def test_the_lock_goes_when_its_block_fails(lock):
    with pytest.raises(KeyboardInterrupt), exclusive(lock):
        raise KeyboardInterrupt
    with held_if_free(lock) as held:
        assert held


def test_where_no_lock_can_be_made_none_is_held(tmp_path):
    (tmp_path / "file").touch()
    with held_if_free(tmp_path / "file" / "k.npy.lock") as held:
        assert not held


def test_a_lock_file_that_a_killed_process_left_is_no_lock(lock):
    lock.write_text("999999")
    lock.chmod(stat.S_IRUSR | stat.S_IWUSR)
    with exclusive(lock):
        assert lock.read_text() == str(os.getpid())
