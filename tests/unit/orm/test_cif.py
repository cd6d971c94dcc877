"""Crystallographic information files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.orm.nodes.data.cif import parse_formula

pytest.importorskip("CifFile")

PLAIN = """data_x
_cell_length_a 3(1)
_cell_length_b 3
_cell_length_c 3
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_Int_Tables_number 225
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
_atom_site_attached_hydrogens
Al1 Al 0 0 0 {occupancy} {hydrogens}
{second} 0 0 1 .
_chemical_formula_sum '{formula}'
"""
GOOD = PLAIN.format(occupancy="1", hydrogens="0", second="Si1 Si 0.5", formula="Al Si")
BAD = PLAIN.format(occupancy="0.5", hydrogens="1", second="X1 X ?", formula="Al X")


def make(text: str, **kwargs: Any) -> orm.CifData:
    return orm.CifData(file=io.BytesIO(text.encode()), **kwargs)


def test_attributes_as_aiida_core_writes_them() -> None:
    node = make(GOOD).store()
    assert orm.load_node(node.pk).base.attributes.all == {
        "filename": "file.txt",
        "md5": node.generate_md5(),
        "formulae": ["Al Si"],
        "spacegroup_numbers": [225],
        "scan_type": "standard",
        "parse_policy": "eager",
    }
    assert (
        repr(orm.CifData) == "<class 'aiida.orm.nodes.data.cif.CifData'>" and node.node_type == "data.core.cif.CifData."
    )
    lazy = make(GOOD, parse_policy="lazy")
    assert lazy.formulae is None and lazy.get_formulae() == ["Al Si"]


def test_predicates() -> None:
    good, bad, none = (
        make(GOOD),
        make(BAD),
        make("data_a\n_chemical_formula_sum 'H2 O'\ndata_b\n_chemical_formula_sum '?'\n"),
    )

    def facts(node: orm.CifData) -> list[bool]:
        return [
            node.has_atomic_sites,
            node.has_attached_hydrogens,
            node.has_partial_occupancies,
            node.has_undefined_atomic_sites,
            node.has_unknown_species,
        ]

    assert facts(good) == [True, False, False, False, False]
    assert facts(bad) == [True, True, True, True, True]
    assert facts(none) == [False, False, False, True, False]
    assert none.get_formulae() == ["H2 O", "?"] and none.get_spacegroup_numbers() == [None, None]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Al Si2", {"Al": 1, "Si": 2}),
        ("C6 H12 O6", {"C": 6, "H": 12, "O": 6}),
        ("C[3+] H1", {"C": 1, "H": 1}),
        ("Al0.5 Si", {"Al": 0.5, "Si": 1}),
        ("H2O", {"H": 2, "O": 1}),
        ("?", {}),
    ],
)
def test_formulae(text: str, counts: dict[str, Any]) -> None:
    assert parse_formula(text) == counts


def test_from_and_to_ase() -> None:
    ase = pytest.importorskip("ase")
    atoms = ase.Atoms("AlSi2", positions=[[0, 0, 0], [1, 1, 1], [2, 2, 2.0]], cell=[4, 4, 4], pbc=True)
    node = orm.CifData(ase=atoms)
    node.values["0"]["_chemical_formula_sum"] = "Al Si2"
    node.store()
    assert node.get_formulae() == ["Al Si2"] == orm.load_node(node.pk).get_formulae(), (
        "what was changed in the values is in the file"
    )
    again = orm.load_node(node.pk).get_ase()
    assert again.get_chemical_symbols() == ["Al", "Si", "Si"] and abs(again.positions - atoms.positions).max() < 1e-8


def test_checks(tmp_path: Path) -> None:
    for wrong in ({"scan_type": "x"}, {"parse_policy": "x"}, {"ase": 3}):
        with pytest.raises(ValueError, match=r"unknown|same time"):
            make(GOOD, **wrong)
    path = tmp_path / "unique.cif"
    path.write_text(GOOD + f"# {tmp_path}")
    node, created = orm.CifData.get_or_create(path)
    assert (
        created and orm.CifData.get_or_create(path) == (node, False) and orm.CifData.from_md5(node.md5 or "") == [node]
    )
    assert node.export(tmp_path / "copy.cif") and (tmp_path / "copy.cif").read_text() == path.read_text()


def test_structures(current: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ase")
    import aiida.manage.manager  # noqa: F401 - it provides the settings
    from aiida.common.slots import current_engine, current_settings
    from aiida.engine.runtime.inline import make_engine

    settings = current_settings.get()
    text = GOOD.replace("_symmetry_Int_Tables_number 225\n", "_symmetry_Int_Tables_number 1\n").replace("3(1)", "3")
    with current_engine.override(make_engine(current, settings)):
        node = make(text).store()
        by_ase = node.get_structure(converter="ase")
        assert sorted(by_ase.get_site_kindnames()) == ["Al", "Si"] and not by_ase.is_stored
        stored = node.get_structure(converter="ase", store=True)
        assert stored.is_stored and stored.creator.inputs.cif == node
        if pytest.importorskip("pymatgen"):
            assert sorted(node.get_structure().get_site_kindnames()) == ["Al", "Si"]
    with pytest.raises(ValueError, match="No such converter"):
        node.get_structure(converter="nope")
