"""ProjectionData: how much of each orbital is in each state, and the density of states of each orbital."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from aiida.common.exceptions import NotExistent, ValidationError
from aiida.orm.nodes.data.array.array import ArrayData
from aiida.orm.nodes.data.array.bands import BandsData
from aiida.orm.nodes.data.orbital import OrbitalData
from aiida.orm.querybuilder import QueryBuilder

__all__ = ("ProjectionData",)

Array = np.ndarray[Any, Any]


class ProjectionData(OrbitalData, ArrayData):
    """Projections onto orbitals, for the states of a `BandsData`."""

    _known_node_type = "data.core.array.projection.ProjectionData."
    _BANDS_KEY: ClassVar[str] = "reference_bandsdata_uuid"

    def __init__(self, arrays: Iterable[Any] | dict[str, Iterable[Any]] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if arrays is not None:
            given = arrays if isinstance(arrays, dict) else {self.default_array_name: arrays}
            for name, array in given.items():
                self.set_array(name, np.array(array))

    # -- the states ----------------------------------------------------------------------------------------------------

    def set_reference_bandsdata(self, value: Any) -> None:
        """Say to which `BandsData` the projections belong: the node, its pk or its UUID."""
        if isinstance(value, BandsData):
            self.base.attributes.set(self._BANDS_KEY, value.uuid)
            return
        column = "id" if isinstance(value, int) else "uuid"
        found = QueryBuilder(backend=self.backend).append(BandsData, filters={column: value}, project="uuid").first(flat=True)
        if found is None:
            raise NotExistent("The value passed to set_reference_bandsdata was not associated to any bandsdata")
        self.base.attributes.set(self._BANDS_KEY, found)

    def get_reference_bandsdata(self) -> BandsData:
        """Return the `BandsData` to which the projections belong."""
        uuid = self.base.attributes.get(self._BANDS_KEY, None)
        if uuid is None:
            raise AttributeError("BandsData has not been set for this instance")
        found = QueryBuilder(backend=self.backend).append(BandsData, filters={"uuid": uuid}).first(flat=True)
        if found is None:
            raise NotExistent(f"The bands referenced class have the wrong uuid: no BandsData with UUID<{uuid}> is stored")
        return found  # type: ignore[no-any-return]

    # -- orbitals and arrays -------------------------------------------------------------------------------------------

    def set_orbitals(self, *args: Any, **kwargs: Any) -> None:
        """Not available: orbitals come with their projections."""
        raise NotImplementedError("You cannot set orbitals using this class! Use `set_projectiondata`, which sets them with their projections")

    def set_projectiondata(
        self,
        list_of_orbitals: Any,
        list_of_projections: Any = None,
        list_of_energy: Any = None,
        list_of_pdos: Any = None,
        tags: Any = None,
        bands_check: bool = True,
    ) -> None:
        """Set orbitals, and for each of them its projections, or its energies with the density of states, or both.

        Projections have the shape of the bands, which is checked unless `bands_check` is off.
        """
        orbitals = list_of_orbitals if isinstance(list_of_orbitals, list | tuple) else [list_of_orbitals]
        if list_of_projections is None and list_of_pdos is None:
            raise ValidationError("Must set either pdos or projections")
        if (list_of_energy is None) != (list_of_pdos is None):
            raise ValidationError("list_of_pdos and list_of_energy must always be set together")
        count = len(orbitals)
        projections = _check_arrays("projections", list_of_projections, count)
        energies, densities = _check_arrays("energy", list_of_energy, count), _check_arrays("pdos", list_of_pdos, count)
        if projections and bands_check:
            self._check_bands(projections)
        for energy, density in zip(energies, densities, strict=True):
            if energy.shape != density.shape:
                raise ValidationError(f"energies {energy.shape} and pdos {density.shape} of an orbital have different shapes")
        names = None if tags is None else [str(tag) for tag in ([tags] if isinstance(tags, str) else tags)]
        if names is not None and len(names) != count:
            raise ValidationError("tags did not have the same length as the list of orbitals")
        self._set_all(orbitals, projections, energies, densities, names)

    def _set_all(self, orbitals: Any, projections: Any, energies: Any, densities: Any, tags: list[str] | None) -> None:
        super().set_orbitals(list(orbitals))
        for name in self.get_arraynames():
            if name.startswith(("proj_array_", "energy_array_", "pdos_array_")):
                self.delete_array(name)
        for stem, arrays in (("proj", projections), ("energy", energies), ("pdos", densities)):
            for number, array in enumerate(arrays):
                self.set_array(f"{stem}_array_{number}", array)
        if tags is not None:
            self.base.attributes.set("tags", tags)

    def _check_bands(self, projections: list[Array]) -> None:
        try:
            shape = self.get_reference_bandsdata().get_bands().shape
        except AttributeError:
            raise ValidationError("Bands must be set first, then projwfc") from None
        if any(array.shape not in (shape, shape[-2:]) for array in projections):
            raise AttributeError("These arrays are not the same shape as the bands")

    def _find(self, **kwargs: Any) -> list[tuple[int, Any]]:
        """Return the numbers and orbitals whose properties have the given values."""
        if "position" in kwargs:
            kwargs["position"] = [float(value) for value in kwargs["position"]]
        everything = self.get_orbitals()
        facts = [orbital.get_orbital_dict() for orbital in everything]
        return [(at, everything[at]) for at, one in enumerate(facts) if all(one.get(key, _ABSENT) == value for key, value in kwargs.items())]

    def get_projections(self, **kwargs: Any) -> list[tuple[Any, Array]]:
        """Return pairs of orbital and projections, for orbitals whose properties have the given values."""
        return [(orbital, self.get_array(f"proj_array_{at}")) for at, orbital in self._find(**kwargs)]

    def get_pdos(self, **kwargs: Any) -> list[tuple[Any, Array, Array]]:
        """Return orbital, energies and density of states, for orbitals whose properties have the given values."""
        return [
            (orbital, self.get_array(f"energy_array_{at}"), self.get_array(f"pdos_array_{at}")) for at, orbital in self._find(**kwargs)
        ]


_ABSENT = object()


def _check_arrays(name: str, given: Any, count: int) -> list[Array]:
    """Return one array per orbital."""
    if given is None:
        return []
    arrays = given if isinstance(given, list | tuple) else [given]
    if not all(isinstance(array, np.ndarray) for array in arrays):
        raise ValidationError(f"{name} was not composed entirely of ndarrays")
    if len(arrays) != count:
        raise ValidationError(f"{name} did not have the same length as the list of orbitals")
    return list(arrays)
