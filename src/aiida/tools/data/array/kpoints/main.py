"""Paths through the Brillouin zone, by one of several methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiida.orm.nodes.data.structure.data import StructureData
from aiida.tools.data.array.kpoints import seekpath

__all__ = ("get_explicit_kpoints_path", "get_kpoints_path")

Method = tuple[Callable[[StructureData, dict[str, Any]], dict[str, Any]], frozenset[str]]

_COMMON = frozenset({"with_time_reversal", "recipe", "threshold", "symprec", "angle_tolerance"})
_PATHS: dict[str, Method] = {"seekpath": (seekpath.get_kpoints_path, _COMMON)}
_EXPLICIT_PATHS: dict[str, Method] = {"seekpath": (seekpath.get_explicit_kpoints_path, _COMMON | {"reference_distance"})}


def get_kpoints_path(structure: StructureData, method: str = "seekpath", **kwargs: Any) -> dict[str, Any]:
    """Return the special points and the path between them.

    :return: `parameters` (with `point_coords` and `path`), and for `seekpath` `primitive_structure` and `conv_structure`: the
        coordinates refer to that primitive structure, which may differ from the given one.
    """
    return _call(_PATHS, structure, method, kwargs)


def get_explicit_kpoints_path(structure: StructureData, method: str = "seekpath", **kwargs: Any) -> dict[str, Any]:
    """Return the points along the path, as `explicit_kpoints`, besides what `get_kpoints_path` returns."""
    return _call(_EXPLICIT_PATHS, structure, method, kwargs)


def _call(methods: dict[str, Method], structure: StructureData, method: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    if method not in methods:
        raise ValueError(f"the method '{method}' is not implemented; available are: {', '.join(methods)}")
    if not isinstance(structure, StructureData):
        raise TypeError(f"a path is found for a StructureData, not for {type(structure)}")
    function, known = methods[method]
    unknown = set(kwargs) - known
    if unknown:
        raise ValueError(f"unknown arguments {unknown}")
    if structure.pbc != (True, True, True):
        raise ValueError(f"{method} is only implemented for three-dimensional structures; this one has the periodicity {structure.pbc}")
    return function(structure, kwargs)
