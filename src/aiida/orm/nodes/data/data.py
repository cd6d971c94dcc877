"""Data: a node that holds values; immutable once stored."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from aiida.common.exceptions import InvalidOperation, ValidationError
from aiida.common.links import LinkType
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.node import Node

if TYPE_CHECKING:
    from typing import Self

    from aiida.orm.nodes.process.calculation.calculation import CalculationNode

__all__ = ("Data",)


class Data(Node):
    """Base of all data types."""

    _known_node_type = "data.Data."
    _family = "data."
    _storable = True
    _unstorable_message = "storing for this node has been disabled"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("source", dtype=dict[str, Any] | None, doc="Source of the data", is_attribute=True),
    )

    # Suffixes of export files that stand for another format.
    _export_format_replacements: ClassVar[dict[str, str]] = {}
    _source_attributes: ClassVar[tuple[str, ...]] = (
        "db_name",
        "db_uri",
        "uri",
        "id",
        "version",
        "extras",
        "source_md5",
        "description",
        "license",
    )

    def __init__(self, *args: Any, source: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source is not None:
            self.source = source

    def __copy__(self) -> Data:
        raise InvalidOperation("copying a Data node is not supported, use copy.deepcopy")

    def __deepcopy__(self, memo: dict[int, Any]) -> Data:
        return self.clone()

    def clone(self) -> Self:
        """Return an unstored node with the same content; extras, links and identity are not copied."""
        clone = self.__class__.__new__(self.__class__)
        row = self._row
        clone._row = type(row)(
            node_type=row.node_type,
            process_type=row.process_type,
            label=row.label,
            description=row.description,
            attributes=copy_containers(row.attributes),
            dbcomputer_id=row.dbcomputer_id,
            user_id=row.user_id,
        )
        clone._row.mtime = clone._row.ctime
        clone._store = self._store
        clone._seen = self._seen
        clone.initialize()
        clone.base.repository._copy(self.base.repository)
        return clone

    # -- where the data comes from -------------------------------------------------------------------------------------

    @property
    def source(self) -> dict[str, Any] | None:
        """Where the data was taken from: a database, an address, a licence."""
        return cast("dict[str, Any] | None", self.base.attributes.get("source", None))

    @source.setter
    def source(self, source: dict[str, Any] | None) -> None:
        if not isinstance(source, dict):
            raise ValueError("Source must be supplied as a dictionary")
        unknown = [key for key in source if key not in self._source_attributes]
        if unknown:
            raise KeyError(f"Unknown source parameters: {', '.join(map(str, unknown))}")
        self.base.attributes.set("source", source)

    def set_source(self, source: dict[str, Any]) -> None:
        """Set where the data was taken from."""
        self.source = source

    @property
    def creator(self) -> CalculationNode | None:
        """The calculation that created this node."""
        links = self.base.links.get_incoming(link_type=LinkType.CREATE).all()
        return cast("CalculationNode", links[0].node) if links else None

    def _validate(self) -> bool:
        super()._validate()
        source = self._row.attributes.get("source")
        if source and source.get("license") and source["license"].startswith("CC-BY") and not source.get("uri"):
            raise ValidationError("License of the object requires attribution, but the source URI is not given")
        return True

    # -- export and import ---------------------------------------------------------------------------------------------

    @classmethod
    def _methods(cls, prefix: str) -> dict[str, Callable[..., Any]]:
        return {name[len(prefix) :]: getattr(cls, name) for name in dir(cls) if name.startswith(prefix)}

    def _own_methods(self, prefix: str) -> dict[str, Callable[..., Any]]:
        return {suffix: getattr(self, prefix + suffix) for suffix in type(self)._methods(prefix)}

    @classmethod
    def get_export_formats(cls) -> list[str]:
        """Return the names of the formats that the data can be exported to."""
        return sorted(cls._methods("_prepare_"))

    def _get_exporters(self) -> dict[str, Callable[..., Any]]:
        return self._own_methods("_prepare_")

    def _get_importers(self) -> dict[str, Callable[..., Any]]:
        return self._own_methods("_parse_")

    def _get_converters(self) -> dict[str, Callable[..., Any]]:
        return self._own_methods("_get_object_")

    def _exportcontent(
        self, fileformat: str, main_file_name: str = "", **kwargs: Any
    ) -> tuple[bytes, dict[str, bytes]]:
        """Return the bytes of the exported file, and those of further files by their names."""
        exporters = self._get_exporters()
        try:
            exporter = exporters[fileformat]
        except KeyError:
            known = ", ".join(sorted(exporters)) or "none"
            raise ValueError(f"The format {fileformat} is not implemented for {type(self).__name__}. Implemented: {known}") from None
        content, files = exporter(main_file_name=main_file_name, **kwargs)
        return content if isinstance(content, bytes) else content.encode("utf-8"), files

    def export(
        self, path: str | Path, fileformat: str | None = None, overwrite: bool = False, **kwargs: Any
    ) -> list[str]:
        """Write the data to files and return their names; the format follows from the suffix if it is not given."""
        path = str(path)
        if not path:
            raise ValueError("Path not recognized")
        if os.path.exists(path) and not overwrite:
            raise OSError(f"A file was already found at {path}")
        if fileformat is None:
            suffix = os.path.splitext(path)[1].removeprefix(".")
            fileformat = self._export_format_replacements.get(suffix, suffix)
        content, others = self._exportcontent(fileformat, main_file_name=path, **kwargs)
        taken = [name for name in others if os.path.exists(name)]
        if taken and not overwrite:
            raise OSError(f"The additional file {taken[0]} already exists, stopping.")
        for name, data in {path: content, **others}.items():
            Path(name).write_bytes(data)
        return [path, *others]

    def importstring(self, inputstring: str, fileformat: str, **kwargs: Any) -> None:
        """Take the content from a text."""
        importers = self._get_importers()
        try:
            importer = importers[fileformat]
        except KeyError:
            known = ", ".join(sorted(importers)) or "none"
            raise ValueError(f"The format {fileformat} is not implemented for {type(self).__name__}. Implemented: {known}") from None
        importer(inputstring, **kwargs)

    def importfile(self, fname: str | Path, fileformat: str | None = None) -> None:
        """Take the content from a file; the format follows from the suffix if it is not given."""
        if fileformat is None:
            fileformat = os.path.splitext(str(fname))[1].removeprefix(".")
        self.importstring(Path(fname).read_text(encoding="utf-8"), fileformat)

    def convert(self, object_format: str | None = None, *args: Any) -> Any:
        """Return the data as an object of another library."""
        if object_format is None:
            raise ValueError("object_format must be provided")
        converters = self._get_converters()
        try:
            converter = converters[object_format]
        except KeyError:
            known = ", ".join(sorted(converters)) or "none"
            raise ValueError(
                f"The format {object_format} is not implemented for {type(self).__name__}. Implemented: {known}"
            ) from None
        return converter(*args)


def copy_containers(value: Any) -> Any:
    """Copy nested lists, tuples and dictionaries; what they hold (unstored nodes, generators) is shared."""
    kind = type(value)
    if kind is dict:
        return {key: copy_containers(item) for key, item in value.items()}
    if kind is list:
        return [copy_containers(item) for item in value]
    if kind is tuple:
        return tuple(copy_containers(item) for item in value)
    return value
