"""TrajectoryData: positions of the same atoms at many steps, with cells, times and velocities if they are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pkgutil import resolve_name
from typing import Any, ClassVar

import numpy as np

from aiida.common.exceptions import ValidationError
from aiida.common.warnings import warn_deprecation
from aiida.orm.fields import add_field
from aiida.orm.nodes.data.array import trajectory_plot
from aiida.orm.nodes.data.array.array import ArrayData
from aiida.orm.nodes.data.dict import Dict
from aiida.orm.nodes.data.structure import export
from aiida.orm.nodes.data.structure.convert import xyz_parser_iterator
from aiida.orm.nodes.data.structure.data import StructureData
from aiida.orm.nodes.data.structure.kind import Kind
from aiida.orm.nodes.data.structure.site import Site

__all__ = ("TrajectoryData",)

Array = np.ndarray[Any, Any]
Exported = tuple[bytes, dict[str, Any]]
Pbc = tuple[bool, bool, bool]


class TrajectoryData(ArrayData):
    """Steps of the same atoms; lengths in Å, times in ps."""

    _known_node_type = "data.core.array.trajectory.TrajectoryData."

    __qb_fields__: ClassVar[tuple[Any, ...]] = (
        add_field("symbols", dtype=list[str], doc="names of the kinds at the sites", is_attribute=True),
        add_field("pbc", dtype=tuple[bool, bool, bool] | None, doc="periodic along the three vectors", is_attribute=True),
    )

    def __init__(self, structurelist: Sequence[StructureData] | None = None, **kwargs: Any) -> None:
        arrays, symbols, pbc = kwargs.pop("arrays", None), kwargs.pop("symbols", None), kwargs.pop("pbc", None)
        super().__init__(**kwargs)
        if structurelist is not None:
            self.set_structurelist(structurelist)
        elif arrays is not None:
            optional = {name: arrays.get(name) for name in ("cells", "times", "velocities")}
            self.set_trajectory(symbols, arrays["positions"], stepids=arrays.get("steps"), pbc=pbc, **optional)

    # -- checks --------------------------------------------------------------------------------------------------------

    def _internal_validate(
        self,
        stepids: Array | None,
        cells: Array | None,
        symbols: list[str],
        positions: Array,
        times: Array | None,
        velocities: Array | None,
        pbc: Any,
    ) -> None:
        """Raise if types or shapes do not fit."""
        if not isinstance(symbols, list | tuple) or isinstance(symbols, str):
            raise TypeError("TrajectoryData.symbols must be of type list")
        if any(not isinstance(symbol, str) for symbol in symbols):
            raise TypeError("TrajectoryData.symbols must be a list of strings")
        _check_type("positions", positions, float)
        if stepids is not None:
            _check_type("stepids", stepids, int)
        steps = len(positions) if stepids is None else len(stepids)
        if stepids is not None and stepids.shape != (steps,):
            raise ValueError("TrajectoryData.stepids must be a 1d array")
        sites = len(symbols)
        if positions.shape != (steps, sites, 3):
            raise ValueError("TrajectoryData.positions must have shape (s,n,3), with s=number of steps and n=number of symbols")
        if cells is not None:
            _check_type("cells", cells, float)
            if cells.shape != (steps, 3, 3):
                raise ValueError("TrajectoryData.cells must have shape (s,3,3), with s=number of steps")
        if times is not None:
            _check_type("times", times, float)
            if times.shape != (steps,):
                raise ValueError("TrajectoryData.times must have shape (s,), with s=number of steps")
        if velocities is not None:
            _check_type("velocities", velocities, float)
            if velocities.shape != (steps, sites, 3):
                raise ValueError(
                    "TrajectoryData.velocities, if not None, must have shape (s,n,3), with s=number of steps and n=number of symbols"
                )
        _check_pbc(pbc, cells)

    def _validate(self) -> bool:
        super()._validate()
        try:
            self._internal_validate(
                self.get_stepids(), self.get_cells(), self.symbols, self.get_positions(), self.get_times(), self.get_velocities(), self.pbc
            )
        except Exception as exception:
            raise ValidationError(
                f"The TrajectoryData did not validate. Error: {type(exception).__name__} with message {exception}"
            ) from exception
        return True

    # -- setting -------------------------------------------------------------------------------------------------------

    def set_trajectory(
        self,
        symbols: list[str],
        positions: Array,
        stepids: Array | None = None,
        cells: Array | None = None,
        times: Array | None = None,
        velocities: Array | None = None,
        pbc: Pbc | list[bool] | None = None,
    ) -> None:
        """Set everything; the first index of each array is the step."""
        if cells is not None and pbc is None:
            warn_deprecation(
                "When 'cells' is not None, the periodic boundary conditions should be explicitly specified via the 'pbc' keyword "
                "argument. Defaulting to '[True, True, True]', but this will raise in v3.0.0.",
                version=3,
                stacklevel=3,
            )
            pbc = (True, True, True)
        pbc = (False, False, False) if pbc is None else pbc
        self._internal_validate(stepids, cells, symbols, positions, times, velocities, pbc)
        self.base.attributes.set_many({"symbols": list(symbols), "pbc": tuple(pbc)})
        self.set_array("positions", positions)
        self.set_array("steps", np.arange(len(positions)) if stepids is None else stepids)
        for name, array in (("cells", cells), ("times", times), ("velocities", velocities)):
            if array is not None:
                self.set_array(name, array)
            elif name in self.get_arraynames():
                self.delete_array(name)

    def set_structurelist(self, structurelist: Sequence[StructureData]) -> None:
        """Set everything from structures, which have the same kinds at their sites and the same periodicity."""
        if not structurelist:
            raise ValueError("the list of structures is empty")
        symbols, pbc = structurelist[0].get_site_kindnames(), structurelist[0].pbc
        if any(one.get_site_kindnames() != symbols for one in structurelist):
            raise ValueError("Symbol lists have to be the same for all of the supplied structures")
        if any(one.pbc != pbc for one in structurelist):
            raise ValueError("All structures should have the same 'pbc'")
        cells = np.array([one.cell for one in structurelist])
        positions = np.array([[site.position for site in one.sites] for one in structurelist]).reshape(len(structurelist), len(symbols), 3)
        # Without extent there is no periodicity to speak of, and no cell worth keeping.
        self.set_trajectory(symbols, positions, cells=cells if any(pbc) or cells.any() else None, pbc=pbc)

    # -- getting -------------------------------------------------------------------------------------------------------

    def _steps_shape(self) -> tuple[int, ...]:
        try:
            return self.get_shape("positions")
        except (AttributeError, KeyError):
            return (0, 0, 3)

    @property
    def numsteps(self) -> int:
        """The number of steps."""
        return int(self._steps_shape()[0])

    @property
    def numsites(self) -> int:
        """The number of sites."""
        return int(self._steps_shape()[1])

    @property
    def symbols(self) -> list[str]:
        """The names of the kinds at the sites."""
        return self.base.attributes.get("symbols")  # type: ignore[no-any-return]

    @property
    def pbc(self) -> Pbc | None:
        """Periodicity along the three vectors."""
        return self.base.attributes.get("pbc", None)  # type: ignore[no-any-return]

    def get_stepids(self) -> Array:
        """Return the number of each step."""
        return self.get_array("steps")

    def get_positions(self) -> Array:
        """Return positions, as [step, site, axis]."""
        return self.get_array("positions")

    def _get_optional(self, name: str) -> Array | None:
        try:
            return self.get_array(name)
        except (AttributeError, KeyError):
            return None

    def get_cells(self) -> Array | None:
        """Return the cell of each step, or `None`."""
        return self._get_optional("cells")

    def get_times(self) -> Array | None:
        """Return the time of each step, or `None`."""
        return self._get_optional("times")

    def get_velocities(self) -> Array | None:
        """Return velocities, as [step, site, axis], or `None`."""
        return self._get_optional("velocities")

    def get_index_from_stepid(self, stepid: int) -> int:
        """Return the index of the step with this number."""
        found = np.flatnonzero(self.get_stepids() == stepid)
        if not found.size:
            raise ValueError(f"{stepid} not among the stepids")
        return int(found[0])

    def get_step_data(self, index: int) -> tuple[int, float | None, Array | None, list[str], Array, Array | None]:
        """Return number, time, cell, symbols, positions and velocities of a step; what is not known is `None`."""
        if index >= self.numsteps or index < -self.numsteps:
            raise IndexError(f"You have only {self.numsteps} steps, but you are looking beyond (index={index})")
        times, cells, velocities = self.get_times(), self.get_cells(), self.get_velocities()
        return (
            int(self.get_stepids()[index]),
            None if times is None else float(times[index]),
            None if cells is None else cells[index],
            self.symbols,
            self.get_positions()[index],
            None if velocities is None else velocities[index],
        )

    def get_step_structure(self, index: int, custom_kinds: list[Kind] | None = None) -> StructureData:
        """Return the structure at a step; `custom_kinds` has a kind for each symbol, for names that are no elements."""
        _, _, cell, symbols, positions, _ = self.get_step_data(index)
        if custom_kinds is not None:
            if any(not isinstance(kind, Kind) for kind in custom_kinds):
                raise TypeError("Each element of the custom_kinds list must be a aiida.orm.nodes.data.structure.Kind object")
            if Counter(kind.name for kind in custom_kinds) != Counter(set(symbols)):
                raise ValueError(
                    "If you pass custom_kinds, you have to pass one Kind object for each symbol that is present in the trajectory. "
                    f"You passed {sorted(str(kind.name) for kind in custom_kinds)}, but the symbols are {sorted(set(symbols))}"
                )
        structure = StructureData(cell=cell, pbc=tuple(self.pbc) if self.pbc is not None else None)
        kinds = custom_kinds if custom_kinds is not None else [Kind(symbols=symbol) for symbol in dict.fromkeys(symbols)]
        for kind in kinds:
            structure.append_kind(kind)
        for symbol, position in zip(symbols, positions, strict=True):
            structure.append_site(Site(kind_name=symbol, position=position))
        return structure

    def get_structure(self, store: bool = False, **kwargs: Any) -> StructureData:
        """Return the structure at the step `index`, made by a calculation function so that the graph shows where it comes from."""
        return self._convert("_get_aiida_structure_inline", store, **kwargs)["structure"]  # type: ignore[no-any-return]

    def get_cif(self, index: int | None = None, **kwargs: Any) -> Any:
        """Return the step `index` (the first if it is not said) as `CifData`."""
        return self.get_structure(index=0 if index is None else index, store=kwargs.pop("store", False)).get_cif(**kwargs)

    def _convert(self, name: str, store: bool, **parameters: Any) -> Any:
        # The function lies in a layer above this one, so it is reached by name only.
        function = resolve_name(f"aiida.tools.data.array.trajectory:{name}")
        return function(trajectory=self, parameters=Dict(parameters), metadata={"store_provenance": store})

    # -- files ---------------------------------------------------------------------------------------------------------

    def _indices(self, index: int | None) -> list[int]:
        return list(range(self.numsteps)) if index is None else [index]

    def _prepare_xsf(self, index: int | None = None, main_file_name: str = "") -> Exported:
        """Return the steps (or one) as an animation for XCrySDen."""
        if self.get_cells() is None:
            raise ValueError("No cell parameters have been supplied for TrajectoryData")
        indices = self._indices(index)
        if len(indices) == 1:
            return export.render_xsf(self.get_step_structure(indices[0])).encode(), {}
        lines = [f"ANIMSTEPS {len(indices)}", "CRYSTAL"]
        for number, at in enumerate(indices, start=1):
            body = export.render_xsf(self.get_step_structure(at)).splitlines()[1:]
            lines += [re_number(line, number) for line in body]
        return ("\n".join(lines) + "\n").encode(), {}

    def _prepare_cif(self, trajectory_index: int | None = None, main_file_name: str = "") -> Exported:
        """Return the steps (or one) as CIF, a block for each."""
        blocks = [export.render_cif(self.get_step_structure(at)) for at in self._indices(trajectory_index)]
        return "".join(block.replace("data_0", f"data_{number}", 1) for number, block in enumerate(blocks)).encode(), {}

    def _parse_xyz_pos(self, inputstring: str) -> None:
        """Take positions, which are as many as the steps that are set already, from XYZ text."""
        self._parse_xyz(inputstring, "positions")

    def _parse_xyz_vel(self, inputstring: str) -> None:
        """Take velocities, which are as many as the steps that are set already, from XYZ text."""
        self._parse_xyz(inputstring, "velocities")

    def _parse_xyz(self, text: str, name: str) -> None:
        try:
            steps = len(self.get_stepids())
        except (AttributeError, KeyError):
            raise ValidationError("steps must be set before importing positional data") from None
        frames = [list(atoms) for _, _, atoms in xyz_parser_iterator(text)]
        if len(frames) != steps:
            raise ValueError(f"found {len(frames)} frames, but there are {steps} steps")
        symbols = [symbol for symbol, _ in frames[0]]
        if any([symbol for symbol, _ in frame] != symbols for frame in frames):
            raise ValueError("the symbols are not the same in all frames")
        self.base.attributes.set("symbols", symbols)
        self.set_array(name, np.array([[position for _, position in frame] for frame in frames]))

    # -- plots ---------------------------------------------------------------------------------------------------------

    def show_mpl_pos(self, **kwargs: Any) -> None:
        """Show positions over steps or times; see `trajectory_plot.plot_positions` for the options."""
        trajectory_plot.plot_positions(self, **kwargs)

    def show_mpl_heatmap(self, **kwargs: Any) -> None:
        """Show how long atoms are where; see `trajectory_plot.plot_heatmap` for the options."""
        trajectory_plot.plot_heatmap(self, **kwargs)


def re_number(line: str, number: int) -> str:
    """Return a line of XSF with the number of its frame."""
    return f"{line.split()[0]} {number}" if line.startswith(("PRIMVEC", "PRIMCOORD")) else line


def _check_type(name: str, array: Any, kind: type) -> None:
    expected = np.integer if kind is int else np.floating
    if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, expected):
        raise TypeError(f"TrajectoryData.{name} must be a numpy array of {'integers' if kind is int else 'floats'}")


def _check_pbc(pbc: Any, cells: Array | None) -> None:
    if pbc is None:
        return
    if not isinstance(pbc, list | tuple) or len(pbc) != 3 or any(not isinstance(flag, bool | np.bool_) for flag in pbc):
        raise ValueError(f"'pbc' must be three booleans, not {pbc!r}")
    if cells is None and any(pbc):
        raise ValueError("Periodic boundary conditions are only possible when a cell is defined.")
