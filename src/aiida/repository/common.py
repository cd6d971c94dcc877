"""A node's files as a tree of names: what ``repository_metadata`` says.

The serialised form is that of AiiDA: a directory is ``{"o": {name: …}}`` (or ``{}`` if empty), a file ``{"k": key}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

__all__ = ("File", "FileType")


class FileType(Enum):
    """What a name in a repository stands for."""

    DIRECTORY = 0
    FILE = 1


class File:
    """A directory with what is in it, or a file with its key."""

    __slots__ = ("_file_type", "_key", "_name", "_objects")

    def __init__(
        self,
        name: str = "",
        file_type: FileType = FileType.DIRECTORY,
        key: str | None = None,
        objects: dict[str, File] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError("name should be a string.")
        if not isinstance(file_type, FileType):
            raise TypeError("file_type should be an instance of `FileType`.")
        if key is not None and not isinstance(key, str):
            raise TypeError("key should be `None` or a string.")
        if objects is not None and not (
            isinstance(objects, dict) and all(isinstance(value, File) for value in objects.values())
        ):
            raise TypeError("objects should be `None` or a dictionary of `File` instances.")
        if file_type is FileType.DIRECTORY and key is not None:
            raise ValueError(f"an object of type `{file_type}` cannot define a key.")
        if file_type is FileType.FILE and objects is not None:
            raise ValueError(f"an object of type `{file_type}` cannot define any objects.")
        self._name = name
        self._file_type = file_type
        self._key = key
        self._objects: dict[str, File] = objects or {}

    @classmethod
    def from_serialized(cls, serialized: dict[str, Any], name: str = "") -> File:
        """Make a tree from its serialised form."""
        if "k" in serialized:
            return cls(name, FileType.FILE, serialized["k"])
        return cls(name, objects={key: cls.from_serialized(value, key) for key, value in serialized.get("o", {}).items()})

    def serialize(self) -> dict[str, Any]:
        """Return the serialised form, without the own name."""
        if self.is_file():
            return {"k": self._key}
        return {"o": {name: file.serialize() for name, file in self._objects.items()}} if self._objects else {}

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self._name

    @property
    def file_type(self) -> FileType:
        """Whether this is a file or a directory."""
        return self._file_type

    @property
    def key(self) -> str | None:
        """The key of a file's content in the object store."""
        return self._key

    @property
    def objects(self) -> dict[str, File]:
        """What is in a directory, by name."""
        return self._objects

    def is_file(self) -> bool:
        """Return whether this is a file."""
        return self._file_type is FileType.FILE

    def is_dir(self) -> bool:
        """Return whether this is a directory."""
        return self._file_type is FileType.DIRECTORY

    def iter_keys(self) -> Iterator[str]:
        """Iterate over the keys of all files below."""
        if self._key is not None:
            yield self._key
        for file in self._objects.values():
            yield from file.iter_keys()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, File)
            and (self._name, self._file_type, self._key) == (other._name, other._file_type, other._key)
            and self._objects == other._objects
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"File<name={self._name}, file_type={self._file_type.value}, key={self._key}, objects={self._objects.items()}>"
