"""CifData: a crystallographic information file as a node, with what is asked of it most in the attributes."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from aiida.common.constants import elements
from aiida.common.exceptions import ValidationError
from aiida.common.files import md5_file, md5_from_filelike
from aiida.orm.fields import QbField, add_field
from aiida.orm.nodes.data.cif.blocks import (
    ase_loops,
    cif_from_ase,
    parse_formula,
    pycifrw_from_cif,
    write_out,
)
from aiida.orm.nodes.data.singlefile import SinglefileData
from aiida.orm.querybuilder import QueryBuilder

if TYPE_CHECKING:
    from typing import Self

    from aiida.storage.store import Store

__all__ = ("CifData",)

_UNKNOWN = ("?", ".")
_SPACEGROUP_TAGS = ("_space_group.it_number", "_space_group_it_number", "_symmetry_int_tables_number")


class CifData(SinglefileData):
    """A crystallographic information file."""

    _known_node_type = "data.core.cif.CifData."
    _SET_INCOMPATIBILITIES: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ase", "file"),
        ("ase", "values"),
        ("file", "values"),
    )
    _SCAN_TYPES: ClassVar[tuple[str, ...]] = ("standard", "flex")
    _SCAN_TYPE_DEFAULT: ClassVar[str] = "standard"
    _PARSE_POLICIES: ClassVar[tuple[str, ...]] = ("eager", "lazy")
    _PARSE_POLICY_DEFAULT: ClassVar[str] = "eager"

    __qb_fields__: ClassVar[tuple[QbField, ...]] = (
        add_field(
            "formulae", dtype=list[str] | None, doc="List of formulae contained in the CIF file", is_attribute=True
        ),
        add_field(
            "spacegroup_numbers",
            dtype=list[str] | None,
            doc="List of space group numbers of the structure",
            is_attribute=True,
        ),
        add_field("md5", dtype=str | None, doc="MD5 checksum of the file contents", is_attribute=True),
        add_field("scan_type", dtype=str | None, doc="How PyCifRW scans the file", is_attribute=True),
        add_field("parse_policy", dtype=str | None, doc="Whether the file is parsed at once", is_attribute=True),
    )

    def __init__(
        self,
        ase: Any = None,
        file: Any = None,
        filename: str | Path | None = None,
        values: Any = None,
        scan_type: str | None = None,
        parse_policy: str | None = None,
        **kwargs: Any,
    ) -> None:
        given = {"ase": ase, "file": file, "values": values}
        for left, right in self._SET_INCOMPATIBILITIES:
            if given[left] is not None and given[right] is not None:
                raise ValueError(f"cannot pass {left} and {right} at the same time")
        super().__init__(file, filename=filename, **kwargs)
        self.set_scan_type(scan_type or self._SCAN_TYPE_DEFAULT)
        self.set_parse_policy(parse_policy or self._PARSE_POLICY_DEFAULT)
        if ase is not None:
            self.set_ase(ase)
        if values is not None:
            self.set_values(values)
        if file is not None and self.parse_policy == "eager":
            self.parse()

    def initialize(self) -> None:
        """Start with nothing parsed."""
        super().initialize()
        self._values: Any = None
        self._ase: Any = None
        # The values are the source and the file is written from them, not the other way round.
        self._made_of_values = False

    # -- making --------------------------------------------------------------------------------------------------------

    @staticmethod
    def read_cif(fileobj: Any, index: int = -1, **kwargs: Any) -> Any:
        """Return a structure of a file as ASE's atoms; the last one, unless `index` says otherwise."""
        from ase.io.cif import read_cif

        structures = list(read_cif(fileobj, index=slice(None), **kwargs))
        if not structures:
            raise ValueError("the CIF file holds no structure")
        return structures[index]

    @classmethod
    def from_md5(cls, md5: str, backend: Store | None = None) -> list[CifData]:
        """Return the nodes of files with this checksum."""
        query = QueryBuilder(backend=backend).append(cls, filters={"attributes.md5": {"==": md5}})
        return cast("list[CifData]", query.all(flat=True))

    @classmethod
    def get_or_create(cls, filename: Any, use_first: bool = False, store_cif: bool = True) -> tuple[CifData, bool]:
        """Return the node of a file, and whether it is new."""
        found = cls.from_md5(md5_file(filename))
        if not found:
            node = cls(file=str(Path(filename).absolute()))
            return (node.store() if store_cif else node), True
        if len(found) > 1 and not use_first:
            raise ValueError(
                f"More than one copy of a CIF file with the same MD5 has been found: {[one.pk for one in found]}"
            )
        return found[0], False

    def set_file(self, file: Any, filename: str | Path | None = None) -> None:
        """Put a file in place of the one that is there; nothing is known of it before it is parsed."""
        super().set_file(file, filename=filename)
        self._values = self._ase = None
        self._made_of_values = False
        self.base.attributes.set("md5", self.generate_md5())
        self.base.attributes.set_many({"formulae": None, "spacegroup_numbers": None})

    @property
    def ase(self) -> Any:
        """The (last) structure as ASE's atoms."""
        if self._ase is None:
            self._ase = self.get_ase()
        return self._ase

    @ase.setter
    def ase(self, aseatoms: Any) -> None:
        self.set_ase(aseatoms)

    def get_ase(self, **kwargs: Any) -> Any:
        """Return the (last) structure as ASE's atoms; keywords go to ASE's reader."""
        with self.open() as handle:
            return self.read_cif(handle, **kwargs)

    def set_ase(self, aseatoms: Any) -> None:
        """Take the content from ASE's atoms."""
        self.set_values(pycifrw_from_cif(cif_from_ase(aseatoms), ase_loops))

    @property
    def values(self) -> Any:
        """The content as PyCifRW's file: data blocks by name, values by tag. It may be changed until the node is stored."""
        if self._values is None:
            import CifFile

            with self._as_text() as handle:
                self._values = CifFile.ReadCif(
                    handle, grammar="auto", scantype=self.scan_type or self._SCAN_TYPE_DEFAULT
                )
        return self._values

    @values.setter
    def values(self, values: Any) -> None:
        self.set_values(values)

    def set_values(self, values: Any) -> None:
        """Take the content from PyCifRW's file."""
        self.set_file(io.BytesIO(write_out(values).encode()), filename=self.base.attributes.get("filename", None))
        self._values = values
        self._made_of_values = True

    @contextlib.contextmanager
    def _as_text(self) -> Iterator[io.StringIO]:
        # PyCifRW looks at attributes of the stream that those of the repository do not have.
        yield io.StringIO(cast(str, self.get_content()))

    @property
    def scan_type(self) -> str | None:
        """How PyCifRW scans the file: `standard` or `flex`."""
        return cast("str | None", self.base.attributes.get("scan_type", None))

    def set_scan_type(self, scan_type: Literal["standard", "flex"] | str) -> None:
        """Set how PyCifRW scans the file."""
        if scan_type not in self._SCAN_TYPES:
            raise ValueError(f"Got unknown scan_type {scan_type}")
        self.base.attributes.set("scan_type", scan_type)

    @property
    def parse_policy(self) -> str | None:
        """Whether a file is parsed at once (`eager`) or when something is asked (`lazy`)."""
        return cast("str | None", self.base.attributes.get("parse_policy", None))

    def set_parse_policy(self, parse_policy: Literal["eager", "lazy"] | str) -> None:
        """Set whether a file is parsed at once."""
        if parse_policy not in self._PARSE_POLICIES:
            raise ValueError(f"Got unknown parse_policy {parse_policy}")
        self.base.attributes.set("parse_policy", parse_policy)

    def parse(self, scan_type: str | None = None) -> None:
        """Find formulae and space groups in the file."""
        if scan_type is not None:
            self.set_scan_type(scan_type)
        self.base.attributes.set_many(
            {"formulae": self.get_formulae(), "spacegroup_numbers": self.get_spacegroup_numbers()}
        )

    def store(self, *args: Any, **kwargs: Any) -> Self:
        """Write the values into the file if the content is made of them, take its checksum, and store."""
        if not self.is_stored:
            if self._made_of_values:
                self.set_values(self._values)
            self.base.attributes.set("md5", self.generate_md5())
        return super().store(*args, **kwargs)

    # -- what is in it -------------------------------------------------------------------------------------------------

    @property
    def formulae(self) -> Any:
        """The formula of each data block."""
        return self.base.attributes.get("formulae", None)

    @property
    def spacegroup_numbers(self) -> Any:
        """The number of the space group of each data block."""
        return self.base.attributes.get("spacegroup_numbers", None)

    @property
    def md5(self) -> str | None:
        """The MD5 checksum of the file."""
        return cast("str | None", self.base.attributes.get("md5", None))

    def generate_md5(self) -> str:
        """Return the MD5 checksum of the file."""
        with self.open(mode="rb") as handle:
            return md5_from_filelike(handle)

    def get_formulae(self, mode: str = "sum", custom_tags: Any = None) -> list[str | None]:
        """Return the formula of each data block: from the tag for `mode`, or the first of `custom_tags` that is there."""
        custom = [custom_tags] if isinstance(custom_tags, str) else list(custom_tags or ())
        tags = [*custom, f"_chemical_formula_{mode}"]
        return [next((block[tag] for tag in tags if tag in block.keys()), None) for block in self._blocks()]

    def get_spacegroup_numbers(self) -> list[int | None]:
        """Return the number of the space group of each data block, `None` where it is not said."""
        numbers: list[int | None] = []
        for block in self._blocks():
            text = next((str(block[tag]) for tag in _SPACEGROUP_TAGS if tag in block.keys()), "")
            found = re.match(r"\s*(\d+)", text)
            number = int(found.group(1)) if found else 0
            numbers.append(number if 1 <= number <= 230 else None)
        return numbers

    def _blocks(self) -> list[Any]:
        values = self.values
        return [values[name] for name in values.keys()]

    def _columns(self, tag: str) -> Iterator[list[str]]:
        for block in self._blocks():
            if tag in block.keys():
                value = block[tag]
                yield [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]

    @property
    def has_partial_occupancies(self) -> bool:
        """Whether a site is not fully occupied."""
        for column in self._columns("_atom_site_occupancy"):
            for text in column:
                number = re.sub(r"\(.*\)", "", text)
                with contextlib.suppress(ValueError):
                    if abs(float(number) - 1.0) > 1e-6:
                        return True
        return False

    @property
    def has_attached_hydrogens(self) -> bool:
        """Whether hydrogens are attached to sites instead of being sites."""
        return any(
            text not in _UNKNOWN and text != "0"
            for column in self._columns("_atom_site_attached_hydrogens")
            for text in column
        )

    @property
    def has_atomic_sites(self) -> bool:
        """Whether there are coordinates of atoms."""
        return any(column for column in self._columns("_atom_site_fract_x"))

    @property
    def has_undefined_atomic_sites(self) -> bool:
        """Whether there are no coordinates of atoms, or unknown ones."""
        if not self.has_atomic_sites:
            return True
        return any(
            text in _UNKNOWN
            for axis in "xyz"
            for column in self._columns(f"_atom_site_fract_{axis}")
            for text in column
        )

    @property
    def has_unknown_species(self) -> bool | None:
        """Whether a formula names something that is no element; `None` if there is no formula to tell."""
        if not any(formula and formula != "?" for formula in self.get_formulae()):
            return None
        known = {element["symbol"] for element in elements.values() if element["symbol"] != "X"} | {"D"}
        return any(
            not set(parse_formula(formula)) <= known for formula in self.get_formulae() if formula and formula != "?"
        )

    def get_structure(self, converter: str = "pymatgen", store: bool = False, **kwargs: Any) -> Any:
        """Return a `StructureData` made by a calculation function, so that the graph shows where it comes from."""
        # The functions lie in a layer above this one, so they are reached by name only.
        try:
            function = resolve_name(f"aiida.tools.data.cif:_get_aiida_structure_{converter}_inline")
        except AttributeError:
            raise ValueError(f"No such converter '{converter}' available") from None
        parameters = resolve_name("aiida.orm:Dict")(kwargs)
        result = function(cif=self, parameters=parameters, metadata={"store_provenance": store})
        return result["structure"]

    # -- files ---------------------------------------------------------------------------------------------------------

    def _prepare_cif(self, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        """Return the file."""
        return cast(bytes, self.get_content("rb")), {}

    def _get_object_ase(self) -> Any:
        return self.ase

    def _get_object_pycifrw(self) -> Any:
        return self.values

    def _validate(self) -> bool:
        super()._validate()
        if self.md5 is None:
            raise ValidationError("attribute 'md5' not set.")
        if self.md5 != self.generate_md5():
            raise ValidationError(f"Attribute 'md5' says '{self.md5}' but '{self.generate_md5()}' was parsed instead.")
        return True


CifData.__module__ = "aiida.orm.nodes.data.cif"
