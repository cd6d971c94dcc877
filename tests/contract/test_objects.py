"""What every store of objects promises."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from disk_objectstore import Container

from aiida.common.exceptions import ModificationNotAllowed
from aiida.repository.backend.abstract import AbstractRepositoryBackend
from aiida.repository.backend.disk_object_store import SMALL, DiskObjectStoreRepositoryBackend
from aiida.repository.backend.sandbox import SandboxRepositoryBackend, SandboxShaRepositoryBackend
from aiida.repository.objects import ObjectStore
from aiida.repository.zipped import FolderBackendRepository, ZipfileBackendRepository

MAKERS: dict[str, Callable[[Path], ObjectStore]] = {
    "container": lambda path: DiskObjectStoreRepositoryBackend(Container(path / "container")),
    "sandbox": lambda path: SandboxRepositoryBackend(str(path)),
    "sandbox_sha": lambda path: SandboxShaRepositoryBackend(str(path)),
}


@pytest.fixture(params=MAKERS)
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """A store of objects that can be written to, initialised."""
    found = MAKERS[request.param](tmp_path)
    assert not found.is_initialised
    assert "<uninitialised>" in str(found)
    found.initialise()
    assert found.is_initialised
    return found


@pytest.mark.parametrize("content", [b"", b"x", b"\x00\xff" * 5000, b"y" * SMALL, b"z" * (SMALL + 1), b"w" * 3 * SMALL])
def test_content_comes_back(objects: ObjectStore, content: bytes) -> None:
    key = objects.put(io.BytesIO(content))
    assert objects.has(key)
    assert objects.read(key) == content
    assert objects.get_object_hash(key) == hashlib.sha256(content).hexdigest()
    with objects.open(key) as handle:
        assert handle.read(1) == content[:1]
    assert list(objects.keys()) == [key]


def test_equal_content_is_kept_once_where_the_key_is_its_hash(objects: ObjectStore) -> None:
    keys = {objects.put_bytes(b"same") for _ in range(3)}
    assert len(keys) == (1 if objects.key_format == "sha256" else 3)
    if objects.key_format == "sha256":
        assert keys == {hashlib.sha256(b"same").hexdigest()}


def test_a_stream_in_small_pieces(objects: ObjectStore) -> None:
    class Dribble(io.RawIOBase):
        left = 3 * SMALL

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            size = min(self.left, size if size > 0 else self.left, 70_001)
            self.left -= size
            return b"d" * size

    key = objects.put(Dribble())  # type: ignore[arg-type]
    assert len(objects.read(key)) == 3 * SMALL


def test_text_is_refused(objects: ObjectStore) -> None:
    with pytest.raises(TypeError, match="byte stream"):
        objects.put(io.StringIO("text"))  # type: ignore[arg-type]


def test_what_is_missing(objects: ObjectStore) -> None:
    key = objects.put_bytes(b"here")
    for missing in ("nope", "0" * 64, "a"):
        with pytest.raises(FileNotFoundError, match=f"object with key `{missing}` does not exist"):
            with objects.open(missing):
                pass
        with pytest.raises(FileNotFoundError):
            objects.get_object_hash(missing)
        assert not objects.has(missing)
    with pytest.raises(FileNotFoundError, match="nope"):
        objects.delete([key, "nope"])
    assert objects.has_objects([key, "nope", key]) == [True, False, True]


def test_delete(objects: ObjectStore) -> None:
    one, two = objects.put_bytes(b"1"), objects.put_bytes(b"2")
    objects.delete_object(one)
    assert list(objects.keys()) == [two]


def test_streams_of_many(objects: ObjectStore) -> None:
    contents = {objects.put_bytes(text): text for text in (b"1", b"2", b"3")}
    assert {key: stream.read() for key, stream in objects.iter_object_streams(list(contents))} == contents


def test_files(objects: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"file")
    assert objects.read(objects.put_object_from_file(tmp_path / "file")) == b"file"


def test_many_writers(objects: ObjectStore) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(20):
                content = f"{i % 5}-{number % 2}".encode()
                assert objects.read(objects.put_bytes(content)) == content
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_erase(objects: ObjectStore) -> None:
    objects.put_bytes(b"x")
    objects.erase()
    assert not objects.is_initialised


def test_a_container_after_all_maintenance(tmp_path: Path) -> None:
    objects = DiskObjectStoreRepositoryBackend(Container(tmp_path / "container"))
    objects.initialise()
    contents = [b"%d" % i * 1000 for i in range(30)]
    keys = [objects.put_bytes(content) for content in contents]
    objects.maintain()
    assert objects.get_info()["Objects"] == {"packed": 30, "loose": 30, "pack_files": 1}
    objects.maintain(live=False, compress=True)
    assert objects.get_info(detailed=True)["Objects"] == {"packed": 30, "loose": 0, "pack_files": 1}
    assert [objects.read(key) for key in keys] == contents
    assert objects.find_damage() == {}
    assert objects.put_bytes(contents[0]) == keys[0]
    with pytest.raises(ValueError, match="do_vacuum"):
        objects.maintain(do_vacuum=True)


def test_damage_is_found(tmp_path: Path) -> None:
    objects = DiskObjectStoreRepositoryBackend(Container(tmp_path / "container"))
    objects.initialise()
    key = objects.put_bytes(b"good")
    path = next((tmp_path / "container" / "loose").rglob("*" + key[4:]))
    path.chmod(0o600)
    path.write_bytes(b"evil")
    assert list(objects.find_damage().values()) == [[key]]


def test_a_failing_stream_leaves_nothing(objects: ObjectStore, tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        objects.put(Broken())  # type: ignore[arg-type]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.startswith(("config.json", "packs.idx"))]
    if objects.key_format == "sha256":
        assert left == []


def test_archives_are_read_only(tmp_path: Path) -> None:
    content, key = b"in the archive", hashlib.sha256(b"in the archive").hexdigest()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"repo/{key}", content)
    (tmp_path / "unpacked" / "repo").mkdir(parents=True)
    (tmp_path / "unpacked" / "repo" / key).write_bytes(content)
    stores: list[AbstractRepositoryBackend] = [
        ZipfileBackendRepository(tmp_path / "a.zip"),
        FolderBackendRepository(tmp_path / "unpacked"),
    ]
    for objects in stores:
        assert objects.read(key) == content
        assert objects.has_objects([key, "x"]) == [True, False]
        assert list(objects.keys()) == [key]
        assert {name: stream.read() for name, stream in objects.iter_object_streams([key])} == {key: content}
        assert objects.get_object_hash(key) == key
        assert objects.get_info()["objects"]["count"] == 1
        with pytest.raises(FileNotFoundError):
            objects.read("x")
        for change in (lambda: objects.put_bytes(b"x"), lambda: objects.delete([key]), objects.erase, objects.initialise):
            with pytest.raises(ModificationNotAllowed, match="read-only"):
                change()
