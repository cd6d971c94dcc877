"""BandsData: energies of bands along a list of k-points, with occupations; band gaps; files and plots."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from aiida.common.exceptions import ValidationError
from aiida.common.utils import join_labels, prettify_labels
from aiida.orm.fields import add_field
from aiida.orm.nodes.data.array import bands_export as export
from aiida.orm.nodes.data.array.bands_export import prepare_header_comment
from aiida.orm.nodes.data.array.kpoints import KpointsData

__all__ = ("BandsData", "find_bandgap")

Array = np.ndarray[Any, Any]
Exported = tuple[bytes, dict[str, bytes]]


class BandsData(KpointsData):
    """Bands: `[k-points, bands]`, or `[arrays, k-points, bands]` for spin channels and the like."""

    _known_node_type = "data.core.array.bands.BandsData."

    __qb_fields__: ClassVar[tuple[Any, ...]] = (
        add_field("array_labels", dtype=list[str] | None, doc="names of the arrays", is_attribute=True),
        add_field("units", dtype=str, doc="units of the energies", is_attribute=True),
    )

    def __init__(self, *, array_labels: list[str] | None = None, units: str | None = None, **kwargs: Any) -> None:
        arrays = kwargs.get("arrays")
        super().__init__(**kwargs)
        self.units = str(units)
        if isinstance(arrays, dict) and "bands" in arrays:
            self.set_bands(arrays["bands"], units=units, occupations=arrays.get("occupations"), labels=array_labels)

    def set_kpointsdata(self, kpointsdata: KpointsData) -> None:
        """Take the points, with weights, labels and cell, from another node."""
        if not isinstance(kpointsdata, KpointsData):
            raise ValueError("kpointsdata must be of the KpointsData class")
        attributes = kpointsdata.base.attributes
        if "cell" in attributes.keys():
            self.set_cell(kpointsdata.cell, kpointsdata.pbc)
        else:
            self.pbc = kpointsdata.pbc
        try:
            points, weights = kpointsdata.get_kpoints(also_weights=True)
        except AttributeError:
            points, weights = kpointsdata.get_kpoints(), None
        self.set_kpoints(points, weights=weights, labels=kpointsdata.labels or [])

    @property
    def array_labels(self) -> list[str] | None:
        """The names of the arrays."""
        return self.base.attributes.get("array_labels", None)  # type: ignore[no-any-return]

    @property
    def units(self) -> str:
        """The units of the energies."""
        return self.base.attributes.get("units")  # type: ignore[no-any-return]

    @units.setter
    def units(self, value: str) -> None:
        self.base.attributes.set("units", str(value))

    def _check_shape(self, name: str, values: Any) -> Array:
        try:
            array = np.array(values)
        except ValueError:
            raise ValueError(f"{name} must be an array: all k-points need the same number of bands") from None
        if array.ndim not in (2, 3):
            raise ValueError(
                f"{name.capitalize()} must be an array of dimension 2 ([N_kpoints, N_bands]) or of dimension 3 "
                f"([N_arrays, N_kpoints, N_bands]), found instead {array.ndim}"
            )
        if array.shape[-2] != len(self.get_kpoints()):
            raise ValueError("There must be energy values for every kpoint")
        if not np.issubdtype(array.dtype, np.number):
            raise ValueError(f"{name} must be numbers, found {array.dtype}")
        return array

    def set_bands(self, bands: Any, units: str | None = None, occupations: Any = None, labels: Any = None) -> None:
        """Set energies, their units, occupations of the same shape, and a name for each array."""
        try:
            self.get_kpoints()
        except AttributeError:
            raise AttributeError("Must first set the kpoints, then the bands") from None
        energies = self._check_shape("bands", bands)
        filled = None
        if occupations is not None:
            filled = np.array(occupations)
            if filled.shape != energies.shape:
                raise ValueError(f"Shape of occupations {filled.shape} different from shape of bands {energies.shape}")
        names = [str(label) for label in ([labels] if isinstance(labels, str) else labels)] if labels is not None else None
        if names is not None and len(names) != (len(energies) if energies.ndim == 3 else 1):
            raise ValidationError("More array labels than the number of arrays" if energies.ndim == 2 else "There must be one label per array of bands")
        self.set_array("bands", energies)
        if filled is not None:
            self.set_array("occupations", filled)
        if names is not None:
            self.base.attributes.set("array_labels", names)
        if units is not None:
            self.units = units

    def get_bands(self, also_occupations: bool = False, also_labels: bool = False) -> Any:
        """Return the energies, or a list of energies, occupations and names as wanted."""
        try:
            found: list[Any] = [np.array(self.get_array("bands"))]
        except (KeyError, AttributeError):
            raise AttributeError("No stored bands has been found") from None
        if also_occupations:
            try:
                found.append(np.array(self.get_array("occupations")))
            except (KeyError, AttributeError):
                raise AttributeError("No occupations were set") from None
        if also_labels:
            found.append(self.array_labels)
        return found[0] if len(found) == 1 else found

    # -- data of a plot ------------------------------------------------------------------------------------------------

    def _get_bandplot_data(
        self,
        cartesian: bool,
        prettify_format: str | None = None,
        join_symbol: str | None = None,
        get_segments: bool = False,
        y_origin: float = 0.0,
    ) -> dict[str, Any]:
        """Return positions along the path (`x`), energies (`y`), labels, and the segments of the path if wanted."""
        bands = self.get_bands()
        arrays = bands if bands.ndim == 3 else bands[np.newaxis]
        energies = np.concatenate(list(arrays), axis=1) - y_origin
        types = np.repeat(np.arange(len(arrays)), arrays.shape[2])
        try:
            points = self.get_kpoints(cartesian=cartesian)
        except AttributeError:
            points = self.get_kpoints()  # no cell: distances are in units of the reciprocal vectors
        labels = sorted(self.labels or [])
        positions = export.find_positions(points, [index for index, _ in labels])
        raw = [(positions[index], label) for index, label in labels]
        pretty: Any = prettify_labels(raw, format=prettify_format)
        if join_symbol:
            pretty = join_labels(pretty, join_symbol=join_symbol)
        data: dict[str, Any] = {"x": positions, "y": energies, "band_type_idx": types, "raw_labels": raw, "labels": pretty}
        if get_segments:
            data.update(export.find_segments(positions, energies, labels, types.tolist()))
        return data

    def _get_band_segments(self, cartesian: bool) -> dict[str, Any]:
        data = self._get_bandplot_data(cartesian=cartesian, get_segments=True)
        return {"label": self.label, "path": data["path"], "paths": data["paths"]}

    # -- files ---------------------------------------------------------------------------------------------------------

    @staticmethod
    def _data_file(main_file_name: str, suffix: str) -> str:
        return f"{os.path.splitext(main_file_name)[0]}_data.{suffix}" if main_file_name else f"band_data.{suffix}"

    def _comment(self, data: dict[str, Any], comments: bool) -> str:
        return prepare_header_comment(str(self.uuid), data) + "\n" if comments else ""

    def _prepare_json(self, main_file_name: str = "", comments: bool = True) -> Exported:
        content = self._get_band_segments(cartesian=True)
        content["original_uuid"] = self.uuid
        if comments:
            content["comments"] = f"Exported from AiiDA {type(self).__name__} with UUID {self.uuid}"
        return json.dumps(content).encode(), {}

    def _prepare_dat_multicolumn(self, main_file_name: str = "", comments: bool = True) -> Exported:
        data = self._get_bandplot_data(cartesian=True)
        return (self._comment(data, comments) + export.render_columns(data)).encode(), {}

    def _prepare_dat_blocks(self, main_file_name: str = "", comments: bool = True) -> Exported:
        data = self._get_bandplot_data(cartesian=True)
        return (self._comment(data, comments) + export.render_blocks(data)).encode(), {}

    def _prepare_gnuplot(
        self,
        main_file_name: str = "",
        title: str = "",
        comments: bool = True,
        prettify_format: str | None = None,
        y_max_lim: float | None = None,
        y_min_lim: float | None = None,
        y_origin: float = 0.0,
    ) -> Exported:
        data_file = self._data_file(main_file_name, "dat")
        data = self._get_bandplot_data(True, prettify_format or "gnuplot_seekpath", "|", y_origin=y_origin)
        limits = export.find_limits(data, y_min_lim, y_max_lim)
        script = self._comment(data, comments) + export.render_gnuplot(data, data_file, title, self.units, limits)
        return script.encode(), {data_file: (self._comment(data, comments) + export.render_blocks(data)).encode()}

    def _prepare_agr(
        self,
        main_file_name: str = "",
        comments: bool = True,
        setnumber_offset: int = 0,
        color_number: int = 1,
        color_number2: int = 2,
        legend: str = "",
        title: str = "",
        y_max_lim: float | None = None,
        y_min_lim: float | None = None,
        y_origin: float = 0.0,
        prettify_format: str | None = None,
    ) -> Exported:
        data = self._get_bandplot_data(True, prettify_format or "agr_seekpath", "|", y_origin=y_origin)
        options = {"setnumber_offset": setnumber_offset, "title": title, "legend": legend, "units": self.units}
        colours = {"color_number": color_number, "color_number2": color_number2}
        limits = export.find_limits(data, y_min_lim, y_max_lim)
        return (self._comment(data, comments) + export.render_agr(data, limits, **options, **colours)).encode(), {}

    def _prepare_agr_batch(self, main_file_name: str = "", comments: bool = True, prettify_format: str | None = None) -> Exported:
        data_file = self._data_file(main_file_name, "dat")
        data = self._get_bandplot_data(True, prettify_format or "agr_seekpath", "|")
        batch = self._comment(data, comments) + export.render_agr_batch(data, data_file, export.find_limits(data, None, None))
        return batch.encode(), {data_file: (self._comment(data, comments) + export.render_blocks(data)).encode()}

    # -- plots ---------------------------------------------------------------------------------------------------------

    def _matplotlib_get_dict(self, main_file_name: str = "", **options: Any) -> dict[str, Any]:
        """Return all that a plot needs."""
        return self._plot_options(**options)

    def _plot_options(
        self,
        prettify_format: str | None = None,
        y_max_lim: float | None = None,
        y_min_lim: float | None = None,
        y_origin: float = 0.0,
        **options: Any,
    ) -> dict[str, Any]:
        data = self._get_bandplot_data(True, prettify_format or "latex_seekpath", "|", get_segments=True, y_origin=y_origin)
        comment = prepare_header_comment(str(self.uuid), data)
        return export.make_plot_options(data, export.find_limits(data, y_min_lim, y_max_lim), self.units, comment, **options)

    def _prepare_mpl_singlefile(self, main_file_name: str = "", **options: Any) -> Exported:
        return export.render_script(self._plot_options(**options)).encode(), {}

    def _prepare_mpl_withjson(self, main_file_name: str = "", **options: Any) -> Exported:
        data_file = self._data_file(main_file_name, "json")
        content = json.dumps(self._plot_options(**options), indent=2).encode()
        return export.render_script(None, data_file=data_file).encode(), {data_file: content}

    def _prepare_mpl_pdf(self, main_file_name: str = "", **options: Any) -> Exported:
        return self._draw("pdf", None, **options), {}

    def _prepare_mpl_png(self, main_file_name: str = "", dpi: int = 300, **options: Any) -> Exported:
        return self._draw("png", dpi, **options), {}

    def _draw(self, suffix: str, dpi: int | None, **options: Any) -> bytes:
        """Run the script of the plot, and return the picture that it saves."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"bands.{suffix}")
            script = export.render_script(self._plot_options(**options), output=(str(path), dpi))
            exec(compile(script, "bands.py", "exec"), {"__name__": "__main__"})
            return path.read_bytes()

    def show_mpl(self, **kwargs: Any) -> None:
        """Show the bands in a window of matplotlib."""
        exec(compile(export.render_script(self._plot_options(**kwargs)), "bands.py", "exec"), {"__name__": "__main__"})


# --- gaps -------------------------------------------------------------------------------------------------------------


def find_bandgap(
    bandsdata: BandsData, number_electrons: float | None = None, fermi_energy: float | None = None
) -> tuple[bool, float | None]:
    """Return whether it is an insulator, and its gap: `(False, None)` for a metal, `(False, 0.0)` if the bands just touch.

    What is filled follows from the occupations, or from the number of electrons, or from the Fermi energy.
    """
    if fermi_energy is not None and number_electrons is not None:
        raise ValueError("Specify either the number of electrons or the Fermi energy, but not both")
    bands = bandsdata.get_bands()
    arrays = bands if bands.ndim == 3 else bands[np.newaxis]
    if fermi_energy is not None:
        return _gap_at(arrays, fermi_energy)
    # One band per spin channel and electron; without channels a band holds two.
    merged = np.sort(np.concatenate(list(arrays), axis=1), axis=1)
    per_band = 2 if len(arrays) == 1 else 1
    if number_electrons is None:
        occupations = bandsdata.get_bands(also_occupations=True)[1]
        filled = occupations if occupations.ndim == 3 else occupations[np.newaxis]
        number_electrons = _count_electrons(arrays, filled)
        if number_electrons is None:
            return False, None
    highest = round(number_electrons) // per_band
    if number_electrons % per_band > 1e-8:
        return False, None
    if highest >= merged.shape[1]:
        raise ValueError("To understand if it is a metal or insulator, need more bands than n_band=number_electrons")
    if highest == 0:
        raise ValueError("without electrons there is no gap")
    return _gap_between(merged[:, highest - 1].max(), merged[:, highest].min())


def _count_electrons(arrays: Array, filled: Array) -> float | None:
    """Return the number of electrons that the occupations tell, `None` if the number of filled bands changes: a metal."""
    full = 2.0 if len(arrays) == 1 and filled.max() > 1 + 1e-3 else 1.0
    merged = np.concatenate(list(filled), axis=1)
    counts = np.rint(merged / full).sum(axis=1)
    is_partial = np.abs(merged / full - np.rint(merged / full)).max() > 0.01
    if is_partial or counts.max() != counts.min():
        return None
    return float(counts[0]) * (2 if len(arrays) == 1 else 1)


def _gap_between(top: float, bottom: float) -> tuple[bool, float | None]:
    gap = float(bottom - top)
    if gap == 0:
        return False, 0.0
    return (True, gap) if gap > 0 else (False, None)


def _gap_at(arrays: Array, fermi_energy: float) -> tuple[bool, float | None]:
    """Return the gap around an energy: a band that crosses it makes a metal."""
    merged = np.concatenate(list(arrays), axis=1)
    lowest, highest = merged.min(axis=0), merged.max(axis=0)
    if fermi_energy > highest.max():
        raise ValueError("The Fermi energy is above all band energies, don't know what to do")
    if fermi_energy < lowest.min():
        raise ValueError("The Fermi energy is below all band energies, don't know what to do.")
    if any(low < fermi_energy < high for low, high in zip(lowest, highest, strict=True)):
        return False, None
    below, above = highest[highest <= fermi_energy], lowest[lowest >= fermi_energy]
    if not below.size or not above.size:
        raise ValueError("The Fermi energy lies at an edge of all bands, don't know what to do")
    return _gap_between(below.max(), above.min())
