"""What goes wrong outside: a disk that fills, a damaged file, a missing container, a folder that cannot be written."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiida.common.exceptions import (
    AiidaException,
    ConfigurationError,
    CorruptStorage,
    IntegrityError,
    NotExistent,
    UnreachableStorage,
)
from aiida.common.profile import Profile
from aiida.graph.records import NodeRow, UserRow
from aiida.storage.sqlite_dos.backend import SqliteDosStorage


def make_store(folder: Path) -> SqliteDosStorage:
    storage = {"backend": "core.sqlite_dos", "config": {"filepath": str(folder)}}
    profile = Profile("trouble", {"storage": storage, "process_control": {"backend": None, "config": {}}})
    SqliteDosStorage.initialise(profile)
    store = SqliteDosStorage(profile)
    if not store.find(UserRow):
        store.insert([UserRow(email="a")])
    return store


def node(**columns: object) -> NodeRow:
    return NodeRow(**{"node_type": "data.", "user_id": 1, **columns})  # type: ignore[arg-type]


def check_sound(store: SqliteDosStorage) -> None:
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    store.get_unreferenced_keyset(check_consistency=True)
    assert store.repository.find_damage() == {}  # type: ignore[attr-defined]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of ten megabytes on a loop device; three of them are taken by a file `ballast`."""
    place, image = tmp_path / "disk", tmp_path / "image"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(10 << 20)
    for command in (["mkfs.ext4", "-q", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(place)]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    (place / "ballast").write_bytes(b"x" * (3 << 20))
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.real("root")
def test_a_disk_that_fills(small_disk: Path) -> None:
    """The write that does not fit is an error at its call; what was stored is whole; with room again, work goes on."""
    store = make_store(small_disk / "storage")
    stored = 0
    with pytest.raises((UnreachableStorage, OSError), match=r"full|space"):
        for number in range(1000):
            key = store.repository.put_bytes(os.urandom(20_000))
            store.insert([node(attributes={"n": number, "fill": "x" * 5_000}, repository_metadata={"o": {"f": {"k": key}}})])
            stored += 1
    assert stored > 10
    assert len(store.find(NodeRow)) == stored
    many = [node(attributes={"fill": "x" * 2_000}) for _ in range(1500)]
    with pytest.raises((UnreachableStorage, OSError)):  # in the middle of many rows: none of them is there
        store.insert(many)
    assert {row.id for row in many} == {None}
    with pytest.raises((UnreachableStorage, OSError)):  # a file that is streamed: no part of it is left
        store.repository.put(io.BytesIO(os.urandom(4 << 20)))
    assert len(store.find(NodeRow)) == stored
    (small_disk / "ballast").unlink()
    store.insert([node(attributes={"fill": "x" * 1_000_000})])
    assert len(store.find(NodeRow)) == stored + 1
    check_sound(store)
    assert store.find_damage() == []
    store.close()


def test_a_container_that_is_missing(tmp_path: Path) -> None:
    store = make_store(tmp_path / "storage")
    store.close()
    (tmp_path / "storage" / "container").rename(tmp_path / "elsewhere")
    with pytest.raises(CorruptStorage, match="no container"):
        SqliteDosStorage(store.profile)
    (tmp_path / "elsewhere").rename(tmp_path / "storage" / "container")
    SqliteDosStorage(store.profile).close()


def test_a_page_that_is_damaged(tmp_path: Path) -> None:
    """The error names the file, and comes at the call that meets the damage."""
    store = make_store(tmp_path / "storage")
    store.insert([node(attributes={"fill": "x" * 3000}) for _ in range(50)])
    store.close()
    path = tmp_path / "storage" / "database.sqlite"
    content = bytearray(path.read_bytes())
    middle = content.find(b"x" * 2000)
    for start in range(middle - middle % 4096, len(content) - 4096, 4096):
        content[start : start + 100] = b"\xff" * 100
    path.write_bytes(content)
    with pytest.raises((CorruptStorage, ConfigurationError), match=r"damaged|malformed|cannot be read"):
        damaged = SqliteDosStorage(store.profile)
        damaged.find(NodeRow)


def test_two_writers_delete_one_node(tmp_path: Path) -> None:
    """Deleting is the same from either side; using what is gone is NotExistent."""
    one = make_store(tmp_path / "storage")
    two = SqliteDosStorage(one.profile)
    row = node()
    one.insert([row])
    barrier, errors = threading.Barrier(2), list[BaseException]()

    def work(store: SqliteDosStorage) -> None:
        barrier.wait(5)
        try:
            store.delete_nodes([row.id or 0])
        except AiidaException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(store,)) for store in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with pytest.raises(NotExistent):
        two.update(NodeRow, row.id or 0, label="x")
    with pytest.raises(IntegrityError):
        two.insert([node(user_id=77)])
    check_sound(two)
    one.close()
    two.close()


@contextlib.contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Make a folder one that cannot be written: for root, who may write everywhere, by mounting it over itself read-only."""
    root = os.geteuid() == 0
    if root:
        subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    else:
        folder.chmod(0o500)
    try:
        yield
    finally:
        if root:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        else:
            folder.chmod(0o700)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    store = make_store(tmp_path / "storage")
    store.close()
    with unwritable(tmp_path / "storage"), pytest.raises(AiidaException, match=r"writ|opened"):
        SqliteDosStorage(store.profile).insert([UserRow(email="b")])
