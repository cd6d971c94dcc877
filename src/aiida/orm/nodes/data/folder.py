"""FolderData: a tree of files as a node."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, ClassVar, Literal

from aiida.orm.nodes.data.data import Data

if TYPE_CHECKING:
    from aiida.repository.common import File

__all__ = ("FolderData",)

FilePath = str | PurePosixPath


class FolderData(Data):
    """A tree of files: everything is in the repository, under the short names here too."""

    _known_node_type = "data.core.folder.FolderData."
    __constructor_arguments__: ClassVar[dict[str, tuple[Any, ...]]] = {
        "tree": (str, "Absolute path to a folder to wrap")
    }

    def __init__(self, tree: str | Path | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if tree:
            self.base.repository.put_object_from_tree(str(tree))

    def list_objects(self, path: str | None = None) -> list[File]:
        """Return the files and directories in a directory, by name."""
        return self.base.repository.list_objects(path)

    def list_object_names(self, path: str | None = None) -> list[str]:
        """Return the names in a directory."""
        return self.base.repository.list_object_names(path)

    @contextlib.contextmanager
    def open(self, path: FilePath, mode: Literal["r", "rb"] = "r") -> Iterator[Any]:
        """Open a file for reading, as text or as bytes."""
        with self.base.repository.open(path, mode) as handle:
            yield handle

    @contextlib.contextmanager
    def as_path(self, path: FilePath | None = None) -> Iterator[Path]:
        """Give a file or directory as a temporary path on disk."""
        with self.base.repository.as_path(path) as place:
            yield place

    def get_object(self, path: FilePath | None = None) -> File:
        """Return the file or directory at `path`."""
        return self.base.repository.get_object(path)

    def get_object_content(self, path: str, mode: Literal["r", "rb"] = "r") -> str | bytes:
        """Return the content of a file, as text or as bytes."""
        return self.base.repository.get_object_content(path, mode)

    def put_object_from_bytes(self, content: bytes, path: str) -> None:
        """Write bytes as the file `path`."""
        self.base.repository.put_object_from_bytes(content, path)

    def put_object_from_filelike(self, handle: IO[Any], path: str) -> None:
        """Write what a stream gives as the file `path`."""
        self.base.repository.put_object_from_filelike(handle, path)

    def put_object_from_file(self, filepath: str, path: str) -> None:
        """Write a file on disk as the file `path`."""
        self.base.repository.put_object_from_file(filepath, path)

    def put_object_from_tree(self, filepath: str, path: str | None = None) -> None:
        """Write everything in a directory on disk into the directory `path`."""
        self.base.repository.put_object_from_tree(filepath, path)

    def walk(self, path: FilePath | None = None) -> Iterable[tuple[PurePosixPath, list[str], list[str]]]:
        """Iterate over directories: path, names of directories, names of files."""
        yield from self.base.repository.walk(path)

    def glob(self) -> Iterable[PurePosixPath]:
        """Iterate over the paths of everything."""
        yield from self.base.repository.glob()

    def copy_tree(self, target: str | Path, path: FilePath | None = None) -> None:
        """Copy a directory to disk."""
        self.base.repository.copy_tree(target, path)

    def delete_object(self, path: str) -> None:
        """Remove a file or directory."""
        self.base.repository.delete_object(path)

    def erase(self) -> None:
        """Remove everything."""
        self.base.repository.erase()
