"""Paths through the Brillouin zone by the library seekpath."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from aiida.orm.nodes.data.array.kpoints import KpointsData
from aiida.orm.nodes.data.dict import Dict
from aiida.orm.nodes.data.structure.data import StructureData
from aiida.tools.data.structure import spglib_tuple_to_structure, structure_to_spglib_tuple

__all__ = ("get_explicit_kpoints_path", "get_kpoints_path")

_STRUCTURES = {"primitive_structure": "primitive", "conv_structure": "conv"}


def get_kpoints_path(structure: StructureData, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the special points and the path between them, and the structures to which they refer."""
    found, structures = _run("get_path", structure, parameters)
    return {"parameters": Dict(found), **structures}


def get_explicit_kpoints_path(structure: StructureData, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the points along the path as well; neighbours are `reference_distance` (1/Å) apart, or a little less."""
    found, structures = _run("get_explicit_k_path", structure, parameters)
    kpoints = KpointsData()
    kpoints.set_cell(structures["primitive_structure"].cell, (True, True, True))
    labels = [(index, label) for index, label in enumerate(found["explicit_kpoints_labels"]) if label]
    kpoints.set_kpoints(found["explicit_kpoints_rel"], labels=labels)
    for name in ("explicit_kpoints_abs", "explicit_kpoints_labels", "reciprocal_primitive_lattice", *_parts("primitive"), *_parts("conv")):
        found.pop(name, None)
    return {"parameters": Dict(found), "explicit_kpoints": kpoints, **structures}


def _run(name: str, structure: StructureData, parameters: dict[str, Any]) -> tuple[dict[str, Any], dict[str, StructureData]]:
    """Run a function of seekpath; returns its result in plain types, and the structures in it as nodes."""
    library = import_module("seekpath")
    cell, kind_numbers, kinds = structure_to_spglib_tuple(structure)
    found = dict(getattr(library, name)(structure=cell, **parameters))
    structures = {}
    for output, prefix in _STRUCTURES.items():
        lattice, positions, types = (found[name] for name in _parts(prefix))
        structures[output] = spglib_tuple_to_structure((lattice, positions, types), kind_numbers, kinds)
    return {key: _plain(value) for key, value in found.items()}, structures


def _parts(prefix: str) -> tuple[str, ...]:
    return tuple(f"{prefix}_{part}" for part in ("lattice", "positions", "types"))


def _plain(value: Any) -> Any:
    """Return arrays and numbers of numpy as what JSON knows."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
