"""Where the files of an unsaved node wait: small ones in memory, as most are; large ones in a temporary file each.

A folder per node would cost more than the node: making and removing it is slower than the insert of its row.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from uuid import uuid4

from aiida.repository.backend.abstract import CHUNK, AbstractRepositoryBackend, copy_stream

__all__ = ("StagingRepositoryBackend",)


class StagingRepositoryBackend(AbstractRepositoryBackend):
    """Bytes under random keys, gone with this object."""

    def __init__(self) -> None:
        self._contents: dict[str, Any] = {}

    @property
    def uuid(self) -> str | None:
        """None: it lives too short to have an identity."""
        return None

    @property
    def key_format(self) -> str | None:
        """What keys are."""
        return "uuid4"

    def initialise(self, **kwargs: Any) -> None:
        """Nothing is needed."""

    @property
    def is_initialised(self) -> bool:
        """True: nothing is needed."""
        return True

    def erase(self) -> None:
        """Forget everything."""
        self._contents = {}

    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        key = str(uuid4())
        start = io.BytesIO()
        while start.tell() < CHUNK:
            piece = handle.read(CHUNK)
            if not piece:
                self._contents[key] = start.getvalue()
                return key
            start.write(piece)
        large = _LargeFile()
        with open(large.name, "wb") as target:
            target.write(start.getvalue())
            copy_stream(handle, target)
        self._contents[key] = large
        return key

    def has_objects(self, keys: list[str]) -> list[bool]:
        """Return for each key whether there is such an object."""
        return [key in self._contents for key in keys]

    @contextlib.contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open an object for reading."""
        try:
            content = self._contents[key]
        except KeyError:
            raise FileNotFoundError(f"object with key `{key}` does not exist.") from None
        if isinstance(content, bytes):
            yield io.BytesIO(content)
        else:
            with open(content.name, "rb") as handle:
                yield handle

    def iter_object_streams(self, keys: Iterable[str]) -> Iterator[tuple[str, BinaryIO]]:
        """Iterate over keys and open streams."""
        for key in keys:
            with self.open(key) as handle:
                yield key, handle

    def list_objects(self) -> Iterable[str]:
        """Iterate over all keys."""
        return iter(tuple(self._contents))

    def delete_objects(self, keys: list[str]) -> None:
        """Delete objects."""
        super().delete_objects(keys)
        for key in keys:
            del self._contents[key]

    def get_object_hash(self, key: str) -> str:
        """Return the SHA-256 of an object's content, in hexadecimal digits."""
        content = self._contents.get(key)
        return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else super().get_object_hash(key)

    def get_info(self, detailed: bool = False) -> dict[str, Any]:
        """Return facts for people."""
        return {"objects": {"count": len(self._contents)}}


class _LargeFile:
    """A temporary file, gone with this object; not held open, as a folder may have more large files than a process may open."""

    def __init__(self) -> None:
        descriptor, self.name = tempfile.mkstemp(prefix="aiida-staging-")
        os.close(descriptor)
        weakref.finalize(self, _remove, self.name, os.getpid())


def _remove(name: str, pid: int) -> None:
    if os.getpid() == pid:  # a forked child that ends must not take the file from its parent
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
