"""Every bell keeps one contract: a ring ends a wait, rings are not queued up, and a dead listener harms nobody."""

from __future__ import annotations

import os
import resource
import threading
import time
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from aiida.brokers import Doorbell, LocalBell, PollingBell
from aiida.brokers.postgres import PostgresBell


@pytest.fixture(params=["polling", "local"])
def bell(request: pytest.FixtureRequest, tmp_path: Path):
    made: Doorbell = PollingBell() if request.param == "polling" else LocalBell(tmp_path / "b")
    yield made
    made.close()


def test_ring_before_wait_is_heard(bell: Doorbell) -> None:
    bell.wait(0)  # a listener exists from its first wait on
    bell.ring()
    assert bell.wait(5) is True


def test_rings_do_not_queue_up(bell: Doorbell) -> None:
    bell.wait(0)
    for _ in range(1000):
        bell.ring()
    assert bell.wait(5) is True
    assert bell.wait(0) is False


def test_ring_from_another_thread_ends_the_wait(bell: Doorbell) -> None:
    bell.wait(0)
    threading.Timer(0.05, bell.ring).start()
    started = time.monotonic()
    assert bell.wait(10) is True
    assert time.monotonic() - started < 5


def test_wake_ends_only_the_own_wait(bell: Doorbell) -> None:
    bell.wait(0)
    bell.wake()
    assert bell.wait(5) is True


def test_ring_without_listener_is_silent(tmp_path: Path) -> None:
    LocalBell(tmp_path / "nobody").ring()
    assert not (tmp_path / "nobody").exists()


def test_dead_listener_is_removed(tmp_path: Path) -> None:
    directory = tmp_path / "b"
    child = os.fork()
    if child == 0:
        LocalBell(directory).wait(0)
        os._exit(0)  # dies without closing, as under SIGKILL
    os.waitpid(child, 0)
    assert len(list(directory.iterdir())) == 1
    LocalBell(directory).ring()
    assert list(directory.iterdir()) == []


def test_every_listener_hears(tmp_path: Path) -> None:
    ears = [LocalBell(tmp_path / "b") for _ in range(3)]
    for ear in ears:
        ear.wait(0)
    LocalBell(tmp_path / "b").ring()
    assert [ear.wait(5) for ear in ears] == [True, True, True]
    for ear in ears:
        ear.close()


def test_closed_bell_is_harmless(bell: Doorbell) -> None:
    bell.close()
    bell.ring()


def test_closed_local_bell_makes_no_ear(tmp_path: Path) -> None:
    bell = LocalBell(tmp_path / "b")
    bell.wait(0)
    bell.close()
    assert bell.wait(0) is False
    assert list((tmp_path / "b").iterdir()) == []


def test_ear_with_a_high_descriptor(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip("this machine does not allow so many open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    bell = LocalBell(tmp_path / "b")
    try:
        assert bell.wait(0) is False
        bell.ring()
        assert bell.wait(5) is True
    finally:
        bell.close()
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ring_as_a_wait_ends_is_heard_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    bell = PollingBell()

    def time_out_and_ring(timeout: float) -> bool:
        bell.ring()
        return False

    with monkeypatch.context() as patch:
        patch.setattr(bell._rung, "wait", time_out_and_ring)
        assert bell.wait(0) is False
    assert bell.wait(0) is True


def test_a_forked_child_does_not_speak_on_its_parents_connection() -> None:
    bell = PostgresBell("host=/nowhere dbname=none")
    bell._voice = voice = MagicMock(closed=False)
    bell._lock.acquire()  # by another thread, as the fork happens
    bell._pid -= 1  # the fork
    bell.close()
    bell.ring()
    assert not voice.execute.called and not voice.close.called
