"""Structures and spglib's tuples; CIF with provenance."""

from __future__ import annotations

from typing import Any

import numpy as np

from aiida import orm
from aiida.common.constants import elements
from aiida.engine.processes.functions import calcfunction
from aiida.orm.nodes.data.structure import Kind, Site, StructureData
from aiida.orm.nodes.data.structure.convert import xyz_parser_iterator

__all__ = ("spglib_tuple_to_structure", "structure_to_spglib_tuple", "xyz_parser_iterator")

SpglibTuple = tuple[Any, Any, list[int]]


@calcfunction
def _get_cif_ase_inline(struct: Any, parameters: Any) -> dict[str, Any]:
    """Return the structure as `CifData`, by way of ASE."""
    kwargs = parameters.get_dict()
    kwargs.pop("symprec", None)
    cif = orm.CifData(ase=struct.get_ase())
    formula = struct.get_formula(mode="hill", separator=" ")
    for name in cif.values.keys():
        cif.values[name]["_symmetry_space_group_name_H-M"] = "P 1"
        cif.values[name]["_symmetry_int_tables_number"] = 1
        cif.values[name]["_chemical_formula_sum"] = formula
    return {"cif": cif}


def structure_to_spglib_tuple(structure: StructureData) -> tuple[SpglibTuple, dict[str, int], list[Kind]]:
    """Return `(cell, scaled positions, numbers)` for spglib, the number of each kind, and the kinds.

    A kind has the atomic number if it is the first of its element, else a thousandfold of it plus a counter; mixed kinds
    are counted from 200,000 on.
    """
    cell = np.array(structure.cell)
    positions = np.array([site.position for site in structure.sites]).reshape(-1, 3) @ np.linalg.inv(cell)
    numbers_of_symbols = {element["symbol"]: number for number, element in elements.items()}
    kinds = structure.kinds
    kind_numbers: dict[str, int] = {}
    further: dict[int, int] = {}
    for kind in kinds:
        mixed = kind.is_alloy or kind.has_vacancies
        number = 200 if mixed else numbers_of_symbols[kind.symbol]
        if mixed or number in kind_numbers.values():
            kind_numbers[str(kind.name)] = number * 1000 + further.get(number, 0)
            further[number] = further.get(number, 0) + 1
        else:
            kind_numbers[str(kind.name)] = number
    numbers = [kind_numbers[name] for name in structure.get_site_kindnames()]
    return (cell, positions, numbers), kind_numbers, kinds


def spglib_tuple_to_structure(
    structure_tuple: SpglibTuple, kind_info: dict[str, int] | None = None, kinds: list[Kind] | None = None
) -> StructureData:
    """Return the structure of spglib's tuple; `kind_info` and `kinds` are as `structure_to_spglib_tuple` returns them."""
    if kind_info is None and kinds is not None:
        raise ValueError("If you pass kinds, you should also pass kind_info")
    if kinds is None and kind_info is not None:
        raise ValueError("If you pass kind_info, you should also pass kinds")
    cell, scaled, numbers = structure_tuple
    if kind_info is not None and kinds is not None:
        by_name = {kind.name: kind for kind in kinds}
        kind_of = {number: by_name[name] for name, number in kind_info.items()}
    else:
        kind_of = _make_kinds(numbers)
    missing = sorted({int(number) for number in numbers} - set(kind_of))
    if missing:
        raise ValueError(f"Unable to find kind in kind_info for number {missing[0]}")
    structure = StructureData(cell=cell)
    for kind in kind_of.values():
        structure.append_kind(kind)
    for position, number in zip(np.array(scaled) @ np.array(cell), numbers, strict=True):
        structure.append_site(Site(kind_name=kind_of[int(number)].name, position=position))
    return structure


def _make_kinds(numbers: list[int]) -> dict[int, Kind]:
    for number in numbers:
        if int(number) not in elements:
            raise ValueError(f"You did not pass kind_info, but at least one number is not a valid Z number: {number}")
    return {number: Kind(symbols=elements[number]["symbol"]) for number in dict.fromkeys(map(int, numbers))}
