"""Atomic structures: a cell with periodicity, kinds of atoms, and the sites where they are."""

from aiida._lazy import front_door

_HERE = "aiida.orm.nodes.data.structure"

__getattr__, __dir__, __all__ = front_door(
    __name__,
    {
        "Kind": f"{_HERE}.kind",
        "Site": f"{_HERE}.site",
        "StructureData": f"{_HERE}.data",
        "_DEFAULT_CELL": f"{_HERE}.cell",
        "_MASS_THRESHOLD": f"{_HERE}.kind",
        "_SUM_THRESHOLD": f"{_HERE}.symbols",
        "_atomic_masses": f"{_HERE}.symbols",
        "_atomic_numbers": f"{_HERE}.symbols",
        "_get_dimensionality": f"{_HERE}.cell",
        "_get_valid_cell": f"{_HERE}.cell",
        "_valid_symbols": f"{_HERE}.symbols",
        "ase_refine_cell": f"{_HERE}.convert",
        "atom_kinds_to_html": f"{_HERE}.symbols",
        "calc_cell_volume": f"{_HERE}.cell",
        "create_automatic_kind_name": f"{_HERE}.symbols",
        "get_formula": f"{_HERE}.formula",
        "get_formula_from_symbol_list": f"{_HERE}.formula",
        "get_formula_group": f"{_HERE}.formula",
        "get_symbols_string": f"{_HERE}.symbols",
        "get_valid_pbc": f"{_HERE}.cell",
        "group_symbols": f"{_HERE}.formula",
        "has_ase": f"{_HERE}.convert",
        "has_pymatgen": f"{_HERE}.convert",
        "has_spglib": f"{_HERE}.convert",
        "has_vacancies": f"{_HERE}.symbols",
        "is_ase_atoms": f"{_HERE}.convert",
        "is_valid_symbol": f"{_HERE}.symbols",
        "symop_fract_from_ortho": f"{_HERE}.cell",
        "symop_ortho_from_fract": f"{_HERE}.cell",
        "validate_symbols_tuple": f"{_HERE}.symbols",
        "validate_weights_tuple": f"{_HERE}.symbols",
    },
)
