"""Pseudopotentials and their families; orbitals."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from aiida import orm
from aiida.common import exceptions
from aiida.orm.nodes.data import upf

pytestmark = pytest.mark.filterwarnings("ignore::aiida.common.warnings.AiidaDeprecationWarning")

VERSION_2 = '<UPF version="2.0.1">\n<PP_INFO>{note}</PP_INFO>\n<PP_HEADER\n generated="x"\n element="{symbol}" z_valence="3"/>\n</UPF>\n'
VERSION_1 = "<PP_HEADER>\n   0   Version Number\n  {symbol}   Element\n   NC  Norm\n</PP_HEADER>\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Al.pz.UPF").write_text(VERSION_2.format(symbol="Al", note=tmp_path))
    (tmp_path / "si_old.upf").write_text(VERSION_1.format(symbol="Si") + str(tmp_path))
    (tmp_path / "readme.txt").write_text("no pseudopotential")
    return tmp_path


def test_element_and_checksum(folder: Path) -> None:
    node = orm.UpfData(folder / "Al.pz.UPF").store()
    assert (node.element, node.filename) == ("Al", "Al.pz.UPF") and len(node.md5sum or "") == 32
    assert orm.load_node(node.pk).base.attributes.all == {"filename": "Al.pz.UPF", "element": "Al", "md5": node.md5sum}
    assert orm.UpfData.from_md5(node.md5sum or "") == [node]
    assert orm.UpfData.get_or_create(str(folder / "Al.pz.UPF")) == (node, False)
    assert upf.parse_upf(folder / "si_old.upf") == {"version": "1", "element": "Si"}
    exported = folder / "out.upf"
    node.export(exported)
    assert exported.read_bytes() == (folder / "Al.pz.UPF").read_bytes()


def test_bad_files(folder: Path) -> None:
    (folder / "Si.wrong.upf").write_text(VERSION_2.format(symbol="Al", note=""))
    with pytest.raises(exceptions.ParsingError, match="does not correspond"):
        orm.UpfData(folder / "Si.wrong.upf")
    (folder / "Al.broken.upf").write_text("nothing")
    with pytest.raises(exceptions.ParsingError, match="element"):
        orm.UpfData(folder / "Al.broken.upf")
    with pytest.raises(ValueError, match="check_filename"):
        orm.UpfData(io.BytesIO(b"x"), filename="Al.upf")


def test_families(folder: Path) -> None:
    label = folder.name
    assert upf.upload_upf_family(str(folder), label, "described", stop_if_existing=False) == (2, 2)
    assert upf.upload_upf_family(str(folder), label, "described", stop_if_existing=False) == (2, 0)
    family = orm.UpfData.get_upf_group(label)
    assert {node.element for node in family.nodes} == {"Al", "Si"} and family.description == "described"
    assert family.nodes[0].get_upf_family_names() == [label]
    assert family in orm.UpfData.get_upf_groups(filter_elements=["Al", "Si"])
    assert family not in orm.UpfData.get_upf_groups(filter_elements=["Ge"])
    with pytest.raises(ValueError, match="identical MD5"):
        upf.upload_upf_family(str(folder), label, "", stop_if_existing=True)
    (folder / "Al.other.upf").write_text(VERSION_2.format(symbol="Al", note="other"))
    with pytest.raises(ValueError, match="More than one UPF found for the elements: Al"):
        upf.upload_upf_family(str(folder), label, "", stop_if_existing=False)

    class Kind:
        def __init__(self, name: str, symbol: str) -> None:
            self.name, self.symbol = name, symbol

    class Structure:
        kinds = [Kind("Al1", "Al"), Kind("Al2", "Al")]

    assert set(upf.get_pseudos_from_structure(Structure, label)) == {"Al1", "Al2"}
    Structure.kinds.append(Kind("Ge", "Ge"))
    with pytest.raises(exceptions.NotExistent, match="No UPF for element Ge"):
        upf.get_pseudos_from_structure(Structure, label)


def test_orbitals() -> None:
    class Orbital:
        def __init__(self, **facts: Any) -> None:
            self.facts = facts

        def get_orbital_dict(self) -> dict[str, Any]:
            return self.facts

    node = orm.OrbitalData()
    with pytest.raises(AttributeError, match="must be set"):
        node.get_orbitals()
    with pytest.raises(ValueError, match="_orbital_type"):
        node.set_orbitals(Orbital(position=[0, 0, 0]))
    node.set_orbitals([Orbital(_orbital_type="core.orbital", position=[0.0, 0.0, 0.0])])
    assert node.store().base.attributes.get("orbital_dicts") == [{"_orbital_type": "core.orbital", "position": [0.0, 0.0, 0.0]}]
    assert node.get_orbitals(position="elsewhere") == []
