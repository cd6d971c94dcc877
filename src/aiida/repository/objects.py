"""The port to a store of objects: bytes under a key; what a node's files are kept in.

A key says nothing about names; names live in the node's ``repository_metadata``. An object is durable when `put`
returns, so that no row can name what a crash takes away.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO


class ObjectStore(ABC):
    """Bytes under keys."""

    @abstractmethod
    def put(self, stream: BinaryIO) -> str:
        """Store what `stream` gives and return its key; the same content may get the same key."""

    @abstractmethod
    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object for reading; FileNotFoundError if there is none."""

    @abstractmethod
    def has(self, key: str) -> bool:
        """Return whether there is such an object."""

    @abstractmethod
    def keys(self) -> Iterator[str]:
        """Iterate over all keys."""

    @abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; FileNotFoundError if one is missing."""

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        with self.open(key) as stream:
            return stream.read()
