"""From CIF to structures, with provenance."""

from __future__ import annotations

from typing import Any

from aiida import orm
from aiida.engine.processes.functions import calcfunction

__all__ = ("InvalidOccupationsError",)


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
