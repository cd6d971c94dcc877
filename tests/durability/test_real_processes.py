"""Real worker processes on a real folder: killed with SIGKILL at random moments, stopped past their lease, stopped in order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.slots import current_engine, current_settings, current_store
from aiida.engine import submit
from aiida.engine.runtime import invariants
from aiida.engine.runtime.inline import make_engine
from aiida.graph.records import UserRow
from aiida.storage import journal
from aiida.storage.sqlite_dos.backend import SqliteDosStorage
from tests.durability import flows
from tests.durability.harness import Settings, canon
from tests.durability.test_interleaving import expected
from tests.durability.worker_process import make_profile

ROOT = Path(__file__).parents[2]


class Hall:
    """A storage, an engine to submit with, and worker processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        profile = make_profile(folder)
        SqliteDosStorage.initialise(profile)
        self.store = SqliteDosStorage(profile)
        self.store.insert([UserRow(email="test@localhost")])
        self.engine = make_engine(self.store, Settings())  # type: ignore[arg-type]
        self.workers: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        """Another worker process."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.worker_process", str(self.folder)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        self.workers.append(process)
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """As the kernel kills."""
        process.kill()
        process.wait()
        self.workers.remove(process)

    def alive(self) -> list[int]:
        """What has not ended."""
        with self.store.reading() as connection:
            return journal.list_alive(connection)

    def wait(self, seconds: float) -> None:
        """Until everything has ended."""
        deadline = time.monotonic() + seconds
        while self.alive():
            assert time.monotonic() < deadline, f"alive: {self.alive()}"
            time.sleep(0.05)

    def close(self) -> None:
        for process in self.workers:
            process.kill()
            process.wait()
        self.engine.close()
        self.store.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    built = Hall(tmp_path / "storage")
    with (
        current_store.override(built.store),
        current_settings.override(Settings()),
        current_engine.override(built.engine),
    ):  # type: ignore[arg-type]
        yield built
    built.close()


def until_running(node: Any) -> None:
    """Its first step has begun."""
    deadline = time.monotonic() + 20
    while orm.load_node(node.pk).process_state.value != "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_workers_lose_and_double_nothing(hall: Hall, rng: random.Random) -> None:
    wanted = expected()[0]
    for _ in range(2):
        hall.start()
    nodes = [submit(flows.Tree, n=orm.Int(2)) for _ in range(4)]
    for _ in range(4):
        time.sleep(rng.uniform(0.05, 0.4))
        hall.kill(rng.choice(hall.workers))
        hall.start()
    hall.wait(60)
    for node in nodes:
        assert canon(orm.load_node(node.pk)) == wanted
    assert [line for line in invariants.check(hall.store) if "sweep is due" not in line] == []


def test_recovery_begins_within_two_seconds(hall: Hall) -> None:
    first = hall.start()
    node = submit(flows.Slow, seconds=orm.Float(60.0))
    until_running(node)
    hall.start()
    hall.kill(first)
    killed = time.monotonic()
    while True:
        with hall.store.reading() as connection:
            task = journal.find_task(connection, node.pk)
        if task["owner"] is not None and task["epoch"] > 1 and any(row[0] == task["owner"] for row in _workers(hall)):
            break
        assert time.monotonic() - killed < 5
        time.sleep(0.02)
    assert time.monotonic() - killed < 2


def _workers(hall: Hall) -> Any:
    with hall.store.reading() as connection:
        return journal.list_workers(connection)


@pytest.mark.proof
def test_a_stopped_worker_that_comes_back_writes_nothing(hall: Hall) -> None:
    """SIGSTOP past the lease: others take over by silence; what comes back is refused."""
    first = hall.start()
    node = submit(flows.Slow, seconds=orm.Float(1.0))
    until_running(node)
    os.kill(first.pid, signal.SIGSTOP)
    hall.start()
    hall.wait(40)
    os.kill(first.pid, signal.SIGCONT)
    time.sleep(2.5)
    assert orm.load_node(node.pk).is_finished_ok
    assert first.poll() is None, "it goes on under a new id"
    other = submit(flows.Leaf, x=orm.Int(1))
    hall.wait(20)
    assert orm.load_node(other.pk).is_finished_ok
    assert [line for line in invariants.check(hall.store) if "sweep is due" not in line] == []


def test_a_worker_told_to_stop_leaves_nothing_behind(hall: Hall) -> None:
    process = hall.start()
    node = submit(flows.Slow, seconds=orm.Float(1.5))
    until_running(node)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    hall.workers.remove(process)
    assert [row for row in _workers(hall) if row[4] == "daemon"] == []
    hall.start()
    hall.wait(20)
    assert orm.load_node(node.pk).is_finished_ok
