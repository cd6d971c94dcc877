"""Every bell keeps one contract: a ring ends a wait, rings are not queued up, and a dead listener harms nobody."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from aiida.brokers import Doorbell, LocalBell, PollingBell


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
