"""The automatic group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.orm.autogroup import AutogroupManager


@pytest.fixture
def manager(backend: Any) -> Iterator[AutogroupManager]:
    manager = AutogroupManager(backend)
    yield manager
    manager.disable()


def test_nodes_are_added_while_enabled(manager: AutogroupManager) -> None:
    manager.set_group_label_prefix("auto-one")
    before = orm.Int(1).store()
    manager.enable()
    inside = orm.Int(2).store()
    manager.disable()
    after = orm.Int(3).store()
    group = orm.load_group("auto-one")
    assert list(group.nodes) == [inside] and type(group) is orm.AutoGroup and before not in group.nodes and after not in group.nodes


def test_a_taken_label_gets_a_number(backend: Any) -> None:
    for expected in ("auto-two", "auto-two_1", "auto-two_2"):
        manager = AutogroupManager(backend)
        manager.set_group_label_prefix("auto-two")
        assert manager.get_or_create_group().label == expected
        assert manager.get_or_create_group().label == expected


def test_filters(manager: AutogroupManager) -> None:
    manager.enable()
    manager.set_include(["aiida.data:core.int", "aiida.data:core.array%"])
    assert manager.is_to_be_grouped(orm.Int(1)) and manager.is_to_be_grouped(orm.ArrayData())
    assert not manager.is_to_be_grouped(orm.Str("")) and not manager.is_to_be_grouped(orm.WorkChainNode())
    with pytest.raises(ValueError, match="both"):
        manager.set_exclude(["aiida.data:core.int"])
    manager.set_include(None)
    manager.set_exclude("aiida.calculations:%")
    assert manager.is_to_be_grouped(orm.Str(""))
    assert not manager.is_to_be_grouped(orm.CalcJobNode(process_type="aiida.calculations:core.arithmetic.add"))
    with pytest.raises(ValueError, match="entry point"):
        manager.set_exclude(["nonsense"])
    with pytest.raises(TypeError):
        manager.set_group_label_prefix(None)
