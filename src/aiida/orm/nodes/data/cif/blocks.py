"""Data blocks of CIF: made of ASE's atoms, written by PyCifRW (an optional package), and the formulae in them."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

__all__ = ("ase_loops", "cif_from_ase", "has_pycifrw", "parse_formula", "pycifrw_from_cif", "write_out")

_ATOMS = (
    "label",
    "occupancy",
    "fract_x",
    "fract_y",
    "fract_z",
    "thermal_displace_type",
    "B_iso_or_equiv",
    "U_iso_or_equiv",
    "B_equiv_geom_mean",
)
ase_loops = {"_atom_site": [f"_atom_site_{name}" for name in (*_ATOMS, "type_symbol")]}

# An element with its number, as in `C6`, `Al0.5`; charges in brackets are passed over.
_PART = re.compile(r"([A-Z][a-z]?|\?)\s*(?:\[[^\]]*\])?\s*([0-9]*\.?[0-9]*)")


def has_pycifrw() -> bool:
    """Whether PyCifRW is installed."""
    return find_spec("CifFile") is not None


def parse_formula(formula: str) -> dict[str, int | float]:
    """Return the numbers of atoms by element; unknown ones (`?`) are left out."""
    counts: dict[str, int | float] = {}
    text = formula.strip()
    position = 0
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            raise ValueError(f"`{formula}` is no chemical formula: `{text[position:]}` is not understood")
        symbol, number = found.groups()
        if symbol != "?":
            value = float(number) if number else 1.0
            counts[symbol] = counts.get(symbol, 0) + (int(value) if value.is_integer() else value)
        position = found.end()
        while position < len(text) and text[position] in " \t\n'-":
            position += 1
    return counts


def cif_from_ase(ase: Any, full_occupancies: bool = False, add_fake_biso: bool = False) -> list[dict[str, Any]]:
    """Return data blocks for ASE's atoms, one or several structures."""
    structures = ase if isinstance(ase, (tuple, list)) else (ase,)
    return [_block_of(structure, full_occupancies, add_fake_biso) for structure in structures]


def _block_of(structure: Any, full_occupancies: bool, add_fake_biso: bool) -> dict[str, Any]:
    cell = structure.cell.cellpar()
    block: dict[str, Any] = {f"_cell_length_{axis}": str(value) for axis, value in zip("abc", cell[:3], strict=True)}
    block |= {
        f"_cell_angle_{name}": str(value) for name, value in zip(("alpha", "beta", "gamma"), cell[3:], strict=True)
    }
    if structure.pbc.all():
        block["_symmetry_space_group_name_H-M"] = "P 1"
        block["_symmetry_int_tables_number"] = "1"
        block["_symmetry_equiv_pos_as_xyz"] = ["x, y, z"]
    symbols = structure.get_chemical_symbols()
    seen: dict[str, int] = {}
    labels = []
    for symbol in symbols:
        seen[symbol] = seen.get(symbol, 0) + 1
        labels.append(f"{symbol}{seen[symbol]}")
    block["_atom_site_label"] = labels
    positions = structure.get_scaled_positions().tolist()
    for index, axis in enumerate("xyz"):
        block[f"_atom_site_fract_{axis}"] = [str(place[index]) for place in positions]
    block["_atom_site_type_symbol"] = list(symbols)
    if full_occupancies:
        block["_atom_site_occupancy"] = ["1.0"] * len(symbols)
    if add_fake_biso:
        block["_atom_site_thermal_displace_type"] = ["Biso"] * len(symbols)
        block["_atom_site_B_iso_or_equiv"] = ["1.0"] * len(symbols)
    return block


def pycifrw_from_cif(
    datablocks: Iterable[dict[str, Any]],
    loops: Mapping[str, Sequence[str]] | None = None,
    names: Sequence[str] | None = None,
) -> Any:
    """Return data blocks as PyCifRW's file; `loops` says which tags stand in one loop, `names` how the blocks are called."""
    import CifFile

    cif = CifFile.CifFile()
    cif.set_grammar("1.1")  # what every reader understands
    for index, values in enumerate(datablocks):
        name = str(index) if names is None else names[index]
        block = CifFile.CifBlock()
        cif[name] = block
        looped = _fill_loops(block, values, loops or {})
        for tag, value in values.items():
            if tag in looped:
                continue
            if isinstance(value, (tuple, list)):
                block.CreateLoop([_put(block, tag, list(value))])
            else:
                _put(block, tag, value)
    return cif


def _fill_loops(block: Any, values: dict[str, Any], loops: Mapping[str, Sequence[str]]) -> set[str]:
    """Write the tags that stand together; those of another length than the first stand alone."""
    done: set[str] = set()
    for tags in loops.values():
        present = [tag for tag in tags if isinstance(values.get(tag), (tuple, list))]
        together = [tag for tag in present if len(values[tag]) == len(values[present[0]])]
        if together:
            block.CreateLoop([_put(block, tag, list(values[tag])) for tag in together])
            done.update(together)
    return done


def _put(block: Any, tag: str, value: Any) -> str:
    block[tag] = value
    return tag


def write_out(cif: Any) -> str:
    """Return PyCifRW's file as text; what it prints meanwhile is dropped."""
    with contextlib.redirect_stdout(io.StringIO()):
        return str(cif.WriteOut())
