"""Whether a store of objects keeps its promises: for those who write a repository backend of their own."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

from aiida.repository.backend.abstract import CHUNK, AbstractRepositoryBackend
from aiida.tools.checks.threads import check_in_threads

__all__ = ("check_objects",)

Make = Callable[[], AbstractRepositoryBackend]


def check_objects(make: Make) -> None:
    """Raise `AssertionError` at the first promise that the stores from `make` break; each call must give an empty one."""
    for check in (_contents, _streams, _missing, _many_at_once, _refusals):
        objects = make()
        objects.initialise()
        assert objects.is_initialised, "is_initialised is False after initialise()"
        assert list(objects.list_objects()) == [], "a fresh store holds objects already"
        check(objects)


def _contents(objects: AbstractRepositoryBackend) -> None:
    for content in (b"", b"x", bytes(range(256)) * 40, b"y" * (CHUNK - 1), b"z" * CHUNK, b"w" * (3 * CHUNK + 1)):
        key = objects.put_object_from_filelike(io.BytesIO(content))
        size = len(content)
        assert isinstance(key, str) and key, f"the key of {size} bytes is {key!r}"
        assert objects.has_object(key), f"{size} bytes were stored as {key}, which is not there"
        assert objects.get_object_content(key) == content, f"{size} bytes come back changed"
        with objects.open(key) as handle:
            assert handle.read(1) == content[:1], "open() does not start at the first byte"
        assert objects.get_object_hash(key) == hashlib.sha256(content).hexdigest(), "get_object_hash is not the SHA-256"
    if objects.key_format == "sha256":
        same = {objects.put_object_from_filelike(io.BytesIO(b"same")) for _ in range(3)}
        assert same == {hashlib.sha256(b"same").hexdigest()}, f"key_format is sha256, but a key is {same}"


class _Dribble(io.RawIOBase):
    """A stream that gives less than it is asked for, as sockets do."""

    def __init__(self, left: int) -> None:
        self.left = left

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = min(self.left, size if size > 0 else self.left, 70_001)
        self.left -= size
        return b"d" * size


def _streams(objects: AbstractRepositoryBackend) -> None:
    dribble: Any = _Dribble(2 * CHUNK)
    assert len(objects.get_object_content(objects.put_object_from_filelike(dribble))) == 2 * CHUNK, "short reads end a stream early"
    contents = {objects.put_object_from_filelike(io.BytesIO(text)): text for text in (b"1", b"2", b"3")}
    found = {key: stream.read() for key, stream in objects.iter_object_streams(list(contents))}
    assert found == contents, "iter_object_streams gives other contents"


def _missing(objects: AbstractRepositoryBackend) -> None:
    key = objects.put_object_from_filelike(io.BytesIO(b"here"))
    assert objects.has_objects([key, "nope", key]) == [True, False, True], "has_objects must answer in order"
    for action in (lambda: objects.get_object_content("nope"), lambda: objects.delete_objects([key, "nope"])):
        try:
            action()
        except FileNotFoundError as error:
            assert "nope" in str(error), f"the error does not name the missing key: {error}"
        else:
            raise AssertionError("no FileNotFoundError for a missing object")
    assert objects.has_object(key), "delete_objects deleted a part of what it was given, though one was missing"
    objects.delete_object(key)
    assert not objects.has_object(key), "a deleted object is still there"
    assert list(objects.list_objects()) == [], "a deleted object is still listed"


def _many_at_once(objects: AbstractRepositoryBackend) -> None:
    def work(number: int) -> None:
        for i in range(15):
            content = f"{i % 5}-{number % 2}".encode()
            assert objects.get_object_content(objects.put_object_from_filelike(io.BytesIO(content))) == content

    check_in_threads(work)


def _refusals(objects: AbstractRepositoryBackend) -> None:
    text: Any = io.StringIO("text")
    try:
        objects.put_object_from_filelike(text)
    except TypeError:
        pass
    else:
        raise AssertionError("a stream of text was accepted")
    assert isinstance(objects.get_info(detailed=True), dict), "get_info must return a dictionary"
    objects.put_object_from_filelike(io.BytesIO(b"x"))
    objects.erase()
    assert not objects.is_initialised, "is_initialised is True after erase()"
