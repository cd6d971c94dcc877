"""Crystallographic information files as nodes."""

from aiida._lazy import front_door

_HERE = "aiida.orm.nodes.data.cif"

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "CifData": f"{_HERE}.data",
        "ase_loops": f"{_HERE}.blocks",
        "cif_from_ase": f"{_HERE}.blocks",
        "has_pycifrw": f"{_HERE}.blocks",
        "parse_formula": f"{_HERE}.blocks",
        "pycifrw_from_cif": f"{_HERE}.blocks",
    },
)
