"""Objects as plain files in a folder: of unsaved nodes, and of temporary profiles."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from aiida.common.folders import SandboxFolder
from aiida.repository.backend.abstract import CHUNK, AbstractRepositoryBackend

__all__ = ("SandboxRepositoryBackend", "SandboxShaRepositoryBackend")


class SandboxRepositoryBackend(AbstractRepositoryBackend):
    """Objects in a temporary folder that is made at the first use and goes with this instance."""

    def __init__(self, filepath: str | None = None) -> None:
        self._filepath = None if filepath is None else Path(filepath)
        self._sandbox: SandboxFolder | None = None
        self._folder: Path | None = None

    def __str__(self) -> str:
        return f"{type(self).__name__.removesuffix('Backend')}: {self._folder or '<uninitialised>'}"

    @property
    def uuid(self) -> str | None:
        return None

    @property
    def key_format(self) -> str | None:
        return "uuid4"

    @property
    def is_initialised(self) -> bool:
        return self._folder is not None

    def initialise(self, **kwargs: Any) -> None:
        self._place()

    @property
    def sandbox(self) -> SandboxFolder:
        """The folder."""
        self._place()
        assert self._sandbox is not None
        return self._sandbox

    def _place(self) -> Path:
        if self._folder is None:
            self._sandbox = SandboxFolder(self._filepath)
            self._folder = Path(self._sandbox.abspath)
            weakref.finalize(self, _remove, self._folder, os.getpid())
        return self._folder

    def erase(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._sandbox = self._folder = None

    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        key = str(uuid.uuid4())
        with (self._place() / key).open("wb") as target:
            shutil.copyfileobj(handle, target, CHUNK)
        return key

    def has_objects(self, keys: list[str]) -> list[bool]:
        return [self._folder is not None and (self._folder / key).is_file() for key in keys]

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        if not self.has_object(key):
            raise FileNotFoundError(f"object with key `{key}` does not exist.")
        with (self._place() / key).open("rb") as handle:
            yield handle

    def iter_object_streams(self, keys: Iterable[str]) -> Iterator[tuple[str, BinaryIO]]:
        for key in keys:
            with self.open(key) as handle:
                yield key, handle

    def list_objects(self) -> Iterable[str]:
        return [] if self._folder is None else [entry.name for entry in os.scandir(self._folder) if "." not in entry.name]

    def delete_objects(self, keys: list[str]) -> None:
        super().delete_objects(keys)
        for key in keys:
            (self._place() / key).unlink()

    def get_info(self, detailed: bool = False, **kwargs: Any) -> dict[str, Any]:
        keys = list(self.list_objects())
        info: dict[str, Any] = {"objects": {"count": len(keys)}}
        if detailed:
            sizes = sum((self._place() / key).stat().st_size for key in keys)
            info["Size (MB)"] = {"total": round(sizes / 1e6, 2)}
        return info


class SandboxShaRepositoryBackend(SandboxRepositoryBackend):
    """The same with the SHA-256 of the content as key, so that equal contents are kept once."""

    @property
    def key_format(self) -> str | None:
        return "sha256"

    def get_object_hash(self, key: str) -> str:
        if not self.has_object(key):
            raise FileNotFoundError(f"object with key `{key}` does not exist.")
        return key

    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        found = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._place())
        try:
            with os.fdopen(descriptor, "wb") as target:
                while chunk := handle.read(CHUNK):
                    found.update(chunk)
                    target.write(chunk)
            key = found.hexdigest()
            os.replace(name, self._place() / key)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        return key


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # a forked child that ends must not take the files from its parent
        shutil.rmtree(folder, ignore_errors=True)
