"""Cells: three vectors and three flags of periodicity; lengths, angles, volumes, changes of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_DEFAULT_CELL = ((0, 0, 0), (0, 0, 0), (0, 0, 0))

Cell = list[list[float]]
Vectors = Sequence[Sequence[float]]


def _get_valid_cell(inputcell: Any) -> Cell:
    """Return the cell as lists of floats, or raise `ValueError`."""
    try:
        cell = [[float(component) for component in vector] for vector in inputcell]
    except (TypeError, ValueError, IndexError):
        cell = []
    if len(cell) != 3 or any(len(vector) != 3 for vector in cell):
        raise ValueError("Cell must be a list of three vectors, each defined as a list of three coordinates.")
    return cell


def get_valid_pbc(inputpbc: Any) -> tuple[bool, bool, bool]:
    """Return periodicity as three booleans, given one or three."""
    if isinstance(inputpbc, bool | np.bool_):
        return (bool(inputpbc),) * 3
    try:
        values = list(inputpbc)
    except TypeError:
        raise ValueError("pbc must be a boolean or a list of three booleans.", inputpbc) from None
    if not all(isinstance(value, bool | np.bool_) for value in values):
        raise ValueError("pbc elements are not booleans.")
    if len(values) not in (1, 3):
        raise ValueError("pbc length must be either one or three.")
    first, *others = map(bool, values)
    return (first, others[0], others[1]) if others else (first, first, first)


def calc_cell_volume(cell: Vectors) -> float:
    """Return the volume of a cell."""
    a, b, c = (np.array(vector, dtype=float) for vector in cell)
    return float(abs(a @ np.cross(b, c)))


def get_lengths(cell: Vectors) -> list[float]:
    """Return the lengths of the three vectors."""
    return [float(np.linalg.norm(vector)) for vector in cell]


def get_angles(cell: Vectors) -> list[float]:
    """Return the angles alpha, beta, gamma in degrees."""
    vectors = [np.array(vector, dtype=float) for vector in cell]
    found = []
    for one, other in ((1, 2), (0, 2), (0, 1)):
        cosine = vectors[one] @ vectors[other] / (np.linalg.norm(vectors[one]) * np.linalg.norm(vectors[other]))
        found.append(float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))))
    return found


_NAMES = ("", "length", "surface", "volume")


def get_dimensionality(pbc: Sequence[bool], cell: Vectors) -> dict[str, Any]:
    """Return in how many directions a structure is periodic, and the length, area or volume that is repeated."""
    periodic = [np.array(vector, dtype=float) for vector, flag in zip(cell, pbc, strict=True) if flag]
    dim = len(periodic)
    if dim == 0:
        value: float = 0
    elif dim == 1:
        value = float(np.linalg.norm(periodic[0]))
    elif dim == 2:
        value = float(np.linalg.norm(np.cross(periodic[0], periodic[1])))
    else:
        value = calc_cell_volume(cell)
    return {"dim": dim, "label": _NAMES[dim], "value": value}


def check_dimensionality(pbc: Sequence[bool], cell: Vectors) -> None:
    """Raise if what is periodic has no extent."""
    found = get_dimensionality(pbc, cell)
    if found["dim"] and found["value"] == 0:
        raise ValueError(f"Structure has periodicity {tuple(pbc)} but {found['dim']}-d volume 0.")


def symop_ortho_from_fract(cell: Sequence[float]) -> Any:
    """Return the matrix from fractional to orthogonal coordinates of a cell given by lengths and angles in degrees."""
    a, b, c, alpha, beta, gamma = cell
    ca, cb, cg = (np.cos(np.radians(angle)) for angle in (alpha, beta, gamma))
    sg = np.sin(np.radians(gamma))
    height = np.sqrt(max(0.0, 1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg)) / sg
    return np.array([[a, b * cg, c * cb], [0, b * sg, c * (ca - cb * cg) / sg], [0, 0, c * height]])


def symop_fract_from_ortho(cell: Sequence[float]) -> Any:
    """Return the matrix from orthogonal to fractional coordinates of a cell given by lengths and angles in degrees."""
    return np.linalg.inv(symop_ortho_from_fract(cell))


_get_dimensionality = get_dimensionality  # the name by which plugins reach it
