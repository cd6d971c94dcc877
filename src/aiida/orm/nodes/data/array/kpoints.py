"""KpointsData: points in reciprocal space, as a list (with weights and labels) or as a regular mesh."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from aiida.common.exceptions import ModificationNotAllowed
from aiida.orm.fields import add_field
from aiida.orm.nodes.data.array.array import ArrayData
from aiida.orm.nodes.data.structure import cell as cells
from aiida.orm.nodes.data.structure.data import StructureData

__all__ = ("KpointsData",)

Array = np.ndarray[Any, Any]


class KpointsData(ArrayData):
    """Points in units of the reciprocal vectors; the cell is needed for Cartesian coordinates only."""

    _known_node_type = "data.core.array.kpoints.KpointsData."

    __qb_fields__: ClassVar[tuple[Any, ...]] = (
        add_field("labels", dtype=list[str] | None, doc="labels of points", is_attribute=True),
        add_field("label_numbers", dtype=list[int] | None, doc="index of each labelled point", is_attribute=True),
        add_field("cell", dtype=list[list[float]] | None, doc="the three vectors of the crystal, in Å", is_attribute=True),
        *(add_field(f"pbc{axis}", dtype=bool | None, doc=f"periodic along vector {axis}", is_attribute=True) for axis in (1, 2, 3)),
        add_field("mesh", dtype=list[int] | None, doc="number of points along each reciprocal vector", is_attribute=True),
        add_field("offset", dtype=list[float] | None, doc="shift of the mesh, in steps of it", is_attribute=True),
    )

    def __init__(
        self,
        *,
        labels: list[str] | None = None,
        label_numbers: list[int] | None = None,
        cell: list[list[float]] | None = None,
        pbc1: bool | None = None,
        pbc2: bool | None = None,
        pbc3: bool | None = None,
        mesh: list[int] | None = None,
        offset: list[float] | None = None,
        **kwargs: Any,
    ) -> None:
        arrays = kwargs.pop("arrays", None)
        super().__init__(**kwargs)
        given = any(value is not None for value in (labels, label_numbers, cell, pbc1, pbc2, pbc3))
        if cell is not None:
            self.set_cell(cell, (bool(pbc1), bool(pbc2), bool(pbc3)))
        if mesh is not None:
            self.set_kpoints_mesh(mesh, offset=offset)
            return
        if arrays is not None:
            arrays = arrays if isinstance(arrays, dict) else {"kpoints": arrays}
            pairs = list(zip(label_numbers, labels, strict=True)) if labels and label_numbers else None
            self.set_kpoints(arrays["kpoints"], labels=pairs, weights=arrays.get("weights"))
        elif given:
            raise ValueError("Missing kpoints list")

    def get_description(self) -> str:
        """Return the mesh, or the number of points of the path."""
        if "mesh" not in self._row.attributes:
            return f"(Path of {len(self.get_kpoints())} kpts)"
        mesh, offset = self.get_kpoints_mesh()
        return "Kpoints mesh: {}x{}x{} (+{:.1f},{:.1f},{:.1f})".format(*mesh, *offset)

    # -- cell ----------------------------------------------------------------------------------------------------------

    @property
    def cell(self) -> Array:
        """The three vectors of the crystal."""
        return np.array(self.base.attributes.get("cell"))

    @cell.setter
    def cell(self, value: Any) -> None:
        self._check_cell_mutable()
        self.base.attributes.set("cell", cells._get_valid_cell(value))

    @property
    def pbc(self) -> tuple[bool, bool, bool]:
        """Periodicity along the three vectors."""
        one, two, three = (bool(self.base.attributes.get(f"pbc{axis}", False)) for axis in (1, 2, 3))
        return one, two, three

    @pbc.setter
    def pbc(self, value: Any) -> None:
        self._check_cell_mutable()
        flags = cells.get_valid_pbc(value)
        self.base.attributes.set_many({f"pbc{axis}": flag for axis, flag in enumerate(flags, start=1)})

    def _check_cell_mutable(self) -> None:
        if self.is_stored:
            raise ModificationNotAllowed("KpointsData cannot be modified, it has already been stored")

    def set_cell(self, cell: Any, pbc: Any = None) -> None:
        """Set the vectors of the crystal, and along which of them it is periodic (all, if it is not said)."""
        self.cell = cell
        self.pbc = (True, True, True) if pbc is None else pbc

    def set_cell_from_structure(self, structuredata: StructureData) -> None:
        """Set vectors and periodicity as those of a structure."""
        if not isinstance(structuredata, StructureData):
            raise ValueError(f"An instance of StructureData should be passed to the KpointsData, found instead {type(structuredata)}")
        self.set_cell(structuredata.cell, structuredata.pbc)

    @property
    def reciprocal_cell(self) -> Array:
        """The three reciprocal vectors, as rows."""
        return 2.0 * np.pi * np.linalg.inv(self.cell).T

    @property
    def _dimension(self) -> int:
        """The number of directions in which the points may differ."""
        return sum(self.pbc) if "cell" in self._row.attributes else 3

    # -- labels --------------------------------------------------------------------------------------------------------

    @property
    def labels(self) -> list[tuple[int, str]] | None:
        """Labels of points, as (index, label); `None` if there are none."""
        numbers, labels = self.base.attributes.get("label_numbers", None), self.base.attributes.get("labels", None)
        if numbers is None or labels is None:
            return None
        return list(zip(numbers, labels, strict=True))

    @labels.setter
    def labels(self, value: Sequence[Any] | None) -> None:
        self._set_labels(value)

    def _set_labels(self, value: Sequence[Any] | None) -> None:
        try:
            number_of_points = len(self.get_kpoints())
        except AttributeError:
            raise AttributeError("Kpoints must be set before the labels") from None
        try:
            pairs = [(int(index), str(label)) for index, label in value or ()]
        except (TypeError, ValueError):
            raise ValueError("The input must contain an integer index, to map the labels into the kpoint list") from None
        if any(index >= number_of_points for index, _ in pairs):
            raise ValueError("Index of label exceeding the list of kpoints")
        self.base.attributes.set("label_numbers", [index for index, _ in pairs])
        self.base.attributes.set("labels", [label for _, label in pairs])

    # -- a mesh --------------------------------------------------------------------------------------------------------

    def set_kpoints_mesh(self, mesh: Sequence[int], offset: Sequence[float] | None = None) -> None:
        """Set a regular mesh: points along each reciprocal vector, and its shift in steps of the mesh."""
        try:
            counts = [int(count) for count in mesh]
        except (TypeError, ValueError):
            counts = []
        if len(counts) != 3:
            raise ValueError("The kpoint mesh must be a list of three integers")
        try:
            shift = [0.0, 0.0, 0.0] if offset is None else [float(value) for value in offset]
        except (TypeError, ValueError):
            shift = []
        if len(shift) != 3:
            raise ValueError("The offset must be a list of three floats")
        if "kpoints" in self.get_arraynames():
            raise ModificationNotAllowed("KpointsData has already a kpoint-list stored")
        self.base.attributes.set_many({"mesh": counts, "offset": shift})

    def get_kpoints_mesh(self, print_list: bool = False) -> Any:
        """Return mesh and offset, or the points of the mesh."""
        mesh, offset = self.base.attributes.get("mesh"), self.base.attributes.get("offset")
        if not print_list:
            return mesh, offset
        indices = np.array(list(itertools.product(*(range(count) for count in mesh))), dtype=float)
        return (indices + np.array(offset)) / np.array(mesh)

    def set_kpoints_mesh_from_density(
        self, distance: float, offset: Sequence[float] | None = None, force_parity: bool = False
    ) -> None:
        """Set the mesh whose points are at most `distance` (1/Å) apart; one point where the crystal is not periodic."""
        try:
            lengths = np.linalg.norm(self.reciprocal_cell, axis=1)
        except AttributeError:
            raise AttributeError("Cannot define a mesh from a density without having defined a cell") from None
        if distance == 0:
            raise ValueError("the distance between k-points cannot be zero")
        mesh = []
        for length, periodic in zip(lengths, self.pbc, strict=True):
            # Rounded, so that a length which is a multiple of the distance gives the same mesh on every machine.
            count = max(math.ceil(round(float(length) / distance, 5)), 1) if periodic else 1
            mesh.append(count + count % 2 if force_parity and periodic else count)
        self.set_kpoints_mesh(mesh, offset=offset)

    # -- a list --------------------------------------------------------------------------------------------------------

    def _change_reference(self, kpoints: Any, to_cartesian: bool = True) -> Array:
        reciprocal = self.reciprocal_cell
        changed: Array = np.array(kpoints) @ (reciprocal if to_cartesian else np.linalg.inv(reciprocal))
        return changed

    def set_kpoints(
        self,
        kpoints: Any,
        cartesian: bool = False,
        labels: Sequence[Any] | None = None,
        weights: Any = None,
        fill_values: Any = 0,
    ) -> None:
        """Set a list of points; where the crystal is not periodic, coordinates that are left out are `fill_values`."""
        points = self._fill(kpoints, fill_values)
        if cartesian:
            try:
                points = self._change_reference(points, to_cartesian=False)
            except AttributeError:
                raise AttributeError("Cannot use cartesian coordinates without having defined a cell") from None
        given_weights = None if weights is None else _as_floats(weights, "weights")
        if given_weights is not None and given_weights.shape != (len(points),):
            raise ValueError(f"Found {given_weights.size} weights but {len(points)} k-points")
        if "mesh" in self._row.attributes:
            raise ModificationNotAllowed("KpointsData has already a mesh stored")
        self.set_array("kpoints", points)
        if given_weights is not None:
            self.set_array("weights", given_weights)
        if labels is not None:
            self.labels = labels

    def _fill(self, kpoints: Any, fill_values: Any) -> Array:
        """Return the points as an array of three columns."""
        points = _as_floats(kpoints, "kpoints")
        dimension = self._dimension
        several = fill_values if isinstance(fill_values, list | tuple | np.ndarray) else [fill_values] * (3 - dimension)
        fills = [float(value) for value in several]
        if points.size == 0:
            if dimension:
                raise ValueError(f"empty kpoints list is valid only in zero dimension; instead here with have {dimension} dimensions")
            points = np.zeros((1, 0))
        if dimension <= 1 and points.ndim == 1 and points.size:
            points = points.reshape(-1, 1) if dimension else points.reshape(1, -1)
        if points.ndim != 2:
            raise ValueError(f"kpoints must be a list of lists in {dimension}D case")
        if points.shape[1] == 3:
            return points
        if points.shape[1] != dimension:
            raise ValueError(f"In case of {dimension} dimensions, a k-point has {dimension} or three coordinates, not {points.shape[1]}")
        if len(fills) != 3 - dimension:
            raise ValueError(f"fill_values should be {3 - dimension} numbers, one per direction that is not periodic")
        full = np.empty((len(points), 3))
        periodic = list(self.pbc)
        full[:, [axis for axis in range(3) if periodic[axis]]] = points
        full[:, [axis for axis in range(3) if not periodic[axis]]] = fills
        return full

    def get_kpoints(self, also_weights: bool = False, cartesian: bool = False) -> Any:
        """Return the points, in units of the reciprocal vectors or Cartesian (1/Å), and their weights if wanted."""
        try:
            points = np.array(self.get_array("kpoints"))
        except (AttributeError, KeyError):
            raise AttributeError("Before the get, first set a list of kpoints") from None
        if cartesian:
            try:
                points = self._change_reference(points, to_cartesian=True)
            except AttributeError:
                raise AttributeError("Cannot use cartesian coordinates without having defined a cell") from None
        if not also_weights:
            return points
        try:
            return points, np.array(self.get_array("weights"))
        except (AttributeError, KeyError):
            raise AttributeError("No weights were set") from None


def _as_floats(values: Any, name: str) -> Array:
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of type floats. Found instead {values!r}") from None
