"""StructureData: cell, kinds, sites, formulae, files and other libraries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from aiida import orm
from aiida.common.exceptions import ModificationNotAllowed, UnsupportedSpeciesError, ValidationError
from aiida.common.slots import current_store
from aiida.orm.nodes.data.structure import Kind, Site, StructureData, get_formula
from aiida.storage.sqlite_temp.backend import SqliteTempBackend

CELL = [[4.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 0.0, 6.0]]


@pytest.fixture(scope="module", autouse=True)
def store() -> Iterator[Any]:
    backend = SqliteTempBackend(SqliteTempBackend.create_profile("structures"))
    with current_store.override(backend):
        yield backend
    backend.close()


def make(*symbols: str, cell: Any = CELL, **kwargs: Any) -> StructureData:
    """Return a structure with atoms in a row."""
    structure = StructureData(cell=cell, **kwargs)
    for at, symbol in enumerate(symbols):
        structure.append_atom(position=(at, 0, 0), symbols=symbol)
    return structure


def test_attributes_are_those_of_aiida() -> None:
    structure = make("Ba")
    structure.append_atom(position=(1, 1, 1), symbols=["O", "N"], weights=[0.5, 0.5])
    structure.store()
    assert orm.load_node(structure.pk).base.attributes.all == {
        "cell": CELL,
        "pbc1": True,
        "pbc2": True,
        "pbc3": True,
        "kinds": [
            {"symbols": ["Ba"], "weights": [1.0], "mass": 137.327, "name": "Ba"},
            {"symbols": ["O", "N"], "weights": [0.5, 0.5], "mass": 15.00305, "name": "NO"},
        ],
        "sites": [{"position": [0.0, 0.0, 0.0], "kind_name": "Ba"}, {"position": [1.0, 1.0, 1.0], "kind_name": "NO"}],
    }
    assert StructureData.__module__ == Kind.__module__ == Site.__module__ == "aiida.orm.nodes.data.structure"
    assert structure.node_type == "data.core.structure.StructureData."


def test_kinds_are_shared_by_like_atoms() -> None:
    structure = make()
    for arguments in ({"symbols": "Ti"}, {"symbols": "Ti", "name": "Ti1"}, {"symbols": "Ti"}, {"symbols": "Ti", "mass": 50.0}):
        structure.append_atom(position=(0, 0, 0), **arguments)
    assert structure.get_kind_names() == ["Ti", "Ti1", "Ti2"]
    assert structure.get_site_kindnames() == ["Ti", "Ti1", "Ti", "Ti2"]
    with pytest.raises(ValueError, match="the two kinds are different"):
        structure.append_atom(position=(0, 0, 0), symbols="Ti", name="Ti1", mass=3.0)
    assert structure.get_kind("Ti2").mass == 50.0


def test_i13_a_stored_structure_does_not_change() -> None:
    structure = make("Si").store()
    for change in (
        lambda: structure.append_atom(position=(0, 0, 0), symbols="Si"),
        lambda: structure.set_cell(CELL),
        lambda: setattr(structure, "pbc", False),
        structure.clear_kinds,
        lambda: structure.reset_sites_positions([(1, 1, 1)]),
    ):
        with pytest.raises(ModificationNotAllowed):
            change()
    structure.kinds[0].mass = 3
    assert structure.kinds[0].mass == 28.0855
    clone = structure.clone()
    clone.reset_sites_positions([(1, 2, 3)])
    assert clone.sites[0].position == (1.0, 2.0, 3.0) and structure.sites[0].position == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("cell", "pbc", "match"), [([[0] * 3] * 3, True, "3-d volume 0"), ([[1, 0, 0], [0, 1, 0], [0] * 3], (False, False, True), "1-d volume 0")])
def test_i13_periodicity_needs_extent(cell: Any, pbc: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        StructureData(cell=cell, pbc=pbc).store()
    StructureData(cell=cell, pbc=False).store()


def test_kinds_and_sites_have_to_fit() -> None:
    structure = make()
    structure.append_kind(Kind(symbols="O"))
    with pytest.raises(ValidationError, match=r"no sites with that kind: \['O'\]"):
        structure.store()
    with pytest.raises(ValueError, match="No kind with name 'N'"):
        structure.append_site(Site(kind_name="N", position=(0, 0, 0)))
    with pytest.raises(ValueError, match="same name"):
        structure.append_kind(Kind(symbols="O"))
    with pytest.raises(UnsupportedSpeciesError):
        structure.append_atom(position=(0, 0, 0), symbols="Zz")
    with pytest.raises(ValueError, match="list of three vectors"):
        structure.set_cell([[1, 2], [3]])
    with pytest.raises(ValueError, match="same time"):
        StructureData(ase=1, cell=CELL)


@pytest.mark.parametrize(
    ("symbols", "hill", "hill_compact", "count", "reduce", "group"),
    [
        ("Ba Ti O O O Ba Ti O O O C H H", "CH2Ba2O6Ti2", "CH2Ba2O6Ti2", "Ba2Ti2O6CH2", "BaTiO3BaTiO3CH2", "(BaTiO3)2CH2"),
        ("Ba Ti O O O Ba Ti O O O", "Ba2O6Ti2", "BaO3Ti", "Ba2Ti2O6", "BaTiO3BaTiO3", "(BaTiO3)2"),
        ("O H", "HO", "HO", "OH", "OH", "OH"),
        ("Si Si", "Si2", "Si", "Si2", "Si2", "Si2"),
        ("B C B C Cl Cl B C", "C3B3Cl2", "C3B3Cl2", "B3C3Cl2", "BCBCCl2BC", "(BC)2Cl2BC"),
    ],
)
def test_formulae(symbols: str, hill: str, hill_compact: str, count: str, reduce: str, group: str) -> None:
    structure = make(*symbols.split(), cell=[[30, 0, 0], [0, 4, 0], [0, 0, 5]])
    found = [structure.get_formula(mode) for mode in ("hill", "hill_compact", "count", "reduce", "group")]
    assert found == [hill, hill_compact, count, reduce, group]
    assert structure.get_formula("hill", separator=" ").replace(" ", "") == hill
    with pytest.raises(ValueError, match="Mode should be"):
        get_formula(["H"], mode="other")


def test_composition_alloys_and_vacancies() -> None:
    structure = make("Fe", "O", "O")
    assert structure.get_composition() == {"Fe": 1, "O": 2} and structure.get_composition("fractional")["Fe"] == pytest.approx(1 / 3)
    assert not structure.is_alloy and not structure.has_vacancies
    structure.append_atom(position=(0, 0, 0), symbols=["Fe", "Ni"], weights=[0.5, 0.3])
    assert structure.is_alloy and structure.has_vacancies
    assert structure.get_formula() == "FeO2{Fe0.50Ni0.30X0.20}" and structure.get_symbols_set() == {"Fe", "Ni", "O"}
    with pytest.raises(ValueError, match="alloy"):
        structure.get_ase()


def test_cell_arithmetic() -> None:
    structure = make("Si")
    assert structure.get_cell_volume() == 120.0
    assert structure.cell_lengths == pytest.approx([4, 5, np.sqrt(37)])
    assert structure.cell_angles == pytest.approx([90, np.degrees(np.arccos(1 / np.sqrt(37))), 90])
    assert [make("Si", pbc=pbc).get_dimensionality()["dim"] for pbc in (False, (True, False, False), (True, True, False), True)] == [0, 1, 2, 3]
    assert make("Si", pbc=(True, True, False)).get_dimensionality() == {"dim": 2, "label": "surface", "value": 20.0}


def test_files() -> None:
    structure = make("Si", "C")
    xsf = structure._exportcontent("xsf")[0].decode().splitlines()
    assert xsf[0] == "CRYSTAL" and xsf[2] == "      4.0000000000       0.0000000000       0.0000000000"
    assert xsf[6] == "2 1" and xsf[7] == "14       0.0000000000       0.0000000000       0.0000000000"
    xyz = structure._exportcontent("xyz")[0].decode()
    assert xyz.splitlines()[:3] == [
        "2",
        'Lattice="4.0 0.0 0.0 0.0 5.0 0.0 1.0 0.0 6.0" pbc="True True True"',
        "Si           0.0000000000       0.0000000000       0.0000000000",
    ]
    again = StructureData(cell=CELL)
    again.importstring(xyz, "xyz")
    assert [site.get_raw() for site in again.sites] == [site.get_raw() for site in structure.sites] and again.pbc == (False,) * 3
    picture = json.loads(structure._exportcontent("chemdoodle", supercell_factors=(2, 1, 1))[0])
    assert len(picture["m"][0]["a"]) == 4 and picture["s"][0]["o"] == [-4.5, -2.5, -3.0]
    with pytest.raises(ValueError, match="not implemented"):
        structure._exportcontent("other")


def test_cif_is_read_by_others(tmp_path: Any) -> None:
    ase_io = pytest.importorskip("ase.io")
    structure = make("Si", "C")
    path = tmp_path / "structure.cif"
    structure.export(path)
    atoms = ase_io.read(path)
    assert atoms.get_chemical_symbols() == ["Si", "C"]
    assert atoms.cell.lengths() == pytest.approx(structure.cell_lengths)


def test_ase_there_and_back() -> None:
    ase = pytest.importorskip("ase")
    atoms = ase.Atoms("SiSiC", positions=[[0, 0, 0], [1, 1, 1], [2, 2, 2]], cell=CELL, pbc=(1, 1, 0), tags=[0, 1, 2])
    structure = StructureData(ase=atoms)
    assert structure.get_kind_names() == ["Si", "Si1", "C2"] and structure.pbc == (True, True, False)
    back = structure.get_ase()
    assert list(back.get_tags()) == [0, 1, 2] and np.allclose(back.positions, atoms.positions) and np.allclose(back.cell, atoms.cell)


def test_pymatgen_there_and_back() -> None:
    pytest.importorskip("pymatgen.core")
    structure = make("Fe", "O")
    structure.append_atom(position=(3, 3, 3), symbols="Fe", name="Fe2")
    other = structure.get_pymatgen()
    assert other.site_properties["kind_name"] == ["Fe", "O", "Fe2"]
    back = StructureData(pymatgen=other)
    assert back.get_site_kindnames() == ["Fe", "O", "Fe2"] and np.allclose(back.sites[2].position, (3, 3, 3))
    assert StructureData(pymatgen=structure.get_pymatgen(add_spin=True)).get_kind_names() == ["Fe", "O", "Fe2"]
    molecule = make("C", "O", pbc=False).get_pymatgen()
    assert type(molecule).__name__ == "Molecule"
    boxed = StructureData(pymatgen_molecule=molecule)
    assert boxed.pbc == (False, False, False) and boxed.get_cell_volume() == pytest.approx(11 * 10 * 10)
    with pytest.raises(AttributeError, match="Converter for 'int'"):
        StructureData(pymatgen=3)


def test_spglib_there_and_back() -> None:
    from aiida.tools.data.structure import spglib_tuple_to_structure, structure_to_spglib_tuple  # noqa: PLC0415

    structure = make("Fe", "O")
    structure.append_atom(position=(3, 3, 3), symbols="Fe", name="Fe2")
    cell, kind_numbers, kinds = structure_to_spglib_tuple(structure)
    assert cell[2] == [26, 8, 26000] and kind_numbers == {"Fe": 26, "O": 8, "Fe2": 26000}
    back = spglib_tuple_to_structure(cell, kind_numbers, kinds)
    assert back.get_site_kindnames() == ["Fe", "O", "Fe2"]
    assert np.allclose([site.position for site in back.sites], [site.position for site in structure.sites])
    with pytest.raises(ValueError, match="26000"):
        spglib_tuple_to_structure(cell)


def test_a_structure_can_be_given_by_its_parts() -> None:
    original = make("Ba", "O", pbc=(True, False, True))
    again = StructureData(**original.base.attributes.all)
    assert again.base.attributes.all == original.base.attributes.all
    assert (orm.StructureData.fields.pbc1 == True).as_dict() == {"attributes.pbc1": {"==": True}}  # noqa: E712
