"""StructureData: a node that holds an atomic structure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pkgutil import resolve_name
from typing import Any, ClassVar

import numpy as np

from aiida.common.exceptions import ModificationNotAllowed, ValidationError
from aiida.orm.fields import add_field
from aiida.orm.nodes.data.data import Data
from aiida.orm.nodes.data.structure import cell as cells
from aiida.orm.nodes.data.structure import convert, export, formula
from aiida.orm.nodes.data.structure.kind import Kind
from aiida.orm.nodes.data.structure.site import Site

__all__ = ("StructureData",)


class StructureData(Data):
    """A cell, its periodicity, kinds of atoms and their sites; lengths in Å."""

    _set_incompatibilities: ClassVar[list[tuple[str, str]]] = [
        ("ase", "cell"),
        ("ase", "pbc"),
        ("ase", "pymatgen"),
        ("ase", "pymatgen_molecule"),
        ("ase", "pymatgen_structure"),
        ("cell", "pymatgen"),
        ("cell", "pymatgen_molecule"),
        ("cell", "pymatgen_structure"),
        ("pbc", "pymatgen"),
        ("pbc", "pymatgen_molecule"),
        ("pbc", "pymatgen_structure"),
        ("pymatgen", "pymatgen_molecule"),
        ("pymatgen", "pymatgen_structure"),
        ("pymatgen_molecule", "pymatgen_structure"),
    ]
    _dimensionality_label: ClassVar[dict[int, str]] = {0: "", 1: "length", 2: "surface", 3: "volume"}

    __qb_fields__: ClassVar[tuple[Any, ...]] = (
        *(add_field(f"pbc{axis}", dtype=bool, doc=f"periodic along vector {axis}", is_attribute=True) for axis in (1, 2, 3)),
        add_field("cell", dtype=list[list[float]] | None, doc="the three vectors, in Å", is_attribute=True),
        add_field("kinds", dtype=list[dict[str, Any]], doc="kinds of atoms", is_attribute=True),
        add_field("sites", dtype=list[dict[str, Any]], doc="positions of atoms", is_attribute=True),
    )

    def __init__(
        self,
        cell: Any = None,
        pbc: Any = None,
        ase: Any = None,
        pymatgen: Any = None,
        pymatgen_structure: Any = None,
        pymatgen_molecule: Any = None,
        pbc1: bool | None = None,
        pbc2: bool | None = None,
        pbc3: bool | None = None,
        kinds: list[Kind | dict[str, Any]] | None = None,
        sites: list[Site | dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        if pbc1 is not None and pbc is None:
            pbc = (pbc1, bool(pbc2), bool(pbc3))
        given = {
            "cell": cell,
            "pbc": pbc,
            "ase": ase,
            "pymatgen": pymatgen,
            "pymatgen_structure": pymatgen_structure,
            "pymatgen_molecule": pymatgen_molecule,
        }
        for left, right in self._set_incompatibilities:
            if given[left] is not None and given[right] is not None:
                raise ValueError(f"cannot pass {left} and {right} at the same time")
        super().__init__(**kwargs)
        self.set_cell(cells._DEFAULT_CELL if cell is None else cell)
        self.set_pbc((True, True, True) if pbc is None else pbc)
        for name in ("ase", "pymatgen", "pymatgen_structure", "pymatgen_molecule"):
            if given[name] is not None:
                getattr(self, f"set_{name}")(given[name])
        for kind in kinds or ():
            self.append_kind(kind if isinstance(kind, Kind) else Kind(raw=kind))
        for site in sites or ():
            self.append_site(site if isinstance(site, Site) else Site(raw=site))

    def initialize(self) -> None:
        """Start with no kind known to come from a tag of ASE."""
        super().initialize()
        self._tagged_kinds: set[str] = set()

    # -- checks --------------------------------------------------------------------------------------------------------

    def _check_mutable(self) -> None:
        if self.is_stored:
            raise ModificationNotAllowed("The StructureData object cannot be modified, it has already been stored")

    def _validate(self) -> bool:
        super()._validate()
        try:
            cells._get_valid_cell(self.cell)
            cells.get_valid_pbc(self.pbc)
            kinds, sites = self.kinds, self.sites
        except ValueError as error:
            raise ValidationError(f"Invalid structure: {error}") from error
        cells.check_dimensionality(self.pbc, self.cell)
        names = [kind.name for kind in kinds]
        for name in names:
            if names.count(name) > 1:
                raise ValidationError(f"Kind with name '{name}' appears {names.count(name)} times instead of only one")
        used = {site.kind_name for site in sites}
        unknown = sorted(used - set(names))
        if unknown:
            raise ValidationError(f"A site has kind {unknown[0]}, but no specie with that name exists")
        unused = sorted(str(name) for name in set(names) - used)
        if unused:
            raise ValidationError(f"The following kinds are defined, but there are no sites with that kind: {unused}")
        return True

    # -- cell ----------------------------------------------------------------------------------------------------------

    @property
    def cell(self) -> list[list[float]]:
        """The three vectors."""
        return [list(vector) for vector in self.base.attributes.get("cell")]

    @cell.setter
    def cell(self, value: Any) -> None:
        self.set_cell(value)

    def set_cell(self, value: Any) -> None:
        """Set the three vectors."""
        self._check_mutable()
        self.base.attributes.set("cell", cells._get_valid_cell(value))

    def reset_cell(self, new_cell: Any) -> None:
        """Set the three vectors, and leave the sites where they are."""
        self.set_cell(new_cell)

    @property
    def pbc(self) -> tuple[bool, bool, bool]:
        """Periodicity along the three vectors."""
        return (self.pbc1, self.pbc2, self.pbc3)

    @pbc.setter
    def pbc(self, value: Any) -> None:
        self.set_pbc(value)

    def set_pbc(self, value: Any) -> None:
        """Set periodicity, by one boolean or three."""
        self._check_mutable()
        flags = cells.get_valid_pbc(value)
        self.base.attributes.set_many({f"pbc{axis}": flag for axis, flag in enumerate(flags, start=1)})

    @property
    def pbc1(self) -> bool:
        """Periodicity along the first vector."""
        return self.base.attributes.get("pbc1")  # type: ignore[no-any-return]

    @property
    def pbc2(self) -> bool:
        """Periodicity along the second vector."""
        return self.base.attributes.get("pbc2")  # type: ignore[no-any-return]

    @property
    def pbc3(self) -> bool:
        """Periodicity along the third vector."""
        return self.base.attributes.get("pbc3")  # type: ignore[no-any-return]

    @property
    def cell_lengths(self) -> list[float]:
        """The lengths of the three vectors."""
        return cells.get_lengths(self.cell)

    @cell_lengths.setter
    def cell_lengths(self, value: Any) -> None:
        self.set_cell_lengths(value)

    def set_cell_lengths(self, value: Any) -> None:
        """Not supported: lengths and angles do not say how the vectors lie."""
        raise NotImplementedError("lengths alone do not define the vectors: modification is not implemented, use `set_cell`")

    @property
    def cell_angles(self) -> list[float]:
        """The angles between the vectors, in degrees."""
        return cells.get_angles(self.cell)

    @cell_angles.setter
    def cell_angles(self, value: Any) -> None:
        self.set_cell_angles(value)

    def set_cell_angles(self, value: Any) -> None:
        """Not supported: lengths and angles do not say how the vectors lie."""
        raise NotImplementedError("angles alone do not define the vectors: modification is not implemented, use `set_cell`")

    def get_cell_volume(self) -> float:
        """Return the volume of the cell."""
        return cells.calc_cell_volume(self.cell)

    def get_dimensionality(self) -> dict[str, Any]:
        """Return in how many directions the structure is periodic, and the length, area or volume that is repeated."""
        return cells.get_dimensionality(self.pbc, self.cell)

    # -- kinds and sites -----------------------------------------------------------------------------------------------

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of atoms."""
        return [Kind(raw=raw) for raw in self._raw("kinds")]

    @property
    def sites(self) -> list[Site]:
        """The sites."""
        return [Site(raw=raw) for raw in self._raw("sites")]

    def _attributes_for_model(self) -> dict[str, Any]:
        """Return the attributes as their model has them: there a structure without atoms has lists of none."""
        attributes = super()._attributes_for_model()
        return {**attributes, "kinds": attributes.get("kinds") or [], "sites": attributes.get("sites") or []}

    def _raw(self, name: str) -> list[dict[str, Any]]:
        return self._row.attributes.get(name) or []

    def _append_raw(self, name: str, raw: dict[str, Any]) -> None:
        # In place: a structure is built atom by atom, and copying the list each time would cost its square.
        self._row.attributes.setdefault(name, []).append(raw)

    def get_kind(self, kind_name: str) -> Kind:
        """Return the kind with this name."""
        for raw in self._raw("kinds"):
            if raw["name"] == kind_name:
                return Kind(raw=raw)
        raise ValueError(f"Kind name '{kind_name}' unknown")

    def get_kind_names(self) -> list[str]:
        """Return the names of the kinds."""
        return [raw["name"] for raw in self._raw("kinds")]

    def get_site_kindnames(self) -> list[str]:
        """Return the name of the kind at each site."""
        return [raw["kind_name"] for raw in self._raw("sites")]

    def get_symbols_set(self) -> set[str]:
        """Return all symbols."""
        return {symbol for raw in self._raw("kinds") for symbol in raw["symbols"]}

    @property
    def is_alloy(self) -> bool:
        """Whether any kind has more than one symbol."""
        return any(kind.is_alloy for kind in self.kinds)

    @property
    def has_vacancies(self) -> bool:
        """Whether any kind has vacancies."""
        return any(kind.has_vacancies for kind in self.kinds)

    def append_kind(self, kind: Kind) -> None:
        """Add a kind."""
        self._check_mutable()
        if not isinstance(kind, Kind):
            raise ValueError(f"Error using the Kind object. Are you sure it is a Kind object? [Introspection says it is {type(kind)}]")
        if kind.name in self.get_kind_names():
            raise ValueError(f"A kind with the same name ({kind.name}) already exists.")
        self._append_raw("kinds", kind.get_raw())

    def append_site(self, site: Site) -> None:
        """Add a site of a kind that is there."""
        self._check_mutable()
        if not isinstance(site, Site):
            raise ValueError("'site' must be of type Site")
        names = self.get_kind_names()
        if site.kind_name not in names:
            raise ValueError(f"No kind with name '{site.kind_name}', available kinds are: {names}")
        self._append_raw("sites", site.get_raw())

    def append_atom(self, **kwargs: Any) -> None:
        """Add an atom: a site, and its kind if there is none like it. Takes `ase`, or `position` and what a `Kind` takes."""
        self._check_mutable()
        atom = kwargs.pop("ase", None)
        if atom is not None:
            if kwargs:
                raise ValueError("If you pass 'ase' as a parameter to append_atom, you cannot pass any further parameter")
            kind, position = Kind(ase=atom), atom.position
            name = self._add_tagged_kind(kind) if atom.tag else self._add_unnamed_kind(kind)
        else:
            position = kwargs.pop("position", None)
            if position is None:
                raise ValueError("You have to specify the position of the new atom")
            named = kwargs.get("name") is not None
            kind = Kind(**kwargs)
            name = self._add_named_kind(kind) if named else self._add_unnamed_kind(kind)
        self._append_raw("sites", Site(kind_name=name, position=position).get_raw())

    def _add_named_kind(self, kind: Kind) -> str:
        """Add a kind unless it is there; another one of its name must be like it."""
        if kind.name in self.get_kind_names():
            same, difference = kind.compare_with(self.get_kind(str(kind.name)))
            if not same:
                raise ValueError(
                    f"You are explicitly setting the name of the kind to '{kind.name}', that already exists, but the two kinds are "
                    f"different! (first difference: {difference})"
                )
        else:
            self.append_kind(kind)
        return str(kind.name)

    def _add_tagged_kind(self, kind: Kind) -> str:
        """Add a kind that is named after a tag, under another name if a different one has it."""
        if kind.name in self.get_kind_names() and kind.compare_with(self.get_kind(str(kind.name)))[0]:
            return str(kind.name)
        name = self._add_under_free_name(kind)
        self._tagged_kinds.add(name)
        return name

    def _add_unnamed_kind(self, kind: Kind) -> str:
        """Use a kind that is like this one, or add it under a free name; one that stands for a tag is never like it."""
        for known in self.kinds:
            if known.name not in self._tagged_kinds and kind.compare_with(known)[0]:
                return str(known.name)
        return self._add_under_free_name(kind)

    def _add_under_free_name(self, kind: Kind) -> str:
        names, stem, number = set(self.get_kind_names()), kind.name, 0
        while kind.name in names:
            number += 1
            kind.name = f"{stem}{number}"
        self.append_kind(kind)
        return str(kind.name)

    def clear_kinds(self) -> None:
        """Remove all kinds, and with them all sites."""
        self._check_mutable()
        self.base.attributes.set("kinds", [])
        self.clear_sites()

    def clear_sites(self) -> None:
        """Remove all sites."""
        self._check_mutable()
        self.base.attributes.set("sites", [])

    def reset_sites_positions(self, new_positions: Sequence[Iterable[float]], conserve_particle: bool = True) -> None:
        """Move the sites; their number and kinds stay."""
        self._check_mutable()
        if not conserve_particle:
            raise NotImplementedError("the number of sites cannot change: use `clear_sites` and `append_site`")
        names = self.get_site_kindnames()
        if len(new_positions) != len(names):
            raise ValueError("the new positions should be as many as the previous structure.")
        moved = []
        for name, position in zip(names, new_positions, strict=True):
            try:
                moved.append(Site(kind_name=name, position=position).get_raw())
            except ValueError:
                raise ValueError(f"Expecting a list of three floats. Found instead {position!r}") from None
        self.base.attributes.set("sites", moved)

    # -- descriptions --------------------------------------------------------------------------------------------------

    def _site_symbols(self) -> list[str]:
        symbols = {kind.name: kind.get_symbols_string() for kind in self.kinds}
        return [symbols[name] for name in self.get_site_kindnames()]

    def get_formula(self, mode: str = "hill", separator: str = "") -> str:
        """Return the chemical formula; see `formula.get_formula` for the modes."""
        return formula.get_formula(self._site_symbols(), mode, separator)

    def get_composition(self, mode: str = "full") -> dict[str, int | float]:
        """Return how often each species occurs: `full`, `reduced` or `fractional`."""
        return formula.get_composition(self._site_symbols(), mode)

    def get_description(self) -> str:
        """Return the formula."""
        return self.get_formula(mode="hill_compact")

    # -- other libraries -----------------------------------------------------------------------------------------------

    def set_ase(self, aseatoms: Any) -> None:
        """Take all from an `ase.Atoms`."""
        self._check_mutable()
        convert.fill_from_ase(self, aseatoms)

    def set_pymatgen(self, obj: Any, **kwargs: Any) -> None:
        """Take all from a structure or molecule of pymatgen."""
        names = [cls.__name__.lower() for cls in type(obj).__mro__]
        setter = next((getattr(self, f"set_pymatgen_{name}") for name in names if hasattr(self, f"set_pymatgen_{name}")), None)
        if setter is None:
            raise AttributeError(f"Converter for '{type(obj).__name__}' to AiiDA structure does not exist")
        setter(obj, **kwargs)

    def set_pymatgen_molecule(self, mol: Any, margin: float = 5) -> None:
        """Take all from a molecule of pymatgen, in a box that leaves `margin` on each side."""
        self._check_mutable()
        convert.fill_from_pymatgen_molecule(self, mol, margin)

    def set_pymatgen_structure(self, struct: Any) -> None:
        """Take all from a structure of pymatgen."""
        self._check_mutable()
        convert.fill_from_pymatgen_structure(self, struct)

    def get_ase(self) -> Any:
        """Return an `ase.Atoms`."""
        return convert.to_ase(self)

    def get_pymatgen(self, **kwargs: Any) -> Any:
        """Return a structure of pymatgen, or a molecule if nothing is periodic."""
        return self.get_pymatgen_structure(**kwargs) if any(self.pbc) else self.get_pymatgen_molecule(**kwargs)

    def get_pymatgen_structure(self, **kwargs: Any) -> Any:
        """Return a structure of pymatgen; `add_spin=True` makes spins of kinds whose names end with 1 or 2."""
        return convert.to_pymatgen_structure(self, **kwargs)

    def get_pymatgen_molecule(self) -> Any:
        """Return a molecule of pymatgen."""
        return convert.to_pymatgen_molecule(self)

    def get_cif(self, converter: str = "ase", store: bool = False, **kwargs: Any) -> Any:
        """Return a `CifData` made by a calculation function, so that the graph shows where it comes from."""
        # The function lies in a layer above this one, so it is reached by name only.
        name = f"aiida.tools.data.structure:_get_cif_{converter}_inline"
        try:
            function = resolve_name(name)
        except AttributeError:
            raise ValueError(f"No such converter '{converter}' available") from None
        from_dict = resolve_name("aiida.orm:Dict")
        parameters = from_dict(kwargs)
        result = function(struct=self, parameters=parameters, metadata={"store_provenance": store})
        return result["cif"]

    def _get_object_ase(self) -> Any:
        return self.get_ase()

    def _get_object_phonopyatoms(self) -> Any:
        return convert.to_phonopy(self)

    def _get_object_pymatgen(self, **kwargs: Any) -> Any:
        return self.get_pymatgen(**kwargs)

    def _get_object_pymatgen_structure(self, **kwargs: Any) -> Any:
        return self.get_pymatgen_structure(**kwargs)

    def _get_object_pymatgen_molecule(self, **kwargs: Any) -> Any:
        return self.get_pymatgen_molecule(**kwargs)

    # -- files ---------------------------------------------------------------------------------------------------------

    def _prepare_xsf(self, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        return export.render_xsf(self).encode(), {}

    def _prepare_xyz(self, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        return export.render_xyz(self).encode(), {}

    def _prepare_cif(self, main_file_name: str = "") -> tuple[bytes, dict[str, bytes]]:
        return export.render_cif(self).encode(), {}

    def _prepare_chemdoodle(
        self, main_file_name: str = "", supercell_factors: Sequence[int] = (1, 1, 1)
    ) -> tuple[bytes, dict[str, bytes]]:
        return export.render_chemdoodle(self, supercell_factors).encode(), {}

    def _parse_xyz(self, inputstring: str) -> None:
        """Take the sites from XYZ text."""
        self._check_mutable()
        convert.fill_from_xyz(self, inputstring)

    def _adjust_default_cell(
        self, vacuum_factor: float = 1.0, vacuum_addition: float = 10.0, pbc: Sequence[bool] = (False, False, False)
    ) -> None:
        """Set a cell that holds all sites with room around them, for formats that know none."""
        positions = np.array([site.position for site in self.sites])
        extent = positions.max(axis=0) - positions.min(axis=0)
        self.set_cell(np.diag(extent * vacuum_factor + vacuum_addition).tolist())
        self.set_pbc(tuple(pbc))


StructureData.__module__ = "aiida.orm.nodes.data.structure"
