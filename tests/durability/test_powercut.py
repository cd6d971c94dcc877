"""The power is cut: what was not synced is gone, in whole or in part. What a user was told is done is there, and the rest goes on.

A file system of our own (FUSE) notes every write and sync below SQLite and the container of objects, and every promise between them.
From one recording each moment can be gone back to: the disk of that moment is made, a new worker opens it, and everything must end
as if nothing had happened.
"""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import AiidaException
from aiida.common.slots import current_settings, current_store
from aiida.storage import journal
from aiida.storage.maintenance import find_referenced
from tests.durability import flows, powercut
from tests.durability.harness import House, Settings, canon, house
from tests.durability.powercut_work import FileStore
from tests.durability.worker_process import make_profile

pytestmark = pytest.mark.real("fuse", "root")
ROOT = Path(__file__).parents[2]


def record(folder: Path, trees: int) -> list[powercut.Note]:
    """A recording of some work on our file system."""
    mount, backing, log = folder / "mount", folder / "backing", folder / "log"
    mount.mkdir()
    backing.mkdir()
    module = [sys.executable, "-m", "tests.durability.powercut"]
    server = subprocess.Popen([*module, str(mount), str(backing), str(log)], cwd=ROOT)
    try:
        for _ in range(200):
            if mount.is_mount():
                break
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.05)
        done = subprocess.run(
            [*module[:2], "tests.durability.powercut_work", str(mount), str(trees)],
            cwd=ROOT, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)
        server.wait(20)
    assert done.returncode == 0, done.stderr
    return list(powercut.read_notes(log))


@pytest.fixture
def expected() -> dict[str, Any]:
    """The undisturbed graphs, by the label of their process."""
    with house() as built:
        nodes = [built.submit(flows.Leaf, x=orm.Int(1)), built.submit(flows.Tree, n=orm.Int(1))]
        built.run(built.worker())
        return {node.process_label: canon(orm.load_node(node.pk)) for node in nodes}


def cut(notes: list[powercut.Note], moments: list[int], dice: random.Random) -> Iterator[tuple[int, powercut.Disk]]:
    """The disk at each of these moments."""
    disk, wanted = powercut.Disk(), set(moments)
    begun = False
    for number, note in enumerate(notes):
        disk.follow(note)
        if not begun and disk.told:
            begun = True
            disk.sync()
        if number in wanted and begun:
            yield number, disk


def check(folder: Path, told: list[str], expected: dict[str, Any]) -> None:
    """A machine that comes up with this disk."""
    store: Any = FileStore(make_profile(folder / "storage"))
    with current_store.override(store), current_settings.override(Settings()):  # type: ignore[arg-type]
        built = House(store)
        try:
            judge(built, [line.split() for line in told], expected)
        finally:
            store.close()


def judge(built: House, told: list[list[str]], expected: dict[str, Any]) -> None:
    """What was promised is there; then all that is there goes on to the end that it would have had."""
    store = built.store
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        for number in [row[0] for row in journal.list_workers(connection)]:
            with store.transaction() as tx:
                journal.delete_worker(tx, number)  # died with the machine
    assert all(store.repository.has_objects(list(find_referenced(store)))), "a row names an object that is not there"
    for what, *words in told:
        if what == "stored":
            assert orm.load_node(words[0]).get_content() == f"{words[1]} " * (500 * (int(words[1]) + 1))
        elif what == "ended":
            node = orm.load_node(words[0])
            assert canon(node) == expected[node.process_label], "a process was said to have ended, and its graph is not whole"
        elif what == "submitted":
            assert orm.load_node(words[0]).is_stored
    built.recover()
    built.check()
    roots = [row[0] for row in orm.QueryBuilder().append(orm.WorkChainNode).all() if row[0].caller is None]
    for node in roots:
        assert canon(node) == expected[node.process_label]
    again = orm.SinglefileData(io.BytesIO(b"the next day")).store()
    assert again.get_content() == "the next day"


def go_through(notes: list[powercut.Note], moments: list[int], folder: Path, dice: random.Random, expected: dict[str, Any]) -> int:
    """Cut at these moments in every way that a disk may behave; how many disks that were."""
    count = 0
    for number, disk in cut(notes, moments, dice):
        for policy in powercut.POLICIES:
            image = folder / "disk"
            image.mkdir()
            state = dice.getstate()
            disk.image(image, policy, dice)
            try:
                check(image, disk.told, expected)
            except BaseException as error:
                error.add_note(f"power cut after write {number} of {len(notes)}, {policy}, dice {hash(state)}; told: {disk.told[-3:]}")
                raise
            shutil.rmtree(image)
            count += 1
    return count


def test_power_cuts(tmp_path: Path, rng: random.Random, expected: dict[str, Any]) -> None:
    """The small size of the proof below."""
    notes = record(tmp_path, 2)
    moments = [*rng.sample(range(len(notes)), 6), len(notes) - 1]
    assert go_through(notes, moments, tmp_path, rng, expected) > 0


@pytest.mark.proof
@pytest.mark.timeout(1500)
def test_many_power_cuts(tmp_path: Path, rng: random.Random, expected: dict[str, Any]) -> None:
    """Long enough for checkpoints of the write-ahead log, also by the heart; at every promise, and at moments in between."""
    notes = record(tmp_path, 16)
    promises = [number for number, note in enumerate(notes) if note[1] == powercut.ACK]
    moments = sorted({*promises, *rng.sample(range(len(notes)), 100)})
    count = go_through(notes, moments, tmp_path, rng, expected)
    copied = sum(note[0] == "write" and note[1].endswith("database.sqlite") for note in notes)
    print(f"\n{len(notes)} writes and syncs, {len(promises)} promises, {copied} pages copied by checkpoints; {count} disks")
    assert copied > 0


def test_control_a_disk_that_lies_about_one_kind_of_sync_is_found_out(tmp_path: Path, rng: random.Random, expected: dict[str, Any]) -> None:
    """Without the syncs of the write-ahead log what was promised is lost, and the test says so."""
    notes = [note for note in record(tmp_path, 2) if not (note[0] == "fsync" and note[1].endswith("-wal"))]
    with pytest.raises((AssertionError, AiidaException)):
        go_through(notes, [len(notes) - 1], tmp_path, rng, expected)
