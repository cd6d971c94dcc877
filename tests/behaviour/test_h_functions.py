"""BEHAVIOUR H: process functions."""

from __future__ import annotations

from typing import Any

import process_examples as examples
import pytest

from aiida import orm
from aiida.common.links import LinkType
from aiida.engine import calcfunction, run, run_get_node
from aiida.manage.caching import disable_caching, enable_caching

pytestmark = pytest.mark.usefixtures("engine")


def labels(node: Any) -> set[str]:
    return {link.link_label for link in node.base.links.get_incoming(link_type=(LinkType.INPUT_CALC, LinkType.INPUT_WORK)).all()}


def test_h01_call_forms() -> None:
    x = orm.Int(1)
    assert examples.add(x, 2) == 3 and examples.add(x=1, y=2) == 3
    result, node = examples.add.run_get_node(x, y=2)
    assert result == 3 and isinstance(node, orm.CalcFunctionNode) and node.inputs.x == x
    result, pk = examples.add.run_get_pk(x, 2)
    assert orm.load_node(pk).outputs.result.uuid == result.uuid
    assert run(examples.add, x=1, y=2) == 3
    both = run_get_node(examples.add, x=1, y=2)
    assert both[0] == 3 and both[1].is_finished_ok
    with pytest.raises(TypeError):
        run(examples.add, x)


def test_h02_variable_arguments() -> None:
    result, node = examples.anything.run_get_node(orm.Int(0), orm.Int(1), orm.Int(2), k=orm.Int(3), ns={"p": orm.Int(4).store()})
    assert result["xs"].get_list() == [1, 2] and result["kw"].get_list() == ["k", "ns"]
    assert labels(node) == {"first", "xs_0", "xs_1", "k", "ns__p"}
    with pytest.raises(ValueError, match="for dynamic port value"):
        examples.anything(1, k=3)


def test_h02_none_and_dictionaries() -> None:
    result, node = examples.anything.run_get_node(None)
    assert result["first"].value is True and labels(node) == set()
    _, node = examples.anything.run_get_node({"a": 1})
    assert node.inputs.first.get_dict() == {"a": 1}


def test_h03_returns() -> None:
    assert examples.give("node") == 1
    result, node = examples.give.run_get_node("nested")
    assert result == {"ns": {"y": orm.load_node(result["ns"]["y"].pk)}, "a": {"b": orm.load_node(result["a"]["b"].pk)}}
    assert {link.link_label for link in node.base.links.get_outgoing().all()} == {"ns__y", "a__b"}
    assert examples.give("none") == {}
    result, node = examples.give.run_get_node("code")
    assert result == {} and node.exit_status == 7 and node.exit_message == "seven" and node.is_failed
    for kind in ("list", "tuple", "int"):
        with pytest.raises(TypeError, match="Function process returned an output with unsupported type"):
            examples.give(kind)


@pytest.mark.parametrize("stored", [True, False])
def test_h04_returning_an_input(stored: bool) -> None:
    what = orm.Str("input")
    if stored:
        what.store()
    with pytest.raises(ValueError, match="cycle"):
        examples.give(what)
    assert examples.pass_on(what).uuid == what.uuid


def test_h04_workfunctions_return_stored_nodes() -> None:
    with pytest.raises(ValueError, match="^Workflow<pass_on> tried returning an unstored `Data` node"):
        examples.pass_on("node")


def test_h05_spec_from_the_signature() -> None:
    ports = examples.typed.spec().inputs
    assert ports["a"].valid_type == (orm.Int,) and ports["a"].required and ports["a"].help == "the first of all"
    assert ports["b"].valid_type == (orm.Float,) and not ports["b"].required and ports["b"].help == "the second"
    assert ports["c"].valid_type == (orm.Str, type(None)) and ports["k"].valid_type == (orm.Int, type(None))
    assert examples.typed(1, b=2.5).value == 3.5
    assert examples.typed.is_process_function and examples.typed.node_class is orm.CalcFunctionNode and examples.typed.__name__ == "typed"
    assert examples.typed.process_class.__name__ == "typed" and examples.typed.__doc__.startswith("Do something")


def test_h05_source_is_kept() -> None:
    _, node = examples.add.run_get_node(1, 2)
    assert node.function_name == "add" and node.function_namespace == "process_examples" and node.label == "add"
    assert "def add(x: Any, y: Any) -> Any:" in node.get_source_code_function()
    _, again = examples.add.run_get_node(1, 2)
    assert again.get_source_code_file() == node.get_source_code_file() and again.function_starting_line_number == node.function_starting_line_number


def test_h06_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="Error occurred validating port 'inputs.y': required value was not provided for 'y'"):
        examples.add(1)
    with pytest.raises(TypeError, match=r"add\(\) takes 2 positional arguments but 3 were given"):
        examples.add(1, 2, 3)
    with pytest.raises(ValueError, match="add does not support these kwargs: "):
        examples.add(1, 2, z=3)
    with pytest.raises(TypeError, match="Cannot convert value of type"):
        examples.add(1, object())


def test_h07_metadata() -> None:
    _, node = examples.add.run_get_node(1, 2, metadata={"label": "l", "description": "d"})
    assert node.label == "l" and node.description == "d"
    before = orm.QueryBuilder().append(orm.Node).count()
    result, node = examples.add.run_get_node(1, 2, metadata={"store_provenance": False})
    assert result == 3 and not result.is_stored and not node.is_stored and node.is_finished_ok
    assert orm.QueryBuilder().append(orm.Node).count() == before


def test_h08_exceptions_keep_their_type() -> None:
    with pytest.raises(KeyError, match="gone"):
        examples.fail(1)
    node = orm.QueryBuilder().append(orm.CalcFunctionNode, tag="n").order_by({"n": {"id": "desc"}}).first(flat=True)
    assert node.is_excepted and node.exception == "KeyError: 'gone'" and node.exit_status is None and node.is_sealed


def test_h10_caching() -> None:
    x, y = orm.Int(10).store(), orm.Int(20).store()
    with disable_caching():
        _, first = examples.add.run_get_node(x, y)
    with enable_caching():
        result, second = examples.add.run_get_node(x, y)
        _, third = examples.add.run_get_node(x, y, metadata={"disable_cache": True})
    assert second.base.caching.is_created_from_cache and second.base.caching.get_cache_source() == first.uuid
    assert result == 30 and second.is_finished_ok and second.outputs.result.uuid != first.outputs.result.uuid
    assert not third.base.caching.is_created_from_cache


def test_h11_hashing_is_looked_up_on_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Patched(orm.CalcFunctionNode._CLS_NODE_CACHING):  # type: ignore[name-defined, misc]
        def _get_objects_to_hash(self) -> Any:
            seen.append(self._node)
            return super()._get_objects_to_hash()

    monkeypatch.setattr(orm.CalcFunctionNode, "_CLS_NODE_CACHING", Patched)
    _, node = examples.add.run_get_node(1, 2)
    assert any(one is node for one in seen)


def test_a_calculation_calls_nothing() -> None:
    @calcfunction
    def outer(x: Any) -> Any:
        return examples.add(x, x)

    with pytest.raises(Exception, match="calling processes from a calculation type process is forbidden"):
        outer(1)


