"""Structures as files: XSF, XYZ, CIF, and the JSON of ChemDoodle's viewer."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida.orm.nodes.data.structure.symbols import _atomic_numbers, atom_kinds_to_html

if TYPE_CHECKING:
    from aiida.orm.nodes.data.structure.data import StructureData


def _numbers(values: Any) -> str:
    return " ".join(f"{value:18.10f}" for value in values)


def _symbols(structure: StructureData) -> list[str]:
    """Return the element at each site."""
    symbols = {kind.name: kind.symbols[0] for kind in structure.kinds}
    return [symbols[site.kind_name] for site in structure.sites]


def _refuse_mixed(structure: StructureData, name: str) -> None:
    if structure.is_alloy or structure.has_vacancies:
        raise NotImplementedError(f"{name} for alloys or systems with vacancies not implemented.")


def render_xsf(structure: StructureData) -> str:
    """Return the structure in XCrySDen's format."""
    _refuse_mixed(structure, "XSF")
    sites = structure.sites
    lines = ["CRYSTAL", "PRIMVEC 1", *map(_numbers, structure.cell), "PRIMCOORD 1", f"{len(sites)} 1"]
    lines += [f"{_atomic_numbers[symbol]} {_numbers(site.position)}" for symbol, site in zip(_symbols(structure), sites, strict=True)]
    return "\n".join(lines) + "\n"


def render_xyz(structure: StructureData) -> str:
    """Return the structure in extended XYZ."""
    _refuse_mixed(structure, "XYZ")
    cell = " ".join(str(component) for vector in structure.cell for component in vector)
    pbc = " ".join(str(flag) for flag in structure.pbc)
    lines = [str(len(structure.sites)), f'Lattice="{cell}" pbc="{pbc}"']
    lines += [f"{symbol:6s} {_numbers(site.position)}" for symbol, site in zip(_symbols(structure), structure.sites, strict=True)]
    return "\n".join(lines)


def render_cif(structure: StructureData) -> str:
    """Return the structure as CIF in space group P 1; mixed sites have an atom line per species, with its occupancy."""
    kinds = {kind.name: kind for kind in structure.kinds}
    inverse = np.linalg.inv(np.array(structure.cell))
    counts: Counter[str] = Counter()
    rows = []
    for site in structure.sites:
        fractional = np.array(site.position) @ inverse
        kind = kinds[site.kind_name]
        for symbol, weight in zip(kind.symbols, kind.weights, strict=True):
            counts[symbol] += 1
            x, y, z = (f"{value:.10f}" for value in fractional)
            rows.append(f"  {symbol}{counts[symbol]} {x} {y} {z} {symbol} {weight:g}")
    a, b, c = structure.cell_lengths
    alpha, beta, gamma = structure.cell_angles
    header = [
        "data_0",
        f"_chemical_formula_sum '{structure.get_formula('hill', ' ')}'",
        *(f"_cell_length_{name} {value:.10f}" for name, value in zip("abc", (a, b, c), strict=True)),
        *(f"_cell_angle_{name} {value:.10f}" for name, value in zip(("alpha", "beta", "gamma"), (alpha, beta, gamma), strict=True)),
        "_symmetry_space_group_name_H-M 'P 1'",
        "_symmetry_Int_Tables_number 1",
        "loop_",
        "  _symmetry_equiv_pos_as_xyz",
        "  'x, y, z'",
        "loop_",
        *(f"  _atom_site_{name}" for name in "label fract_x fract_y fract_z type_symbol occupancy".split()),
    ]
    return "\n".join([*header, *rows]) + "\n"


_EDGES = ("o", "x", "y", "z", "xy", "xz", "yz", "xyz")


def render_chemdoodle(structure: StructureData, supercell_factors: Any = (1, 1, 1)) -> str:
    """Return the structure as ChemDoodle's JSON: the atoms of a supercell with the cell's edges, around the origin."""
    if len(supercell_factors) != 3 or not all(isinstance(factor, int) and factor > 0 for factor in supercell_factors):
        raise ValueError("supercell_factors must be three positive integers")
    cell = np.array(structure.cell)
    centre = sum(vector * factor for vector, factor in zip(cell, supercell_factors, strict=True)) / 2
    names = {kind.name: kind.get_symbols_string() for kind in structure.kinds}
    atoms = []
    for steps in itertools.product(*(range(factor) for factor in supercell_factors)):
        shift = np.array(steps) @ cell - centre
        for site in structure.sites:
            x, y, z = (float(value) for value in np.array(site.position) + shift)
            label = names[site.kind_name]
            atoms.append({"l": label, "x": x, "y": y, "z": z, "atomic_elements_html": atom_kinds_to_html(label)})
    corners: dict[str, Any] = {"t": "UnitCell", "i": "s0"}
    for edge in _EDGES:
        vectors = [cell["xyz".index(letter)] for letter in edge if letter != "o"]
        corners[edge] = [float(value) for value in sum(vectors, -centre)]
    return json.dumps({"s": [corners], "m": [{"a": atoms}], "units": "&Aring;"})
