"""Node types and classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import DbContentError
from aiida.orm.utils.node import (
    get_query_type_from_type_string,
    get_type_string_from_class,
    is_valid_node_type_string,
    load_node_class,
)
from aiida.plugins import entry_point as plugins


@pytest.fixture
def register() -> Iterator[Any]:
    with plugins.preserved_overrides():
        yield lambda cls, name: plugins.set_override(
            "aiida.data", name, plugins.LiveEntryPoint(name, "aiida.data", cls)
        )


CORE = [
    getattr(orm, name)
    for name in ("Int", "Dict", "ArrayData", "Data", "CalcJobNode", "WorkChainNode", "InstalledCode", "UpfData")
]


@pytest.mark.parametrize("cls", CORE)
def test_core_types(cls: Any) -> None:
    node_type = cls.class_node_type
    assert load_node_class(node_type) is cls
    assert get_type_string_from_class(cls.__module__, cls.__name__) == node_type, (
        "what the class says is what its entry point says"
    )
    assert cls._query_type_string == get_query_type_from_type_string(node_type) == node_type[: -len(cls.__name__) - 1]
    assert cls.entry_point is not None


def test_every_class_says_what_its_entry_point_says() -> None:
    for group in ("aiida.data", "aiida.node"):
        for point in plugins.get_entry_points(group):
            cls = point.load()
            if not hasattr(cls, "class_node_type") or point.name == "core.base":
                continue
            prefix = "data." if group == "aiida.data" else ""
            assert cls.class_node_type == f"{prefix}{point.name}.{cls.__name__}.", point


def test_types_of_missing_plugins() -> None:
    assert load_node_class("data.not.installed.Some.") is orm.Data
    assert load_node_class("process.calculation.some.Some.") is orm.ProcessNode
    assert load_node_class("") is orm.Node
    with pytest.raises(DbContentError, match="nonsense"):
        load_node_class("nonsense")
    assert get_type_string_from_class("x.y", "Z") == "x.y.Z."
    assert not is_valid_node_type_string("data.") and is_valid_node_type_string("data.core.int.Int.")
    with pytest.raises(DbContentError):
        get_query_type_from_type_string("data.")


def test_l07_classes_registered_in_a_test(register: Any) -> None:
    class First(orm.Dict):
        """Registered by one test."""

    class Second(orm.Dict):
        """Registered in its place."""

    assert First.class_node_type.endswith("First.") and not First.class_node_type.startswith("data.")
    register(First, "some.type")
    assert First.class_node_type == "data.some.type.First."
    node = First({"a": 1}).store()
    assert type(orm.load_node(node.pk)) is First
    register(Second, "some.type")
    assert type(orm.load_node(node.pk)) is Second, "the entry point decides, not what was seen before"
    assert type(orm.QueryBuilder().append(orm.Data, filters={"id": node.pk}).one()[0]) is Second


def test_l09_loggers() -> None:
    assert orm.Int(1).logger.name == "aiida.orm.nodes.data.int.Int"
    assert orm.WorkChainNode().logger.name == "aiida.orm.nodes.process.workflow.workchain.WorkChainNode"


def test_tools_of_plugins(caplog: pytest.LogCaptureFixture) -> None:
    from aiida.tools import CalculationTools, WorkflowTools

    class Mine(CalculationTools):
        def answer(self) -> int:
            return self._node.get_option("answer")

    node = orm.CalcJobNode(process_type="aiida.calculations:some.plugin")
    node.set_option("answer", 42)
    with plugins.preserved_overrides():
        assert type(node.tools) is CalculationTools
        plugins.set_override(
            "aiida.tools.calculations", "some.plugin", plugins.LiveEntryPoint("some.plugin", "aiida.tools.calculations", Mine)
        )
        again = orm.CalcJobNode(process_type="aiida.calculations:some.plugin")
        again.set_option("answer", 42)
        assert again.tools.answer() == 42
    assert type(orm.WorkChainNode().tools) is WorkflowTools
