"""UpfData: a pseudopotential in the Unified Pseudopotential Format, and the groups ("families") of them.

Kept for what old profiles hold and old scripts do; `aiida-pseudo` is where families of pseudopotentials live today.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import upf_to_json

from aiida.common.constants import elements
from aiida.common.exceptions import MultipleObjectsError, NotExistent, ParsingError, UniquenessError, ValidationError
from aiida.common.files import md5_file, md5_from_filelike
from aiida.common.warnings import warn_deprecation
from aiida.orm.fields import QbField, add_field
from aiida.orm.groups import UpfFamily
from aiida.orm.nodes.data.singlefile import SinglefileData
from aiida.orm.querybuilder import QueryBuilder
from aiida.orm.users import User

if TYPE_CHECKING:
    from typing import Self

    from aiida.storage.store import Store

__all__ = ("UpfData",)

_SYMBOLS = {element["symbol"].lower(): element["symbol"] for element in elements.values()}
_VERSION = re.compile(r"<UPF\s+version\s*=\s*[\"']\s*(?P<version>\d+(\.\d+)*)")
# The element stands alone in a line of a header of version 1, and in an attribute of one of version 2.
_ELEMENT_1 = re.compile(r"^\s*(?P<element>[A-Za-z]{1,2})\s+Element\s*$", re.MULTILINE)
_ELEMENT_2 = re.compile(r"<PP_HEADER\b[^>]*?\belement\s*=\s*[\"']\s*(?P<element>[A-Za-z]{1,2})\s*[\"']", re.DOTALL)


def _warn() -> None:
    warn_deprecation(
        "The `aiida.orm.nodes.data.upf` module is deprecated: use the package `aiida-pseudo`.", version=3, stacklevel=3
    )


def parse_upf(fname: Any, check_filename: bool = True, encoding: str = "utf-8") -> dict[str, Any]:
    """Return version and element of a file (a path, or a stream); its name has to begin with the element."""
    _warn()
    return _parse(fname, check_filename, encoding)


def _parse(fname: Any, check_filename: bool = True, encoding: str = "utf-8") -> dict[str, Any]:
    if hasattr(fname, "read"):
        if check_filename:
            raise ValueError("cannot use filelike objects when `check_filename=True`, use a filepath instead.")
        content = fname.read()
    else:
        content = Path(fname).read_bytes()
    text = content.decode(encoding) if isinstance(content, bytes) else content
    found = _VERSION.search(text)
    version = found.group("version") if found else "1"
    match = (_ELEMENT_2 if found else _ELEMENT_1).search(text)
    symbol = _SYMBOLS.get(match.group("element").lower()) if match else None
    if symbol is None:
        raise ParsingError(f"could not parse the element from the UPF file {fname}")
    if check_filename and re.split(r"[._-]", os.path.basename(fname))[0].lower() != symbol.lower():
        raise ParsingError(
            f"Filename {os.path.basename(fname)} does not correspond to the element {symbol} parsed from its content"
        )
    return {"version": version, "element": symbol}


class UpfData(SinglefileData):
    """A pseudopotential: the file, its element and its checksum."""

    _known_node_type = "data.core.upf.UpfData."
    CHECK_FILENAME: ClassVar[bool] = True

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field("element", dtype=str | None, doc="The element of the pseudopotential", is_attribute=True),
        add_field("md5", dtype=str | None, doc="The md5 checksum of the file", is_attribute=True),
    )

    @classmethod
    def get_or_create(
        cls, filepath: Any, use_first: bool = False, store_upf: bool = True, backend: Store | None = None
    ) -> tuple[UpfData, bool]:
        """Return the node of a file, and whether it is new."""
        _warn()
        if not isinstance(filepath, (str, Path)) or not os.path.isabs(filepath):
            raise ValueError("filepath should be an absolute path")
        found = cls.from_md5(md5_file(str(filepath)), backend=backend)
        if not found:
            node = cls(file=str(filepath), backend=backend)
            return (node.store() if store_upf else node), True
        if len(found) > 1 and not use_first:
            raise ValueError(f"More than one copy of a pseudopotential found: {[node.pk for node in found]}")
        return found[0], False

    @classmethod
    def from_md5(cls, md5: str, backend: Store | None = None) -> list[UpfData]:
        """Return the nodes of files with this checksum."""
        query = QueryBuilder(backend=backend).append(cls, filters={"attributes.md5": {"==": md5}})
        return cast("list[UpfData]", query.all(flat=True))

    def set_file(self, file: Any, filename: str | Path | None = None) -> None:
        """Put a file in place of the one that is there; its element is found in it."""
        _warn()
        parsed = _parse(file, check_filename=self.CHECK_FILENAME)
        if hasattr(file, "seek"):
            file.seek(0)
        super().set_file(file, filename=filename)
        self.base.attributes.set_many({"element": parsed["element"], "md5": self._checksum()})

    def _checksum(self) -> str:
        with self.base.repository.open(self.filename, mode="rb") as handle:
            return md5_from_filelike(handle)

    def store(self, *args: Any, **kwargs: Any) -> Self:
        """Find element and checksum again, and store."""
        if not self.is_stored:
            with self.base.repository.open(self.filename, mode="r") as handle:
                parsed = _parse(handle, check_filename=False)
            self.base.attributes.set_many({"element": parsed["element"], "md5": self._checksum()})
        return super().store(*args, **kwargs)

    @property
    def element(self) -> str | None:
        """The element."""
        return cast("str | None", self.base.attributes.get("element", None))

    @property
    def md5sum(self) -> str | None:
        """The MD5 checksum of the file."""
        return cast("str | None", self.base.attributes.get("md5", None))

    def _validate(self) -> bool:
        super()._validate()
        with self.base.repository.open(self.filename, mode="r") as handle:
            parsed = _parse(handle, check_filename=False)
        if self.element != parsed["element"]:
            raise ValidationError(
                f"the attribute `element` ({self.element}) is not the element of the file: {parsed['element']}"
            )
        if self.md5sum != self._checksum():
            raise ValidationError(f"the attribute `md5` ({self.md5sum}) is not the checksum of the file")
        return True

    def _prepare_upf(self, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        """Return the file."""
        return cast(bytes, self.get_content("rb")), {}

    def _prepare_json(self, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        """Return the content as JSON."""
        return json.dumps(upf_to_json.upf_to_json(self.get_content(), self.filename)).encode("utf-8"), {}

    # -- families ------------------------------------------------------------------------------------------------------

    def get_upf_family_names(self) -> list[str]:
        """Return the labels of the families that hold this node."""
        query = QueryBuilder(backend=self.backend).append(type(self), filters={"id": self.pk}, tag="upf")
        query.append(UpfFamily, with_node="upf", project="label")
        return cast("list[str]", query.all(flat=True))

    @classmethod
    def get_upf_group(cls, group_label: str) -> UpfFamily:
        """Return a family by its label."""
        _warn()
        return cast(UpfFamily, UpfFamily.collection.get(label=group_label))

    @classmethod
    def get_upf_groups(
        cls, filter_elements: Any = None, user: Any = None, backend: Store | None = None
    ) -> list[UpfFamily]:
        """Return the families of a user (or of all) that hold all the given elements, by label."""
        _warn()
        return cls._find_families(filter_elements, user, backend)

    @classmethod
    def _find_families(cls, filter_elements: Any = None, user: Any = None, backend: Store | None = None) -> list[UpfFamily]:
        query = QueryBuilder(backend=backend).append(UpfFamily, tag="group", project="*")
        if user:
            email = user.email if isinstance(user, User) else user
            query.append(User, filters={"email": {"==": email}}, with_group="group")
        wanted = {filter_elements} if isinstance(filter_elements, str) else set(filter_elements or ())
        families = [
            family
            for family in query.distinct().all(flat=True)
            if wanted <= {node.element for node in family.nodes} or not wanted
        ]
        return sorted(families, key=lambda family: cast(str, family.label))


def get_pseudos_from_structure(structure: Any, family_name: str) -> dict[str, UpfData]:
    """Return the pseudopotential of a family for each kind of a structure, by the name of the kind."""
    _warn()
    by_element: dict[str, UpfData] = {}
    for node in UpfFamily.collection.get(label=family_name).nodes:
        if not isinstance(node, UpfData):
            continue
        if node.element in by_element:
            raise MultipleObjectsError(f"More than one UPF for element {node.element} found in family {family_name}")
        by_element[cast(str, node.element)] = node
    pseudos: dict[str, UpfData] = {}
    for kind in structure.kinds:
        if kind.symbol not in by_element:
            raise NotExistent(f"No UPF for element {kind.symbol} found in family {family_name}")
        pseudos[kind.name] = by_element[kind.symbol]
    return pseudos


def upload_upf_family(
    folder: str,
    group_label: str,
    group_description: str,
    stop_if_existing: bool = True,
    backend: Store | None = None,
) -> tuple[int, int]:
    """Put the UPF files of a folder into a family; return how many files there were, and how many nodes are new."""
    _warn()
    if not os.path.isdir(folder):
        raise ValueError("folder must be a directory")
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(".upf"))
    paths = [
        os.path.abspath(os.path.join(folder, name)) for name in names if os.path.isfile(os.path.join(folder, name))
    ]
    families = UpfFamily.get_collection(backend) if backend else UpfFamily.collection
    known = families.find({"label": group_label})
    # A family that is new is stored after all else has been checked: a refused upload leaves nothing behind.
    family = known[0] if known else UpfFamily(label=group_label, backend=backend)
    if family.user.email != User.collection.get_default().email:
        raise UniquenessError(
            f"There is already a UpfFamily with label {group_label}, but it belongs to {family.user.email}"
        )
    nodes = _read_files(paths, stop_if_existing, backend)
    _check_elements([node for node, _ in nodes], list(family.nodes) if known else [])
    family.description = group_description
    family.store()
    for node, is_new in nodes:
        if is_new:
            node.store()
    family.add_nodes([node for node, _ in nodes])
    return len(paths), sum(is_new for _, is_new in nodes)


def _read_files(paths: Sequence[str], stop_if_existing: bool, backend: Store | None) -> list[tuple[UpfData, bool]]:
    nodes = []
    for path in paths:
        existing = UpfData.from_md5(md5_file(path), backend=backend)
        if existing and stop_if_existing:
            raise ValueError(f"A UPF with identical MD5 to {path} cannot be added with stop_if_existing")
        nodes.append((existing[0], False) if existing else (UpfData(file=path, backend=backend), True))
    return nodes


def _check_elements(new: Sequence[UpfData], present: Sequence[Any]) -> None:
    """Refuse a family with two pseudopotentials of one element."""
    pairs = {(node.element, node.md5sum) for node in (*new, *present)}
    symbols = [element for element, _ in pairs]
    twice = sorted({str(element) for element in symbols if symbols.count(element) > 1})
    if twice:
        raise ValueError(f"More than one UPF found for the elements: {', '.join(twice)}.")
