"""The files of one node: a tree of names over a store of objects.

A path is relative and goes downwards only, so that copying a tree out can never write beside the target.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO

from aiida.common.log import AIIDA_LOGGER
from aiida.repository.backend.abstract import AbstractRepositoryBackend, copy_stream
from aiida.repository.backend.sandbox import SandboxRepositoryBackend
from aiida.repository.common import File, FileType

__all__ = ("Repository",)

FilePath = str | PurePath

# The hash of no files at all: the value that suites of plugins have on record, for folders of which they compare nothing else.
HASH_OF_NOTHING = "076c4a75b0e7f3de89d0f21d3c4fad9c09fb83054f8e6c467b875095d93fd154"


class Repository:
    """Named files; the bytes are in `backend`, the names here."""

    def __init__(self, backend: AbstractRepositoryBackend | None = None) -> None:
        self._directory = File()
        self.set_backend(SandboxRepositoryBackend() if backend is None else backend)

    @classmethod
    def from_serialized(cls, backend: AbstractRepositoryBackend, serialized: dict[str, Any]) -> Repository:
        """Make the repository that a node's `repository_metadata` describes."""
        instance = cls(backend)
        if serialized:
            instance._directory = File.from_serialized(serialized)
        return instance

    def serialize(self) -> dict[str, Any]:
        """Return what belongs in a node's `repository_metadata`."""
        return self._directory.serialize()

    @classmethod
    def flatten(cls, serialized: dict[str, Any] | None, delimiter: str = "/") -> dict[str, str | None]:
        """Return path → key of a serialised tree; directories end with the delimiter and have no key."""
        found: dict[str, str | None] = {}

        def visit(tree: dict[str, Any], path: str) -> None:
            if "k" in tree:
                found[path] = tree["k"]
                return
            if path:
                found[path + delimiter] = None
            for name, below in tree.get("o", {}).items():
                visit(below, f"{path}{delimiter}{name}" if path else name)

        visit(serialized or {}, "")
        return found

    # The object store.

    @property
    def backend(self) -> AbstractRepositoryBackend:
        """The store of the contents."""
        return self._backend

    def set_backend(self, backend: AbstractRepositoryBackend) -> None:
        """Replace the store of the contents; the names stay."""
        if not isinstance(backend, AbstractRepositoryBackend):
            raise TypeError("backend should be an instance of `AbstractRepositoryBackend`.")
        self._backend = backend

    @property
    def uuid(self) -> str | None:
        """The identity of the store."""
        return self._backend.uuid

    @property
    def is_initialised(self) -> bool:
        """Whether the store is there."""
        return self._backend.is_initialised

    def initialise(self, **kwargs: Any) -> None:
        """Make the store if it is not there."""
        self._backend.initialise(**kwargs)

    def reset(self) -> None:
        """Forget all names; the contents stay in the store."""
        self._directory = File()

    def delete(self) -> None:
        """Delete the whole store, and forget all names."""
        self._backend.erase()
        self.reset()

    def erase(self) -> None:
        """Delete the contents that these names use, and forget the names."""
        self._backend.delete_objects(sorted(set(self.get_file_keys())))
        self.reset()

    # Looking.

    def get_object(self, path: FilePath | None = None) -> File:
        """Return what is at `path`; FileNotFoundError if nothing is."""
        here = self._directory
        for part in _parts(path):
            if not here.is_dir() or part not in here.objects:
                raise FileNotFoundError(f"object with path `{_as_path(path)}` does not exist.")
            here = here.objects[part]
        return here

    def get_file(self, path: FilePath) -> File:
        """Return the file at `path`; IsADirectoryError if it is a directory."""
        if path is None:
            raise TypeError("path cannot be `None`.")
        found = self.get_object(path)
        if not found.is_file():
            raise IsADirectoryError(f"object with path `{_as_path(path)}` is not a file.")
        return found

    def get_directory(self, path: FilePath | None = None) -> File:
        """Return the directory at `path`; NotADirectoryError if it is a file."""
        found = self.get_object(path)
        if not found.is_dir():
            raise NotADirectoryError(f"object with path `{_as_path(path)}` is not a directory.")
        return found

    def has_object(self, path: FilePath) -> bool:
        """Return whether something is at `path`."""
        try:
            self.get_object(path)
        except FileNotFoundError:
            return False
        return True

    def is_empty(self) -> bool:
        """Return whether there is nothing at all."""
        return not self._directory.objects

    def list_objects(self, path: FilePath | None = None) -> list[File]:
        """Return what is in a directory, by name."""
        return sorted(self.get_directory(path).objects.values(), key=lambda file: file.name)

    def list_object_names(self, path: FilePath | None = None) -> list[str]:
        """Return the names in a directory, sorted."""
        return sorted(self.get_directory(path).objects)

    def get_file_keys(self) -> list[str]:
        """Return the keys of all files."""
        return list(self._directory.iter_keys())

    def walk(self, path: FilePath | None = None) -> Iterable[tuple[PurePosixPath, list[str], list[str]]]:
        """Iterate over the directories from below: path, names of directories, names of files."""
        directory = self.get_directory(path)
        here = PurePosixPath(*_parts(path))
        for name, file in directory.objects.items():
            if file.is_dir():
                yield from self.walk(here / name)
        yield (
            here,
            [name for name, file in directory.objects.items() if file.is_dir()],
            [name for name, file in directory.objects.items() if file.is_file()],
        )

    def hash(self) -> str:
        """Return a hash of names and contents, the same whatever store holds them."""
        if self.is_empty():
            return HASH_OF_NOTHING
        content: list[list[str]] = []
        for root, directories, files in self.walk():
            content += ([str(root / name)] for name in directories)
            content += ([str(root / name), self._content_hash(self.get_file(root / name))] for name in files)
        return hashlib.sha256(json.dumps(sorted(content)).encode()).hexdigest()

    def _content_hash(self, file: File) -> str:
        key = str(file.key)
        return key if self._backend.key_format == "sha256" else self._backend.get_object_hash(key)

    # Reading.

    @contextmanager
    def open(self, path: FilePath) -> Iterator[BinaryIO]:
        """Open a file for reading bytes."""
        with self._backend.open(str(self.get_file(path).key)) as handle:
            yield handle

    def get_object_content(self, path: FilePath) -> bytes:
        """Return the content of a file."""
        return self._backend.get_object_content(str(self.get_file(path).key))

    def copy_tree(self, target: str | Path, path: FilePath | None = None) -> None:
        """Copy a directory into the directory `target` on disk."""
        target = Path(target)
        if not target.is_absolute():
            raise TypeError(f"provided target `{target}` is not an absolute path.")
        start = PurePosixPath(*_parts(path))
        for root, directories, files in self.walk(path):
            folder = target / root.relative_to(start)
            folder.mkdir(parents=True, exist_ok=True)
            for name in directories:
                (folder / name).mkdir(exist_ok=True)
            for name in files:
                with self.open(root / name) as source, (folder / name).open("wb") as copy:
                    copy_stream(source, copy)

    # Changing.

    def create_directory(self, path: FilePath) -> File:
        """Make a directory, with those above it, unless it is there."""
        if path is None:
            raise TypeError("path cannot be `None`.")
        here = self._directory
        for part in _parts(path, new=True):
            here = here.objects.setdefault(part, File(part))
            if not here.is_dir():
                raise NotADirectoryError(f"cannot make the directory `{_as_path(path)}`: `{part}` is a file.")
        return here

    def put_object_from_filelike(self, handle: BinaryIO, path: FilePath) -> None:
        """Store what `handle` gives as the file `path`; a file of that name is replaced."""
        if path is None:
            raise TypeError("path cannot be `None`.")
        *above, name = _parts(path, new=True) or ("",)
        if not name:
            raise ValueError("the path of a file cannot be empty.")
        directory = self.create_directory(PurePosixPath(*above))
        if name in directory.objects and directory.objects[name].is_dir():
            raise IsADirectoryError(f"cannot store a file as `{_as_path(path)}`: there is a directory of that name.")
        key = self._backend.put_object_from_filelike(handle)
        directory.objects[name] = File(name, FileType.FILE, key)

    def put_object_from_file(self, filepath: FilePath, path: FilePath) -> None:
        """Store the content of a file on disk as the file `path`."""
        with Path(filepath).open("rb") as handle:
            self.put_object_from_filelike(handle, path)

    def put_object_from_tree(self, filepath: FilePath, path: FilePath | None = None) -> None:
        """Store all files below a directory on disk, under the directory `path`."""
        source = Path(filepath)
        if not source.is_absolute():
            raise TypeError(f"filepath `{filepath}` is not an absolute path.")
        if not source.exists():
            # aiida-core takes a folder that is not there for an empty one, and suites of plugins hand such paths over.
            AIIDA_LOGGER.warning("there is no folder `%s`: nothing is put into the repository", source)
            return
        if not source.is_dir():
            raise NotADirectoryError(f"`{source}` is not a directory.")
        target = PurePosixPath(*_parts(path))
        if target.parts:
            self.create_directory(target)
        for found in sorted(source.rglob("*")):
            place = target / found.relative_to(source).as_posix()
            if found.is_dir():
                self.create_directory(place)
            else:
                self.put_object_from_file(found, place)

    def delete_object(self, path: FilePath, hard_delete: bool = False) -> None:
        """Forget the file or directory at `path`; with `hard_delete`, delete a file's content from the store too."""
        if path is None:
            raise TypeError("path cannot be `None`.")
        found = self.get_object(path)
        *above, name = _parts(path) or ("",)
        if not name:
            raise ValueError("the root of a repository cannot be deleted; use `erase`.")
        if hard_delete:
            self._backend.delete_objects(sorted(set(found.iter_keys())))
        self.get_directory(PurePosixPath(*above)).objects.pop(name)

    def clone(self, source: Repository) -> None:
        """Take over names and contents of another repository."""
        if not isinstance(source, Repository):
            raise TypeError("source is not an instance of `Repository`.")
        for root, directories, files in source.walk():
            for name in directories:
                self.create_directory(root / name)
            for name in files:
                with source.open(root / name) as handle:
                    self.put_object_from_filelike(handle, root / name)


def _as_path(path: FilePath | None) -> PurePosixPath:
    return PurePosixPath("" if path is None else path)


def _parts(path: FilePath | None, *, new: bool = False) -> tuple[str, ...]:
    """Return the parts of a relative path; one that would be created may not contain `..`."""
    if path is None:
        return ()
    if not isinstance(path, str | PurePath):
        raise TypeError("path is not of type `str` nor `pathlib.PurePath`.")
    pure = PurePosixPath(path.as_posix() if isinstance(path, PurePath) else path)
    if pure.is_absolute():
        raise TypeError(f"path `{pure}` is not a relative path.")
    if new and ".." in pure.parts:
        raise ValueError(f"path `{pure}` leads upwards with `..`; a repository has nothing above its root.")
    return pure.parts
