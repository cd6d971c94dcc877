"""A writer that is killed at any moment leaves whole transactions; many writers never see "database is locked"."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aiida.common.profile import Profile
from aiida.graph.records import NodeRow, UserRow
from aiida.storage.maintenance import find_referenced
from aiida.storage.sqlite_dos.backend import SqliteDosStorage

# Writes pairs of nodes with an object each, for ever; says after each commit how many pairs are acknowledged.
WRITER = """
import sys
from aiida.common.profile import Profile
from aiida.graph.records import NodeRow
from aiida.storage.sqlite_dos.backend import SqliteDosStorage

folder, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
config = {"storage": {"backend": "core.sqlite_dos", "config": {"filepath": folder}}, "process_control": {"backend": None, "config": {}}}
store = SqliteDosStorage(Profile("crash", config))
import time
end, longest = time.monotonic() + seconds, 0.0
number = 0
while time.monotonic() < end:
    key = store.repository.put_bytes(f"{name} {number}".encode())
    start = time.perf_counter()
    with store.transaction():
        for half in (0, 1):
            store.insert([NodeRow(node_type="data.", label=name, user_id=1, attributes={"number": number, "half": half},
                                  repository_metadata={"o": {"f": {"k": key}}})])
    longest = max(longest, time.perf_counter() - start)
    number += 1
    print(number, longest, flush=True)
"""


def make_profile(folder: Path) -> Profile:
    config = {"storage": {"backend": "core.sqlite_dos", "config": {"filepath": str(folder)}}}
    return Profile("crash", {**config, "process_control": {"backend": None, "config": {}}})


def start(folder: Path, name: str, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(seconds)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "storage"
    SqliteDosStorage.initialise(make_profile(path))
    store = SqliteDosStorage(make_profile(path))
    store.insert([UserRow(email="a")])
    store.close()
    return path


def check_whole(folder: Path, acknowledged: dict[str, int]) -> None:
    """Every acknowledged pair is there, no pair is half, every object that a row names can be read."""
    store = SqliteDosStorage(make_profile(folder))
    for name, count in acknowledged.items():
        rows = store.find(NodeRow, label=name)
        found = [(row.attributes["number"], row.attributes["half"]) for row in rows]
        pairs = len(found) // 2
        assert found == [(number, half) for number in range(pairs) for half in (0, 1)]
        assert pairs >= count
    named = find_referenced(store)
    assert all(store.repository.has_objects(list(named)))
    assert store.repository.find_damage() == {}  # type: ignore[attr-defined]
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    store.close()


def test_killed_writers_leave_whole_transactions(folder: Path, rng: random.Random) -> None:
    acknowledged = {}
    for round in range(3):
        names = [f"{round}-{i}" for i in range(2)]
        writers = {name: start(folder, name, 60) for name in names}
        for writer in writers.values():
            assert writer.stdout is not None
            writer.stdout.readline()
        time.sleep(rng.uniform(0.01, 0.15))
        for writer in writers.values():
            os.kill(writer.pid, signal.SIGKILL)
        for name, writer in writers.items():
            text, _ = writer.communicate()
            lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
            acknowledged[name] = int(lines[-1].split()[0]) if lines else 1
    check_whole(folder, acknowledged)


def run_writers(folder: Path, count: int, seconds: float) -> dict[str, tuple[int, float]]:
    writers = {f"w{i}": start(folder, f"w{i}", seconds) for i in range(count)}
    found = {}
    for name, writer in writers.items():
        text, _ = writer.communicate()
        assert writer.returncode == 0, f"{name} failed: {text[-500:]}"
        number, longest = text.splitlines()[-1].split()
        found[name] = (int(number), float(longest))
    return found


def test_eight_writers_at_once(folder: Path) -> None:
    """The small size of the proof below."""
    found = run_writers(folder, 8, 1.5)
    check_whole(folder, {name: number for name, (number, _) in found.items()})


@pytest.mark.proof
def test_eight_writers_for_a_minute(folder: Path) -> None:
    """No writer ever fails, and none waits for long."""
    found = run_writers(folder, 8, 60)
    print(json.dumps(found))
    assert max(longest for _, longest in found.values()) < 10
    check_whole(folder, {name: number for name, (number, _) in found.items()})
