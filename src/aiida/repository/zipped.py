"""Objects inside an archive: read only, from a zip file or from a folder into which one was unpacked."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from aiida.common.exceptions import ModificationNotAllowed
from aiida.repository.backend.abstract import AbstractRepositoryBackend

FOLDER = "repo"


class _ReadOnlyRepository(AbstractRepositoryBackend):
    """What objects in an archive have in common: the key is the SHA-256, and nothing changes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return f"{type(self).__name__}: {self._path}"

    @cached_property
    def _names(self) -> dict[str, int]:
        """Size by key."""
        raise NotImplementedError

    def close(self) -> None:
        """Release the file."""

    @property
    def uuid(self) -> str | None:
        return None

    @property
    def key_format(self) -> str | None:
        return "sha256"

    @property
    def is_initialised(self) -> bool:
        return True

    def _refuse(self) -> Any:
        raise ModificationNotAllowed(f"the archive `{self._path}` is read-only")

    def initialise(self, **kwargs: Any) -> None:
        self._refuse()

    def erase(self) -> None:
        self._refuse()

    def _put_object_from_filelike(self, handle: BinaryIO) -> str:
        return cast("str", self._refuse())

    def delete_objects(self, keys: list[str]) -> None:
        self._refuse()

    def has_objects(self, keys: list[str]) -> list[bool]:
        return [key in self._names for key in keys]

    def list_objects(self) -> Iterable[str]:
        return list(self._names)

    def get_object_hash(self, key: str) -> str:
        if key not in self._names:
            raise FileNotFoundError(f"object with key `{key}` does not exist.")
        return key

    def iter_object_streams(self, keys: Iterable[str]) -> Iterator[tuple[str, BinaryIO]]:
        for key in keys:
            with self.open(key) as handle:
                yield key, handle

    def get_info(self, detailed: bool = False) -> dict[str, Any]:
        info: dict[str, Any] = {"objects": {"count": len(self._names)}}
        if detailed:
            info["Size (MB)"] = {"total": round(sum(self._names.values()) / 1024**2, 2)}
        return info


class ZipfileBackendRepository(_ReadOnlyRepository):
    """Objects in a zip file; many threads may read at once."""

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self._path)

    @cached_property
    def _names(self) -> dict[str, int]:
        start = f"{FOLDER}/"
        infos = (info for info in self._zip.infolist() if info.filename.startswith(start) and not info.is_dir())
        return {info.filename.removeprefix(start): info.file_size for info in infos}

    def close(self) -> None:
        if "_zip" in vars(self):
            self._zip.close()
            del vars(self)["_zip"]

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        try:
            handle = self._zip.open(f"{FOLDER}/{key}")
        except KeyError:
            raise FileNotFoundError(f"object with key `{key}` does not exist.") from None
        with handle:
            yield cast("BinaryIO", handle)


class FolderBackendRepository(_ReadOnlyRepository):
    """Objects of an archive that was unpacked."""

    @cached_property
    def _names(self) -> dict[str, int]:
        folder = self._path / FOLDER
        return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()} if folder.is_dir() else {}

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        if key not in self._names:
            raise FileNotFoundError(f"object with key `{key}` does not exist.")
        with (self._path / FOLDER / key).open("rb") as handle:
            yield handle
