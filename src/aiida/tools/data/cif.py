"""From CIF to structures, with provenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiida import orm
from aiida.engine.processes.functions import calcfunction
from aiida.orm.nodes.data.structure import ase_refine_cell

__all__ = ("InvalidOccupationsError", "refine_inline", "symop_string_from_symop_matrix_tr")


class InvalidOccupationsError(Exception):
    """The occupancies of a site add up to more than one."""


@calcfunction
def _get_aiida_structure_ase_inline(cif: Any, parameters: Any) -> dict[str, Any]:
    """Return the structure by way of ASE; `parameters` go to its reader, but `occupancy_tolerance` and `site_tolerance`."""
    kwargs = parameters.get_dict()
    for name in ("occupancy_tolerance", "site_tolerance"):
        kwargs.pop(name, None)
    return {"structure": orm.StructureData(ase=cif.get_ase(**kwargs))}


@calcfunction
def _get_aiida_structure_pymatgen_inline(cif: Any, parameters: Any) -> dict[str, Any]:
    """Return the structure by way of pymatgen; `occupancy_tolerance` and `site_tolerance` are for its parser, the rest for parsing."""
    from pymatgen.io.cif import CifParser

    kwargs = {"primitive": False, "symmetrized": False, **parameters.get_dict()}
    if "primitive_cell" in kwargs:  # the name that ASE has for it
        kwargs["primitive"] = kwargs.pop("primitive_cell")
    if not kwargs["symmetrized"]:
        del kwargs["symmetrized"]
    tolerances = {name: kwargs.pop(name) for name in ("occupancy_tolerance", "site_tolerance") if name in kwargs}
    parser = CifParser.from_str(cif.get_content(), **tolerances)
    try:
        structures = parser.parse_structures(**kwargs)
    except ValueError as exception:
        loose = CifParser.from_str(cif.get_content(), **{**tolerances, "occupancy_tolerance": 1e10})
        try:
            loose.parse_structures(**kwargs)
        except ValueError:
            raise ValueError(f"pymatgen failed to provide a structure from the cif file: {exception}") from exception
        raise InvalidOccupationsError(
            "detected atomic sites with an occupation number larger than the tolerance; set `occupancy_tolerance`"
        ) from exception
    if not structures:
        raise ValueError("pymatgen failed to provide a structure from the cif file")
    return {"structure": orm.StructureData(pymatgen_structure=structures[0])}


def symop_string_from_symop_matrix_tr(matrix: Any, tr: Sequence[float] = (0, 0, 0), eps: float = 0) -> str:
    """Return a symmetry operation, a rotation and a translation, as CIF writes it: `x,-y+0.5,z`."""
    return ",".join(_coordinate(row, shift, eps) for row, shift in zip(matrix, tr, strict=True))


def _coordinate(row: Sequence[float], shift: float, eps: float) -> str:
    signed = [("-" if factor < -eps else "+", name) for factor, name in zip(row, "xyz", strict=True) if abs(factor) > eps]
    text = "".join(sign + name for sign, name in signed).removeprefix("+")
    return text + (f"{'+' if shift > 0 else ''}{float(shift)}" if abs(shift) > eps else "")


@calcfunction
def refine_inline(node: Any) -> dict[str, Any]:
    """Return the CIF with the conventional cell and only the atoms that symmetry does not repeat, and its symmetry."""
    names = node.values.keys()
    if len(names) > 1:
        raise ValueError("CifData seems to contain more than one data block -- multiblock CIF files are not supported yet")
    name = names[0]
    given = node.get_ase()
    atoms, symmetry = ase_refine_cell(given)
    cif = orm.CifData(ase=atoms)
    made = cif.values.keys()[0]
    if made != name:
        cif.values.rename(made, name)
    block = cif.values[name]
    block["_symmetry_space_group_name_H-M"] = symmetry["hm"]
    block["_symmetry_space_group_name_Hall"] = symmetry["hall"]
    block["_symmetry_Int_Tables_number"] = symmetry["tables"]
    operations = zip(symmetry["rotations"], symmetry["translations"], strict=True)
    block["_symmetry_equiv_pos_as_xyz"] = [symop_string_from_symop_matrix_tr(*operation) for operation in operations]
    # Of the whole cell: what is left of the atoms would say another.
    block["_chemical_formula_sum"] = orm.StructureData(ase=given).get_formula(mode="hill", separator=" ")
    return {"cif": cif}
