"""BEHAVIOUR D: the process builder."""

from __future__ import annotations

import copy
from collections.abc import MutableMapping
from typing import Any

import process_examples as examples
import pytest

from aiida import orm
from aiida.engine import ProcessBuilder, ProcessBuilderNamespace, run_get_node


@pytest.fixture
def builder(engine: Any) -> ProcessBuilder:
    return examples.Child.get_builder()


def test_d01_empty_builder(builder: Any) -> None:
    assert repr(builder) == "{'metadata': {}, 'ns': {'x': {}}, 'dyn': {}}"
    assert isinstance(builder.ns.x, ProcessBuilderNamespace) and isinstance(builder, MutableMapping) and not isinstance(builder, dict)
    assert str(builder).startswith("Process class: Child\nInputs:\n")
    assert {"a", "b", "ns", "metadata"} <= set(dir(builder))


def test_d02_reading_what_is_not_set(builder: Any) -> None:
    assert callable(builder.a) and builder.b is None and builder.metadata.call_link_label == "CALL"
    assert "a" not in builder and hasattr(builder, "b") and getattr(builder.ns, "x", None) == {}
    with pytest.raises(KeyError):
        _ = builder["a"]


def test_d03_unknown_names(builder: Any) -> None:
    with pytest.raises(AttributeError, match="Unknown builder parameter: zz"):
        builder.zz = 1
    with pytest.raises(AttributeError):
        _ = builder.zz
    builder.dyn["anything"] = orm.Int(1)


def test_d04_values_are_checked_when_set(builder: Any) -> None:
    with pytest.raises(ValueError, match="invalid attribute value bad is bad"):
        builder.s = "bad"
    with pytest.raises(ValueError, match="invalid attribute value"):
        builder.a = None
    builder.a = 4
    assert isinstance(builder.a, orm.Int) and builder["a"].value == 4


def test_d05_assigning_to_a_namespace(builder: Any) -> None:
    builder.ns.x.y = 1
    builder.ns = {"x": {"y": 2}}
    assert isinstance(builder.ns, ProcessBuilderNamespace) and builder.ns.x.y.value == 2
    with pytest.raises(TypeError):
        builder.ns = 3
    builder.dyn = {"Si": orm.Int(1)}
    assert builder.dyn["Si"].value == 1
    with pytest.raises(AttributeError):
        _ = builder.dyn.Si


def test_d06_unsetting(builder: Any) -> None:
    builder.a, builder.plain = 4, 7
    del builder.a
    del builder["plain"]
    del builder.a
    assert callable(builder.a) and builder.plain == 4
    builder.b = 1
    assert builder.pop("b").value == 1 and builder.pop("b", None) is None
    builder.dyn = {"q": orm.Int(1)}
    builder.dyn.clear()
    assert dict(builder.dyn) == {}
    builder.pop("ns")
    assert "ns" not in builder._inputs() and builder.ns.x == {}


def test_d07_inputs_as_plain_dictionaries(builder: Any) -> None:
    builder.a = 4
    builder.metadata.label = "x"
    assert builder._inputs(prune=False) == {"metadata": {"label": "x"}, "ns": {"x": {}}, "dyn": {}, "a": builder.a}
    pruned = builder._inputs(prune=True)
    assert pruned == {"metadata": {"label": "x"}, "a": builder.a} and type(pruned["metadata"]) is dict


def test_d08_update_and_merge(builder: Any) -> None:
    builder._update({"metadata": {"label": "x"}}, a=orm.Int(1))
    builder._update(metadata={"description": "y"})
    assert builder._inputs(prune=True) == {"metadata": {"label": "x", "description": "y"}, "a": builder.a}
    builder._merge({"ns": {"x": {"y": 4}}})
    assert builder.ns.x.y.value == 4
    with pytest.raises(AttributeError):
        builder._update(zz=1)
    with pytest.raises(AttributeError):
        builder._merge({"ns": {"zz": 1}})


def test_d09_what_plugins_look_at(builder: Any) -> None:
    assert builder._data == {"metadata": {}, "ns": {"x": {}}, "dyn": {}}
    assert builder._valid_fields == ["metadata", "a", "b", "s", "ns", "plain", "dyn"]
    assert builder._process_class is builder.process_class is examples.Child and builder._process_spec is examples.Child.spec()
    assert builder.ns._port_namespace is examples.Child.spec().inputs["ns"]


def test_d10_as_a_mapping(builder: Any) -> None:
    builder.a = orm.Int(1)
    assert {**builder}["a"] is builder.a and dict(builder)["a"] is builder.a
    twin = copy.deepcopy(builder)
    twin.metadata.label = "other"
    assert builder.metadata.label is None and twin.process_class is examples.Child and twin.a.value == 1


def test_d11_builder_of_another_class(engine: Any) -> None:
    builder = examples.Parent.get_builder()
    other = examples.Child.get_builder()
    other.plain = 9
    builder.c = other
    assert builder.c.plain == 9
    popped = builder.pop("c")
    assert popped["plain"] == 9 and builder.c.plain == 4


def test_d12_builder_of_a_code_and_restart(engine: Any, tmp_path: Any) -> None:
    computer = orm.Computer("d12", "localhost", workdir=str(tmp_path), transport_type="core.local", scheduler_type="core.direct").store()
    code = orm.InstalledCode(
        label="sh", computer=computer, filepath_executable="/bin/bash", default_calc_job_plugin="core.arithmetic.add"
    ).store()
    assert code.get_builder().code is code
    node = run_get_node(examples.Child, a=orm.Int(2), metadata={"label": "me"}).node
    builder = node.get_builder_restart()
    assert builder.a == node.inputs.a and builder._inputs(prune=True)["metadata"] == {"label": "me"}


def test_d13_option_defaults_are_not_in_the_builder(engine: Any) -> None:
    from aiida.calculations.arithmetic.add import ArithmeticAddCalculation

    builder = ArithmeticAddCalculation.get_builder()
    assert all(isinstance(value, ProcessBuilderNamespace) for value in builder.metadata.options.values())
    assert builder.metadata.options.submit_script_filename == "_aiidasubmit.sh"
