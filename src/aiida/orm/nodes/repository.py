"""The files of a node: in a sandbox until the node is stored, in the object store and immutable from then on."""

from __future__ import annotations

import contextlib
import copy
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Literal, cast

from aiida.common.exceptions import ModificationNotAllowed
from aiida.repository.backend.staging import StagingRepositoryBackend
from aiida.repository.repository import Repository

if TYPE_CHECKING:
    from aiida.orm.nodes.node import Node
    from aiida.repository.common import File

__all__ = ("NodeRepository",)

FilePath = str | PurePosixPath
_BUFFER = 1 << 16


class NodeRepository:
    """Reading and writing files by name."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._repository_instance: Repository | None = None

    # -- which repository ----------------------------------------------------------------------------------------------

    @property
    def _repository(self) -> Repository:
        """The files as they are now: those that the row names, or those of the sandbox."""
        if self._repository_instance is None:
            node = self._node
            if node.is_stored or node._row.repository_metadata:
                backend = cast(Any, node.backend.repository)
                self._repository_instance = Repository.from_serialized(backend, node._row.repository_metadata)
            else:
                self._repository_instance = Repository(StagingRepositoryBackend())
        return self._repository_instance

    @_repository.setter
    def _repository(self, repository: Repository) -> None:
        if not isinstance(repository, Repository):
            raise TypeError(f"repository should be a `Repository`, not {type(repository)}")
        self._repository_instance = repository

    def _for_writing(self) -> Repository:
        """Return the sandbox, or raise; files taken over from another node by name are written out first."""
        self._check_mutability()
        repository = self._repository
        if not isinstance(repository.backend, StagingRepositoryBackend):
            sandbox = Repository(StagingRepositoryBackend())
            sandbox.clone(repository)
            self._repository_instance = sandbox
            self._node._row.repository_metadata = {}
        return self._repository_instance  # type: ignore[return-value]

    def _check_mutability(self) -> None:
        if self._node.is_stored:
            raise ModificationNotAllowed("the node is stored and therefore the repository is immutable.")

    def _update_repository_metadata(self) -> None:
        """Write the names of the files into the row."""
        self._node._row.repository_metadata = self._repository.serialize()

    def _save(self) -> Repository | None:
        """Put the sandbox's files into the object store and their names into the row; return what was before."""
        before = self._repository_instance
        if before is None or not isinstance(before.backend, StagingRepositoryBackend):
            return before
        if before.is_empty():
            self._repository_instance = None
            return before
        durable = Repository(cast(Any, self._node.backend.repository))
        durable.clone(before)
        self._repository_instance = durable
        self._node._row.repository_metadata = durable.serialize()
        return before

    def _restore(self, before: Repository | None) -> None:
        """Go back to the sandbox: the node was not stored after all."""
        self._repository_instance = before

    def _copy(self, source: NodeRepository) -> None:
        """Take over all files of another node: by name if they are stored with ours, else by content."""
        node, other = self._node, source._node
        if other._row.repository_metadata and other.backend is node.backend:
            node._row.repository_metadata = copy.deepcopy(other._row.repository_metadata)
            self._repository_instance = None
        elif not source._repository.is_empty():
            self._for_writing().clone(source._repository)

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def metadata(self) -> dict[str, Any]:
        """The names and keys of all files, as the row holds them."""
        return self._node._row.repository_metadata

    def serialize(self) -> dict[str, Any]:
        """Return the names and keys of all files."""
        return self._repository.serialize()

    def serialize_content(self) -> dict[str, bytes]:
        """Return the content of all files by path."""
        return {str(path): self._content(path) for path in self._files()}

    def hash(self) -> str:
        """Return a hash of names and contents."""
        return self._repository.hash()

    def get_object(self, path: FilePath | None = None) -> File:
        """Return the file or directory at `path`."""
        return self._repository.get_object(path)

    def get_object_size(self, path: str) -> int:
        """Return the size of a file in bytes."""
        with self._repository.open(path) as handle:
            return handle.seek(0, io.SEEK_END)

    def get_object_content(self, path: str, mode: Literal["r", "rb"] = "r") -> str | bytes:
        """Return the content of a file, as text or as bytes."""
        _check_mode(mode)
        content = self._content(path)
        return content.decode("utf-8") if mode == "r" else content

    def _content(self, path: FilePath) -> bytes:
        return self._repository.get_object_content(path)

    @contextlib.contextmanager
    def open(self, path: FilePath, mode: Literal["r", "rb"] = "r") -> Iterator[Any]:
        """Open a file for reading, as text or as bytes."""
        _check_mode(mode)
        with self._repository.open(path) as handle:
            if mode == "rb":
                yield cast(Any, handle)
                return
            # Not a wrapper round the stream itself: objects inside a pack are not complete raw streams.
            with contextlib.closing(io.TextIOWrapper(_as_buffered(handle), encoding="utf-8")) as text:
                yield cast(Any, text)

    @contextlib.contextmanager
    def as_path(self, path: FilePath | None = None) -> Iterator[Path]:
        """Give a file or directory as a temporary path on disk."""
        file = self._repository.get_object(path)
        with tempfile.TemporaryDirectory() as folder:
            if file.is_dir():
                self.copy_tree(folder, path)
                yield Path(folder)
            else:
                target = Path(folder) / PurePosixPath(cast(Any, path)).name
                with self._repository.open(cast(Any, path)) as source, target.open("wb") as copied:
                    shutil.copyfileobj(source, copied)
                yield target

    def list_objects(self, path: str | None = None) -> list[File]:
        """Return the files and directories in a directory, by name."""
        return self._repository.list_objects(path)

    def list_object_names(self, path: str | None = None) -> list[str]:
        """Return the names in a directory."""
        return self._repository.list_object_names(path)

    def walk(self, path: FilePath | None = None) -> Iterable[tuple[PurePosixPath, list[str], list[str]]]:
        """Iterate over directories: path, names of directories, names of files."""
        yield from self._repository.walk(path)

    def glob(self) -> Iterable[PurePosixPath]:
        """Iterate over the paths of everything."""
        for root, directories, files in self.walk():
            for name in (*directories, *files):
                yield root / name

    def _files(self) -> Iterable[PurePosixPath]:
        for root, _, files in self.walk():
            for name in files:
                yield root / name

    def copy_tree(self, target: str | Path, path: FilePath | None = None) -> None:
        """Copy a directory to disk."""
        self._repository.copy_tree(Path(target), path)

    def get_zipped_objects(self, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
        """Return all files as a zip archive."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, mode="w", compression=compression) as handle:
            for path in self._files():
                handle.writestr(str(path), self._content(path))
        return archive.getvalue()

    # -- writing -------------------------------------------------------------------------------------------------------

    def put_object_from_bytes(self, content: bytes, path: str) -> None:
        """Write bytes as the file `path`."""
        self._for_writing().put_object_from_filelike(io.BytesIO(content), path)

    def put_object_from_filelike(self, handle: IO[Any], path: str) -> None:
        """Write what a stream gives (bytes, or text as UTF-8) as the file `path`."""
        repository = self._for_writing()
        if isinstance(handle, io.TextIOBase) or (hasattr(handle, "mode") and "b" not in str(handle.mode) and _gives_text(handle)):
            handle = io.BytesIO(handle.read().encode("utf-8"))
        repository.put_object_from_filelike(cast(BinaryIO, handle), path)

    def put_object_from_file(self, filepath: str, path: str) -> None:
        """Write a file on disk as the file `path`."""
        self._for_writing().put_object_from_file(PurePath(filepath), path)

    def put_object_from_tree(self, filepath: str, path: str | None = None) -> None:
        """Write everything in a directory on disk into the directory `path`."""
        self._for_writing().put_object_from_tree(PurePath(filepath), path)

    def delete_object(self, path: str) -> None:
        """Remove a file."""
        repository = self._for_writing()
        if repository.get_object(path).is_dir():
            raise IsADirectoryError(f"object with path `{path}` is a directory.")
        repository.delete_object(path)

    def erase(self) -> None:
        """Remove everything."""
        self._for_writing().reset()


def _check_mode(mode: str) -> None:
    if mode not in ("r", "rb"):
        raise ValueError(f"the repository is opened for reading with mode `r` or `rb`, not `{mode}`")


def _gives_text(handle: IO[Any]) -> bool:
    return isinstance(handle.read(0), str)


def _as_buffered(handle: BinaryIO) -> Any:
    if isinstance(handle, io.BufferedIOBase):
        return handle
    return io.BufferedReader(_Raw(handle), _BUFFER)


class _Raw(io.RawIOBase):
    """An object inside a pack as a raw stream, which its own class is not wholly."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._handle.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._handle.seek(offset, whence)

    def tell(self) -> int:
        return self._handle.tell()
