"""Structures from and to objects of ASE, pymatgen, phonopy and spglib, and from XYZ text. These libraries are optional."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

from aiida.orm.nodes.data.structure.kind import Kind

if TYPE_CHECKING:
    from aiida.orm.nodes.data.structure.data import StructureData


def has_ase() -> bool:
    """Return whether ASE is installed."""
    return find_spec("ase") is not None


def has_pymatgen() -> bool:
    """Return whether pymatgen is installed."""
    return find_spec("pymatgen") is not None


def has_spglib() -> bool:
    """Return whether spglib is installed."""
    return find_spec("spglib") is not None


def library(name: str) -> Any:
    """Return a module of an optional library; `Any`, as whether it has types depends on what is installed."""
    return import_module(name)


def is_ase_atoms(ase_atoms: Any) -> bool:
    """Return whether the object is an `ase.Atoms`."""
    return isinstance(ase_atoms, library("ase").Atoms)


# --- ASE --------------------------------------------------------------------------------------------------------------


def fill_from_ase(structure: StructureData, atoms: Any) -> None:
    """Take cell, periodicity and sites from an `ase.Atoms`."""
    if not is_ase_atoms(atoms):
        raise TypeError("The value is not an ase.Atoms object")
    structure.cell = atoms.cell
    structure.pbc = atoms.pbc
    structure.clear_kinds()
    for atom in atoms:
        structure.append_atom(ase=atom)


def to_ase(structure: StructureData) -> Any:
    """Return an `ase.Atoms`; names of kinds become tags."""
    kinds = structure.kinds
    atoms = library("ase").Atoms(cell=structure.cell, pbc=structure.pbc)
    for site in structure.sites:
        atoms.append(site.get_ase(kinds=kinds))
    return atoms


def ase_refine_cell(aseatoms: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    """Return the conventional cell with the atoms that symmetry does not repeat, and the symmetry, by spglib."""
    spglib = library("spglib")
    cell, positions, numbers = spglib.refine_cell((aseatoms.cell, aseatoms.get_scaled_positions(), aseatoms.numbers), **kwargs)
    refined = library("ase").Atoms(numbers, scaled_positions=positions, cell=cell, pbc=True)
    dataset = spglib.get_symmetry_dataset((refined.cell, refined.get_scaled_positions(), refined.numbers), **kwargs)
    # spglib's result was a dictionary once, and has attributes now.
    get: Any = dataset.get if isinstance(dataset, dict) else lambda name: getattr(dataset, name)
    unique = sorted({int(at) for at in get("equivalent_atoms")})
    symmetry = {
        "hm": get("international"),
        "hall": get("hall"),
        "tables": get("number"),
        "rotations": get("rotations"),
        "translations": get("translations"),
    }
    return refined[unique], symmetry


# --- pymatgen ---------------------------------------------------------------------------------------------------------

# pymatgen's spin of a species stands for these ends of names.
_SPIN_SUFFIXES = {-1: "1", 1: "2"}


def fill_from_pymatgen_molecule(structure: StructureData, molecule: Any, margin: float = 5) -> None:
    """Take a molecule, put in a box that leaves `margin` (Å) on each side."""
    coordinates = molecule.cart_coords
    box = (max(coordinates[:, at].tolist()) - min(coordinates[:, at].tolist()) + 2 * margin for at in range(3))
    fill_from_pymatgen_structure(structure, molecule.get_boxed_structure(*box))
    structure.pbc = (False, False, False)


def fill_from_pymatgen_structure(structure: StructureData, other: Any) -> None:
    """Take cell, periodicity and sites; a site property `kind_name` names the kinds."""
    structure.cell = other.lattice.matrix.tolist()
    structure.pbc = tuple(bool(flag) for flag in getattr(other.lattice, "pbc", (True, True, True)))
    structure.clear_kinds()
    for site in other.sites:
        structure.append_atom(position=site.coords.tolist(), **_describe_species(site))


def _describe_species(site: Any) -> dict[str, Any]:
    symbols = [specie.symbol for specie in site.species]
    found: dict[str, Any] = {"symbols": symbols, "weights": list(site.species.values())}
    kind_name = site.properties.get("kind_name")
    if kind_name is not None:
        found["name"] = kind_name
        return found
    suffixes = {_find_suffix(specie) for specie in site.species} - {""}
    if len(suffixes) == 1:
        found["name"] = Kind(**found).name + suffixes.pop()  # type: ignore[operator]
    return found


def _find_suffix(specie: Any) -> str:
    spin = getattr(specie, "spin", None)
    return "" if not spin else _SPIN_SUFFIXES[-1 if spin < 0 else 1]


def to_pymatgen_structure(structure: StructureData, **kwargs: Any) -> Any:
    """Return a `pymatgen.core.Structure`; `add_spin=True` makes spins of kinds whose names end with 1 (down) or 2 (up)."""
    core = library("pymatgen.core")
    add_spin = kwargs.pop("add_spin", False)
    if kwargs:
        raise ValueError(f"Unrecognized parameters passed to pymatgen converter: {kwargs.keys()}")
    kinds = {kind.name: kind for kind in structure.kinds}
    sites = structure.sites
    species: list[Any] = []
    for site in sites:
        kind = kinds[site.kind_name]
        if add_spin:
            spin = _find_spin(site.kind_name)
            species.append({core.Species(symbol, 0, spin=spin): weight for symbol, weight in zip(kind.symbols, kind.weights, strict=True)})
        else:
            species.append(dict(zip(kind.symbols, kind.weights, strict=True)))
    properties = None
    if not add_spin and not structure.is_alloy and not structure.has_vacancies:
        properties = {"kind_name": [site.kind_name for site in sites]}
    lattice = core.Lattice(structure.cell, pbc=structure.pbc)
    return core.Structure(lattice, species, [site.position for site in sites], coords_are_cartesian=True, site_properties=properties)


def _find_spin(kind_name: str) -> int:
    digits = re.search(r"\d+$", kind_name)
    return {"1": -1, "2": 1}.get(digits[0], 0) if digits else 0


def to_pymatgen_molecule(structure: StructureData) -> Any:
    """Return a `pymatgen.core.Molecule`."""
    kinds = {kind.name: kind for kind in structure.kinds}
    sites = structure.sites
    species = [dict(zip(kinds[site.kind_name].symbols, kinds[site.kind_name].weights, strict=True)) for site in sites]
    return library("pymatgen.core").Molecule(species, [site.position for site in sites])


def to_phonopy(structure: StructureData) -> Any:
    """Return a `PhonopyAtoms`."""
    atoms = to_ase(structure)
    return library("phonopy.structure.atoms").PhonopyAtoms(
        symbols=atoms.get_chemical_symbols(), positions=atoms.get_positions(), cell=structure.cell, masses=atoms.get_masses()
    )


# --- XYZ --------------------------------------------------------------------------------------------------------------

_ATOM = re.compile(r"\s*([A-Z][a-z]{0,2}\S*)\s+(\S+)\s+(\S+)\s+(\S+)")

XyzFrame = tuple[int, str, Iterator[tuple[str, tuple[float, float, float]]]]


def xyz_parser_iterator(xyz_string: str) -> Iterator[XyzFrame]:
    """Iterate over the frames of an XYZ text: the number of atoms, the comment, and the atoms as (symbol, position)."""
    lines = iter(xyz_string.splitlines())
    for line in lines:
        if not line.strip():
            continue
        try:
            number = int(line.strip())
        except ValueError:
            return
        comment = next(lines, "")
        atoms = [_parse_atom(one) for one in islice(lines, number)]
        if len(atoms) != number:
            raise TypeError(f"The data announces {number} atoms, but has only {len(atoms)}")
        yield number, comment, iter(atoms)


def _parse_atom(line: str) -> tuple[str, tuple[float, float, float]]:
    match = _ATOM.match(line)
    if match is None:
        raise TypeError(f"not a line of an atom in XYZ: {line!r}")
    x, y, z = (float(text) for text in match.groups()[1:])
    return match[1], (x, y, z)


def fill_from_xyz(structure: StructureData, text: str) -> None:
    """Take the sites of the last frame; the cell is left, and nothing is periodic."""
    last = None
    for _, _, atoms in xyz_parser_iterator(text):
        last = list(atoms)
    if last is None:
        raise TypeError("The data does not contain any XYZ data")
    structure.clear_kinds()
    structure.pbc = (False, False, False)
    for symbol, position in last:
        structure.append_atom(symbols=symbol, position=position)


