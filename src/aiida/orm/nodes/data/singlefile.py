"""SinglefileData: one file as a node."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, ClassVar, Literal, cast

from aiida.common.exceptions import ValidationError
from aiida.common.warnings import warn_deprecation
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.data import Data

__all__ = ("SinglefileData",)

Source = str | Path | IO[Any]


class SinglefileData(Data):
    """One file, with its name."""

    _known_node_type = "data.core.singlefile.SinglefileData."
    DEFAULT_FILENAME: ClassVar[str] = "file.txt"
    _attribute_defaults: ClassVar[dict[str, Any]] = {"filename": DEFAULT_FILENAME}
    __constructor_arguments__: ClassVar[dict[str, tuple[Any, ...]]] = {
        "filename": (str, "The name of the stored file", DEFAULT_FILENAME),
        "content": (str, "The file content"),
    }

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("filename", dtype=str, doc="The name of the stored file", is_attribute=True),
    )

    @classmethod
    def from_string(cls, content: str, filename: str | Path | None = None, **kwargs: Any) -> SinglefileData:
        """Make a node of a text."""
        return cls(io.StringIO(content), filename, **kwargs)

    @classmethod
    def from_bytes(cls, content: bytes, filename: str | Path | None = None, **kwargs: Any) -> SinglefileData:
        """Make a node of bytes."""
        return cls(io.BytesIO(content), filename, **kwargs)

    def __init__(
        self,
        file: Source | None = None,
        filename: str | Path | None = None,
        content: Source | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if file is not None and content is not None:
            raise ValueError("cannot specify both `file` and `content`")
        source = file if file is not None else content
        if source is not None:
            self.set_file(source, filename=filename)
        elif filename is not None:
            self.filename = str(filename)

    @property
    def filename(self) -> str:
        """The name of the file."""
        return cast(str, self.base.attributes.get("filename"))

    @filename.setter
    def filename(self, value: str) -> None:
        self.base.attributes.set("filename", str(value))

    @property
    def content(self) -> bytes:
        """The content as bytes."""
        return cast(bytes, self.get_content(mode="rb"))

    @contextlib.contextmanager
    def open(self, path: Any = None, mode: Literal["r", "rb"] = "r") -> Iterator[Any]:
        """Open the file for reading, as text or as bytes."""
        if path in ("r", "rb") and path not in self._names():
            path, mode = None, path
        elif path is not None:
            warn_deprecation("the `path` argument of `SinglefileData.open` is not needed", version=3, stacklevel=4)
        with self.base.repository.open(self.filename if path is None else path, mode=mode) as handle:
            yield handle

    @contextlib.contextmanager
    def as_path(self) -> Iterator[Path]:
        """Give the file as a temporary path on disk."""
        with self.base.repository.as_path(self.filename) as path:
            yield path

    def get_content(self, mode: str = "r") -> str | bytes:
        """Return the content, as text or as bytes."""
        return self.base.repository.get_object_content(self.filename, mode=cast(Any, mode))

    def set_file(self, file: Source, filename: str | Path | None = None) -> None:
        """Put a file (an absolute path, or a stream of bytes or text) in place of the one that is there."""
        is_path = isinstance(file, (str, Path))
        if is_path:
            path = Path(cast(Any, file))
            if not path.is_absolute():
                raise ValueError(f"path `{file}` is not absolute")
            if not path.is_file():
                raise ValueError(f"path `{file}` does not correspond to an existing file")
            name = str(filename) if filename else path.name
        else:
            name = str(filename) if filename else _name_of(file) or self.DEFAULT_FILENAME
            if not hasattr(file, "read"):
                raise TypeError(f"handle does not seem to be a byte stream: {type(file)}.")
        repository = self.base.repository
        before = self._names()
        if is_path:
            repository.put_object_from_file(str(file), name)
        else:
            repository.put_object_from_filelike(cast(Any, file), name)
        for other in before:
            if other != name:
                repository.delete_object(other)
        self.base.attributes.set("filename", name)

    def _names(self) -> list[str]:
        return self.base.repository.list_object_names()

    def attach_file(self, filepath: str, fileobj: BinaryIO) -> None:
        """Put the file that an interface was given."""
        self.set_file(fileobj, filename=filepath)

    @classmethod
    def _resolve_keys(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Give the content as a stream: a text would be taken for a path."""
        content = values.get("content")
        return {**values, "content": io.StringIO(content)} if isinstance(content, str) else values

    def _validate(self) -> bool:
        super()._validate()
        try:
            filename = self.filename
        except AttributeError as exception:
            raise ValidationError("the `filename` attribute is not set.") from exception
        objects = self._names()
        if [filename] != objects:
            raise ValidationError(f"repository files {objects} do not match the `filename` attribute `{filename}`.")
        return True


def _name_of(stream: Any) -> str | None:
    """Return the name of the file that a stream reads, if it tells one."""
    name = getattr(stream, "name", None)
    return PurePath(name).name if isinstance(name, str) else None
