"""`verdi data`: structures, bands, trajectories, files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aiida import orm
from aiida.orm.nodes.data.array.bands import BandsData

Good = Callable[..., str]


@pytest.fixture
def silicon() -> orm.StructureData:
    """Two atoms of silicon."""
    cell = [[0.0, 2.7, 2.7], [2.7, 0.0, 2.7], [2.7, 2.7, 0.0]]
    structure = orm.StructureData(cell=cell)
    structure.append_atom(position=(0.0, 0.0, 0.0), symbols="Si")
    structure.append_atom(position=(1.35, 1.35, 1.35), symbols="Si")
    return structure.store()


def test_structure_list_export_import(good: Good, silicon: orm.StructureData, tmp_path: Path) -> None:
    assert re.search(rf"{silicon.pk}\s+Si2", good("data", "core.structure", "list"))
    assert str(silicon.pk) not in good("data", "core.structure", "list", "-r", "-e", "O")
    text = good("data", "core.structure", "export", str(silicon.pk))
    assert text.splitlines()[0].strip() == "2"
    target = tmp_path / "si.xyz"
    assert str(target) in good("data", "core.structure", "export", "-o", str(target), str(silicon.pk))
    output = good("data", "core.structure", "import", "aiida-xyz", "--label", "back", str(target))
    assert "Successfully imported structure Si2" in output
    again = orm.load_node(int(re.search(r"PK = (\d+)", output).group(1)))  # type: ignore[union-attr]
    assert again.label == "back" and len(again.sites) == 2


def test_a_file_that_exists_is_not_replaced_unasked(good: Good, bad: Good, silicon: orm.StructureData, tmp_path: Path) -> None:
    target = tmp_path / "si.xyz"
    target.write_text("mine")
    bad("data", "core.structure", "export", "-o", str(target), str(silicon.pk), code=1)
    assert target.read_text() == "mine"
    good("data", "core.structure", "export", "-f", "-o", str(target), str(silicon.pk))
    assert target.read_text() != "mine"


def test_bands_list_and_export(good: Good) -> None:
    node = BandsData()
    node.set_kpoints(np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]]))
    node.set_bands(np.array([[1.0, 2.0], [1.5, 2.5]]), units="eV")
    node.store()
    assert str(node.pk) in good("data", "core.bands", "list")
    assert json.loads(good("data", "core.bands", "export", str(node.pk)))["paths"]


def test_trajectory_list(good: Good) -> None:
    node = orm.TrajectoryData()
    node.set_trajectory(symbols=["H", "H"], positions=np.zeros((2, 2, 3)))
    node.store()
    assert str(node.pk) in good("data", "core.trajectory", "list", "-r")


def test_array_show(good: Good) -> None:
    node = orm.ArrayData({"x": np.array([1, 2])}).store()
    assert json.loads(good("data", "core.array", "show", str(node.pk))) == {"x": [1, 2]}


def test_remote_folder(good: Good, bad: Good, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("content")
    node = orm.RemoteData(computer=orm.load_computer("localhost"), remote_path=str(tmp_path)).store()
    pk = str(node.pk)
    assert good("data", "core.remote", "ls", pk).split() == ["a.txt", "sub"]
    assert re.search(r"-rw\S+\s+7 .* a\.txt", good("data", "core.remote", "ls", "-l", pk))
    assert good("data", "core.remote", "cat", pk, "a.txt") == "content"
    assert str(tmp_path) in good("data", "core.remote", "show", pk)
    assert "Estimated total size" in good("data", "core.remote", "size", pk)
    bad("data", "core.remote", "ls", "-p", "nope", pk, code=1)


def test_upf_is_deprecated_and_says_by_what(good: Good) -> None:
    output = good("data", "core.upf", "listfamilies")
    assert "Deprecated: See https://aiida-pseudo" in output and "No valid UPF pseudopotential family found" in output
