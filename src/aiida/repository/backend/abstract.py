"""The port to a store of objects: bytes under keys; what the files of nodes are kept in.

A key says nothing about names: names live in the node's ``repository_metadata``. An object is durable when `put`
returns, so that no row can name what a crash takes away. The long method names are the public ones that plugins
implement; the short ones (`put`, `has`, `keys`, `read`, `delete`) are what this code base uses.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ("AbstractRepositoryBackend",)

CHUNK = 1 << 20


class AbstractRepositoryBackend(ABC):
    """Bytes under keys."""

    @property
    @abstractmethod
    def uuid(self) -> str | None:
        """The identity of the container, if it has one."""

    @property
    @abstractmethod
    def key_format(self) -> str | None:
        """What keys are: the name of a hash algorithm if they are hashes of the content."""

    @abstractmethod
    def initialise(self, **kwargs: Any) -> None:
        """Make the container if it is not there."""

    @property
    @abstractmethod
    def is_initialised(self) -> bool:
        """Whether the container is there."""

    @abstractmethod
    def erase(self) -> None:
        """Delete the container with everything in it."""

    @abstractmethod
    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        """Store what `handle` gives and return its key."""

    @abstractmethod
    def has_objects(self, keys: list[str]) -> list[bool]:
        """Return for each key whether there is such an object."""

    @abstractmethod
    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object for reading; FileNotFoundError if there is none."""

    @abstractmethod
    def iter_object_streams(self, keys: Iterable[str]) -> Iterator[tuple[str, BinaryIO]]:
        """Iterate over keys and open streams, in the order that is quickest; a stream is valid for its turn."""

    @abstractmethod
    def list_objects(self) -> Iterable[str]:
        """Iterate over all keys."""

    @abstractmethod
    def delete_objects(self, keys: list[str]) -> None:
        """Delete objects; FileNotFoundError, and nothing is deleted, if one is missing."""
        found = self.has_objects(keys)
        if not all(found):
            lines = [f" > object with key `{key}` does not exist.\n" for key, here in zip(keys, found, strict=True) if not here]
            raise FileNotFoundError(
                "some of the keys provided do not correspond to any object in the repository:\n" + "".join(lines)
            )

    @abstractmethod
    def get_info(self, detailed: bool = False) -> dict[str, Any]:
        """Return facts for people: counts, and sizes if `detailed`."""

    def maintain(self, dry_run: bool = False, live: bool = True, **kwargs: Any) -> None:  # noqa: B027 - may be left as it is
        """Tidy up; most kinds of store have nothing to tidy."""

    # What follows from these.

    @staticmethod
    def is_readable_byte_stream(handle: Any) -> bool:
        """Return whether `handle` gives bytes."""
        return hasattr(handle, "read") and ("b" in str(getattr(handle, "mode", "")) or not isinstance(handle, io.TextIOBase))

    def put_object_from_filelike(self, handle: BinaryIO) -> str:
        """Store what `handle` gives and return its key; TypeError if it does not give bytes."""
        if not self.is_readable_byte_stream(handle):
            raise TypeError(f"handle does not seem to be a byte stream: {type(handle)}.")
        return self._put_object_from_filelike(handle)

    def put_object_from_file(self, filepath: str | Path) -> str:
        """Store the content of a file and return its key."""
        with Path(filepath).open("rb") as handle:
            return self.put_object_from_filelike(handle)

    def has_object(self, key: str) -> bool:
        """Return whether there is such an object."""
        return self.has_objects([key])[0]

    def get_object_content(self, key: str) -> bytes:
        """Return the content of an object."""
        with self.open(key) as handle:
            return handle.read()

    def get_object_hash(self, key: str) -> str:
        """Return the SHA-256 of an object's content, in hexadecimal digits."""
        with self.open(key) as handle:
            return hash_stream(handle)

    def get_object_sizes(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the sizes in bytes of those objects that are there."""
        found: dict[str, int] = {}
        for key, stream in self.iter_object_streams(keys):
            found[key] = stream.seek(0, io.SEEK_END)
        return found

    def find_damage(self) -> dict[str, list[str]]:
        """Read every object whose key is the hash of its content, and return what is wrong, by kind of damage."""
        if self.key_format != "sha256":
            return {}
        wrong = [key for key in self.list_objects() if self._hash_of(key) != key]
        return {"invalid_hashes": wrong} if wrong else {}

    def _hash_of(self, key: str) -> str:
        with self.open(key) as handle:
            return hash_stream(handle)

    def delete_object(self, key: str) -> None:
        """Delete an object."""
        self.delete_objects([key])

    # Short names.

    def put(self, stream: BinaryIO) -> str:
        """Store what `stream` gives, durably, and return its key."""
        return self.put_object_from_filelike(stream)

    def put_bytes(self, content: bytes) -> str:
        """Store `content`, durably, and return its key."""
        return self.put_object_from_filelike(io.BytesIO(content))

    def has(self, key: str) -> bool:
        """Return whether there is such an object."""
        return self.has_object(key)

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        return self.get_object_content(key)

    def keys(self) -> Iterator[str]:
        """Iterate over all keys."""
        return iter(self.list_objects())

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects."""
        self.delete_objects(list(keys))


def hash_stream(handle: BinaryIO) -> str:
    """Return the SHA-256 of what is left in a stream."""
    found = hashlib.sha256()
    while chunk := handle.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


def copy_stream(source: BinaryIO, target: BinaryIO) -> None:
    """Copy what is left in a stream."""
    shutil.copyfileobj(source, target, CHUNK)
