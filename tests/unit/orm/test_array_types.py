"""K-points, bands, trajectories and curves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from aiida import orm
from aiida.common.exceptions import ModificationNotAllowed, NotExistent, ValidationError
from aiida.common.slots import current_store
from aiida.orm import BandsData, KpointsData, ProjectionData, StructureData, TrajectoryData, XyData
from aiida.orm.nodes.data.array.bands import find_bandgap
from aiida.plugins import OrbitalFactory
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.tools import get_explicit_kpoints_path, get_kpoints_path

CELL = [[4.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 0.0, 6.0]]
POINTS = [[0, 0, 0], [0.25, 0, 0], [0.5, 0, 0], [0.5, 0.25, 0], [0.5, 0.5, 0], [0, 0, 0.5], [0, 0, 0.25], [0, 0, 0]]
LABELS = [[0, "GAMMA"], [2, "X_1"], [4, "M"], [5, "SIGMA_0"], [7, "G"]]


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[Any]:
    backend = SqliteTempBackend(SqliteTempBackend.create_profile("arrays"))
    with current_store.override(backend):
        yield backend
    backend.close()


# --- k-points ---------------------------------------------------------------------------------------------------------


def test_i12_getting_what_was_not_set_is_an_attribute_error() -> None:
    for get in (KpointsData().get_kpoints, KpointsData().get_kpoints_mesh):
        with pytest.raises(AttributeError):
            get()


def test_a_mesh() -> None:
    mesh = KpointsData()
    mesh.set_kpoints_mesh([2, 3, 4], offset=[0.5, 0.5, 0])
    assert mesh.base.attributes.all == {"mesh": [2, 3, 4], "offset": [0.5, 0.5, 0.0]}
    assert mesh.get_description() == "Kpoints mesh: 2x3x4 (+0.5,0.5,0.0)"
    points = mesh.get_kpoints_mesh(print_list=True)
    assert points.shape == (24, 3) and points[0] == pytest.approx([0.25, 1 / 6, 0])
    with pytest.raises(ModificationNotAllowed):
        mesh.set_kpoints([[0, 0, 0]])
    mesh.store()
    assert orm.load_node(mesh.pk).get_kpoints_mesh() == ([2, 3, 4], [0.5, 0.5, 0.0])
    for wrong in ([2, 3], "abc", [1, 2, "x"]):
        with pytest.raises(ValueError, match="list of three integers"):
            KpointsData().set_kpoints_mesh(wrong)


@pytest.mark.parametrize(
    ("pbc", "distance", "parity", "mesh"),
    [
        ((True, True, True), 0.2, False, [8, 7, 6]),
        ((True, True, True), 0.2, True, [8, 8, 6]),
        ((True, True, False), 0.5, False, [4, 3, 1]),
        ((False, True, False), 0.01, True, [1, 126, 1]),
        ((False, False, False), 0.2, True, [1, 1, 1]),
    ],
)
def test_a_mesh_from_a_density(pbc: Any, distance: float, parity: bool, mesh: list[int]) -> None:
    kpoints = KpointsData()
    with pytest.raises(AttributeError, match="without having defined a cell"):
        kpoints.set_kpoints_mesh_from_density(distance)
    kpoints.set_cell(CELL, pbc=pbc)
    kpoints.set_kpoints_mesh_from_density(distance, force_parity=parity)
    assert kpoints.get_kpoints_mesh()[0] == mesh


def test_a_list_with_weights_and_labels() -> None:
    structure = StructureData(cell=CELL)
    kpoints = KpointsData()
    kpoints.set_cell_from_structure(structure)
    kpoints.set_kpoints([[0, 0, 0], [0.5, 0, 0]], weights=[0.25, 0.75], labels=[(0, "G"), (1, "X")])
    kpoints.store()
    loaded = orm.load_node(kpoints.pk)
    points, weights = loaded.get_kpoints(also_weights=True)
    assert points.tolist() == [[0, 0, 0], [0.5, 0, 0]] and weights.tolist() == [0.25, 0.75]
    assert loaded.labels == [(0, "G"), (1, "X")] and loaded.pbc == (True, True, True)
    assert loaded.reciprocal_cell @ np.array(CELL).T == pytest.approx(2 * np.pi * np.eye(3))
    assert loaded.get_kpoints(cartesian=True)[1] == pytest.approx(0.5 * loaded.reciprocal_cell[0])
    assert loaded.get_description() == "(Path of 2 kpts)"
    with pytest.raises(ModificationNotAllowed):
        loaded.set_cell(CELL)


def test_cartesian_points_and_lower_dimensions() -> None:
    kpoints = KpointsData()
    kpoints.set_cell(CELL)
    kpoints.set_kpoints([[0.3, 0.4, 0.5]], cartesian=True)
    assert kpoints.get_kpoints(cartesian=True) == pytest.approx(np.array([[0.3, 0.4, 0.5]]))
    layer = KpointsData()
    layer.set_cell(CELL, pbc=(True, False, True))
    layer.set_kpoints([[0.1, 0.2]], fill_values=0.5)
    assert layer.get_kpoints().tolist() == [[0.1, 0.5, 0.2]]
    with pytest.raises(ValueError, match="only in zero dimension"):
        layer.set_kpoints([])
    with pytest.raises(ValueError, match="2 weights"):
        layer.set_kpoints([[0.1, 0.2]], weights=[1, 2])
    with pytest.raises(ValueError, match="exceeding"):
        layer.labels = [(3, "X")]


# --- bands ------------------------------------------------------------------------------------------------------------


def make_bands(bands: Any, points: Any = POINTS, labels: Any = LABELS, **kwargs: Any) -> BandsData:
    """Return bands along a path."""
    kpoints = KpointsData()
    kpoints.set_cell(CELL)
    kpoints.set_kpoints(points, labels=labels)
    found = BandsData()
    found.set_kpointsdata(kpoints)
    found.set_bands(bands, **kwargs)
    return found


def test_bands_are_kept_with_occupations_and_names() -> None:
    with pytest.raises(AttributeError, match="first set the kpoints"):
        BandsData().set_bands([[1.0]])
    energies = np.arange(32.0).reshape(2, 8, 2)
    bands = make_bands(energies, units="eV", occupations=energies * 0)
    bands.set_bands(energies, units="eV", occupations=energies * 0, labels=["up", "down"])
    loaded = orm.load_node(bands.store().pk)
    found, filled, names = loaded.get_bands(also_occupations=True, also_labels=True)
    assert np.array_equal(found, energies) and not filled.any() and names == ["up", "down"] and loaded.units == "eV"
    assert loaded.labels == [tuple(pair) for pair in LABELS]
    with pytest.raises(ValueError, match="for every kpoint"):
        make_bands([[1.0, 2.0]])
    with pytest.raises(ValueError, match="different from shape"):
        make_bands(energies, occupations=[[1.0]])
    with pytest.raises(ValidationError):
        make_bands(energies).set_bands(energies, labels=["up"])


def test_the_path_of_a_plot() -> None:
    bands = make_bands([[i, i + 1.5] for i in range(8)], units="eV")
    data = bands._get_bandplot_data(True, prettify_format="latex_seekpath", join_symbol="|", get_segments=True)
    assert data["x"][4] == data["x"][5] == pytest.approx(1.4245502839977982)
    assert [label for _, label in data["labels"]] == ["$\\Gamma$", "X$_{1}$", "M|$\\Sigma$$_{0}$", "G"]
    assert data["path"] == [["GAMMA", "X_1"], ["X_1", "M"], ["SIGMA_0", "G"]]
    assert data["paths"][0] == {
        "length": 2, "from": "GAMMA", "to": "X_1", "values": [[0.0, 1.0, 2.0], [1.5, 2.5, 3.5]], "x": data["x"][:3], "two_band_types": False,
    }  # fmt: skip


def test_files_of_bands(tmp_path: Any) -> None:
    bands = make_bands([[i, i + 1.5] for i in range(8)], units="eV")
    columns = bands._exportcontent("dat_multicolumn", comments=False)[0].decode().splitlines()
    assert len(columns) == 8 and columns[0] == "0.00000000\t0.00000000\t1.50000000"
    blocks = bands._exportcontent("dat_blocks", comments=False)[0].decode().split("\n\n\n")
    assert len(blocks) == 2
    assert json.loads(bands._exportcontent("json")[0])["path"][0] == ["GAMMA", "X_1"]
    assert b"@target G0.S1" in bands._exportcontent("agr")[0]
    names = bands.export(tmp_path / "bands.gnu", fileformat="gnuplot")
    assert [name.rsplit("/", 1)[-1] for name in names] == ["bands.gnu", "bands_data.dat"]
    assert 'set xtics ("Γ" 0.0' in (tmp_path / "bands.gnu").read_text()


def test_pictures_of_bands() -> None:
    pytest.importorskip("matplotlib")
    bands = make_bands([[i, i + 1.5] for i in range(8)], units="eV")
    assert bands._exportcontent("mpl_pdf", title="bands")[0].startswith(b"%PDF")
    assert bands._exportcontent("mpl_png", dpi=50)[0].startswith(b"\x89PNG")
    script = bands._exportcontent("mpl_singlefile")[0].decode()
    compile(script, "bands.py", "exec")


GAPPED = [[-1.0, 2.0, 3.0], [0.0, 2.0, 4.0], [-2.0, 1.5, 2.0]]
THREE = [[0, 0, 0], [0.5, 0, 0], [0.5, 0.5, 0]]


def test_gaps() -> None:
    bands = make_bands(GAPPED, points=THREE, labels=None, units="eV", occupations=[[2.0, 0.0, 0.0]] * 3)
    assert find_bandgap(bands) == find_bandgap(bands, number_electrons=2) == find_bandgap(bands, fermi_energy=1.0) == (True, 1.5)
    assert find_bandgap(bands, fermi_energy=1.8) == (False, None) and find_bandgap(bands, number_electrons=1) == (False, None)
    assert find_bandgap(bands, number_electrons=4) == (False, 0.0)
    half = make_bands(GAPPED, points=THREE, labels=None, occupations=[[2.0, 1.0, 0.0]] * 3)
    assert find_bandgap(half) == (False, None)
    channels = make_bands([[[-1.0, 2.0], [0.0, 2.0]], [[-1.0, 3.0], [0.5, 2.0]]], points=THREE[:2], labels=None, occupations=[[[1.0, 0.0]] * 2] * 2)
    assert find_bandgap(channels) == find_bandgap(channels, number_electrons=2) == (True, 1.5)
    with pytest.raises(ValueError, match="not both"):
        find_bandgap(bands, number_electrons=2, fermi_energy=1)
    with pytest.raises(ValueError, match="need more bands"):
        find_bandgap(bands, number_electrons=6)
    with pytest.raises(ValueError, match="above all"):
        find_bandgap(bands, fermi_energy=100)


# --- trajectories -----------------------------------------------------------------------------------------------------

POSITIONS = np.array([[[0.0, 0, 0], [1, 1, 1]], [[0, 0, 0.1], [1, 1, 1.1]]])


def test_a_trajectory() -> None:
    trajectory = TrajectoryData()
    trajectory.set_trajectory(
        ["Si", "C"], POSITIONS, stepids=np.array([60, 70]), cells=np.array([CELL, CELL]), times=np.array([0.0, 0.1]), velocities=POSITIONS * 0, pbc=(True, True, False)
    )
    loaded = orm.load_node(trajectory.store().pk)
    assert (loaded.numsteps, loaded.numsites, loaded.symbols) == (2, 2, ["Si", "C"]) and loaded.get_index_from_stepid(70) == 1
    number, time, cell, symbols, positions, velocities = loaded.get_step_data(1)
    assert (number, time, symbols) == (70, 0.1, ["Si", "C"]) and cell.tolist() == CELL
    assert positions.tolist() == POSITIONS[1].tolist() and not velocities.any()
    structure = loaded.get_step_structure(-1)
    assert structure.pbc == (True, True, False) and structure.sites[1].position == (1.0, 1.0, 1.1)
    with pytest.raises(IndexError, match="only 2 steps"):
        loaded.get_step_data(2)
    with pytest.raises(ValueError, match="not among the stepids"):
        loaded.get_index_from_stepid(1)


def test_a_trajectory_without_the_rest() -> None:
    trajectory = TrajectoryData()
    trajectory.set_trajectory(["Si", "C"], POSITIONS)
    assert trajectory.get_stepids().tolist() == [0, 1] and trajectory.pbc == (False, False, False)
    assert trajectory.get_cells() is None and trajectory.get_step_data(0)[1] is None
    with pytest.raises(ValueError, match="only possible when a cell"):
        trajectory.set_trajectory(["Si", "C"], POSITIONS, pbc=(True, False, False))
    with pytest.raises(ValueError, match=r"shape \(s,n,3\)"):
        trajectory.set_trajectory(["Si"], POSITIONS)
    with pytest.raises(TypeError, match="integers"):
        trajectory.set_trajectory(["Si", "C"], POSITIONS, stepids=[1, 2])
    with pytest.raises(ValidationError):
        TrajectoryData().store()


def test_trajectories_and_structures() -> None:
    structures = []
    for shift in (0, 1):
        structures.append(StructureData(cell=CELL))
        structures[-1].append_atom(position=(0, 0, shift), symbols="Si")
    trajectory = TrajectoryData(structures)
    assert trajectory.get_positions().tolist() == [[[0, 0, 0]], [[0, 0, 1]]] and trajectory.get_cells().shape == (2, 3, 3)
    xsf = trajectory._exportcontent("xsf")[0].decode().splitlines()
    assert xsf[:3] == ["ANIMSTEPS 2", "CRYSTAL", "PRIMVEC 1"] and "PRIMCOORD 2" in xsf
    assert trajectory._exportcontent("cif")[0].count(b"data_") == 2
    other = StructureData(cell=CELL)
    other.append_atom(position=(0, 0, 0), symbols="C")
    with pytest.raises(ValueError, match="Symbol lists"):
        TrajectoryData([structures[0], other])


def test_trajectories_are_drawn(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    trajectory = TrajectoryData()
    trajectory.set_trajectory(["Si", "C"], POSITIONS)
    for show in (trajectory.show_mpl_pos, trajectory.show_mpl_heatmap):
        show(filename=str(tmp_path / "picture.png"))
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


# --- curves -----------------------------------------------------------------------------------------------------------


def test_curves() -> None:
    curves = XyData()
    with pytest.raises(NotExistent):
        curves.get_x()
    with pytest.raises(ValueError, match="X array has not been set"):
        curves.set_y(np.array([1.0]), "a", "b")
    curves.set_x(np.array([1.0, 2.0]), "energy", "eV")
    curves.set_y([np.array([1.0, 2.0]), np.array([3.0, 4.0])], ["dos", "sum"], ["1/eV", "1"])
    loaded = orm.load_node(curves.store().pk)
    assert loaded.get_x()[0] == "energy" and loaded.get_x()[2] == "eV"
    assert [(name, array.tolist(), units) for name, array, units in loaded.get_y()] == [("dos", [1.0, 2.0], "1/eV"), ("sum", [3.0, 4.0], "1")]
    again = XyData([1, 2], [3, 4], x_name="a", x_units="b", y_names="c", y_units="d")
    assert again.base.attributes.get("y_names") == ["c"] and again.get_y()[0][1].tolist() == [3, 4]
    with pytest.raises(TypeError, match="all other keywords"):
        XyData([1, 2])
    with pytest.raises(ValueError, match="same shape"):
        again.set_y([np.array([1.0])], ["c"], ["d"])


# --- projections ------------------------------------------------------------------------------------------------------


def test_orbitals() -> None:
    Realhydrogen = OrbitalFactory("core.realhydrogen")
    orbital = Realhydrogen(position=(0, 0, 0), angular_momentum=-3, magnetic_number=2, radial_nodes=0, kind_name="Fe")
    assert str(orbital) == "r0 SP3-3 orbital for kind 'Fe' @ 0.0000,0.0000,0.0000"
    assert orbital.get_orbital_dict()["_orbital_type"] == "core.realhydrogen"
    assert Realhydrogen.get_name_from_quantum_numbers(2, 4) == "DXY" and Realhydrogen.get_name_from_quantum_numbers(1) == "P"
    assert Realhydrogen.get_quantum_numbers_from_name("px") == [{"angular_momentum": 1, "magnetic_number": 1}]
    assert len(Realhydrogen.get_quantum_numbers_from_name("SP3D2")) == 6
    for wrong in ({"angular_momentum": 9}, {"magnetic_number": 5}, {"radial_nodes": 3}, {"other": 1}, {"position": (0, 0)}):
        facts = {"position": (0, 0, 0), "angular_momentum": 1, "magnetic_number": 0, "radial_nodes": 0, **wrong}
        with pytest.raises(ValidationError):
            Realhydrogen(**facts)


def test_projections() -> None:
    Realhydrogen = OrbitalFactory("core.realhydrogen")
    orbitals = [Realhydrogen(position=(at, 0, 0), angular_momentum=0, magnetic_number=0, radial_nodes=0) for at in (0, 1)]
    shares = [np.full((3, 3), 0.5), np.full((3, 3), 0.25)]
    projection = ProjectionData()
    with pytest.raises(ValidationError, match="Bands must be set first"):
        projection.set_projectiondata(orbitals, list_of_projections=shares)
    bands = make_bands(GAPPED, points=THREE, labels=None).store()
    projection.set_reference_bandsdata(bands.pk)
    energies, densities = [np.array([1.0, 2.0])] * 2, [np.array([0.1, 0.2])] * 2
    projection.set_projectiondata(orbitals, shares, energies, densities, tags=["one", "two"])
    loaded = orm.load_node(projection.store().pk)
    assert loaded.get_reference_bandsdata() == bands
    ((orbital, share),) = loaded.get_projections(position=(1, 0, 0))
    assert orbital.get_orbital_dict()["position"] == [1.0, 0.0, 0.0] and share.tolist() == shares[1].tolist()
    assert [density.tolist() for _, _, density in loaded.get_pdos()] == [[0.1, 0.2]] * 2
    assert loaded.get_projections(angular_momentum=2) == []
    with pytest.raises(AttributeError, match="not the same shape"):
        projection.clone().set_projectiondata(orbitals, [np.ones((2, 2))] * 2)
    with pytest.raises(ValidationError, match="either pdos or projections"):
        projection.clone().set_projectiondata(orbitals)
    with pytest.raises(NotExistent):
        ProjectionData().set_reference_bandsdata("nothing")


def test_what_data_can_be_exported_to() -> None:
    assert StructureData.get_export_formats() == ["chemdoodle", "cif", "xsf", "xyz"]
    assert KpointsData.get_export_formats() == ["json"] and TrajectoryData.get_export_formats() == ["cif", "json", "xsf"]


# --- paths of k-points ------------------------------------------------------------------------------------------------


def test_paths_by_seekpath() -> None:
    pytest.importorskip("seekpath")
    half = 5.43 / 2
    silicon = StructureData(cell=[[0, half, half], [half, 0, half], [half, half, 0]])
    for position in ((0, 0, 0), (half / 2, half / 2, half / 2)):
        silicon.append_atom(position=position, symbols="Si")
    path = get_kpoints_path(silicon)
    assert path["parameters"]["path"] == [["GAMMA", "X"], ["X", "U"], ["K", "GAMMA"], ["GAMMA", "L"], ["L", "W"], ["W", "X"]]
    assert len(path["conv_structure"].sites) == 8 and len(path["primitive_structure"].sites) == 2
    found = get_explicit_kpoints_path(silicon, reference_distance=0.2)
    assert found["explicit_kpoints"].labels == [(0, "GAMMA"), (4, "X"), (5, "U"), (6, "K"), (11, "GAMMA"), (15, "L"), (18, "W"), (19, "X")]
    assert all(node.store().is_stored for node in found.values())
    for wrong in ({"method": "other"}, {"other": 1}):
        with pytest.raises(ValueError, match="not implemented|unknown arguments"):
            get_kpoints_path(silicon, **wrong)
    with pytest.raises(ValueError, match="three-dimensional"):
        get_kpoints_path(StructureData(cell=CELL, pbc=(True, True, False)))
