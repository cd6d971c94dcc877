"""Ports and namespaces by themselves."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aiida.engine.processes.checks import UNSPECIFIED
from aiida.engine.processes.ports import CalcJobOutputPort, InputPort, OutputPort, PortNamespace
from aiida.orm import Int, to_aiida_type


def namespace(**ports: Any) -> PortNamespace:
    made = PortNamespace("inputs")
    for name, options in ports.items():
        parent, _, last = name.replace("__", ".").rpartition(".")
        (made.create_port_namespace(parent) if parent else made)[last] = InputPort(last, **options)
    return made


def test_the_marker_survives_copies() -> None:
    assert copy.copy(UNSPECIFIED) is UNSPECIFIED and copy.deepcopy(UNSPECIFIED) is UNSPECIFIED and UNSPECIFIED == ()


def test_a_port_with_a_default_is_not_required() -> None:
    assert InputPort("x", default=3, required=True).required is False
    port = InputPort("x", valid_type=int)
    port.default = 3
    assert port.required is True and port.has_default(), "a default that is given later leaves the rest as it was declared"


def test_optional_ports_take_none() -> None:
    assert InputPort("x", valid_type=int, required=False).valid_type == (int, type(None))
    assert InputPort("x", valid_type=int, default=1).valid_type is int
    assert InputPort("x", valid_type=int, default=None, required=False).valid_type == (int, type(None))


def test_general_serialiser() -> None:
    assert InputPort("x").serializer is to_aiida_type and InputPort("x", non_db=True).serializer is None
    assert InputPort("x", is_metadata=True).serializer is None


@pytest.mark.parametrize(
    ("name", "message"),
    [("a__b", "consecutive"), ("a b", "alphanumeric"), ("1a", "identifier"), ("", "identifier")],
)
def test_port_names(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PortNamespace("x")[name] = InputPort("y")


def test_flags_are_inherited_from_the_namespace() -> None:
    outer = PortNamespace("x", is_metadata=True, non_db=True)
    outer["a"] = InputPort("a")
    outer["b"] = InputPort("b", non_db=False)
    outer.create_port_namespace("n.m")["c"] = InputPort("c")
    assert outer["a"].is_metadata and outer["a"].non_db and not outer["b"].non_db and outer["n"]["m"]["c"].is_metadata


def test_a_name_holds_a_port_or_a_namespace() -> None:
    made = namespace(a={"valid_type": int})
    with pytest.raises(ValueError, match="the name 'a' in 'inputs' already contains a Port"):
        made.create_port_namespace("a.b")


def test_absorb_takes_copies_and_properties() -> None:
    source = namespace(a={"valid_type": int}, n__b={"valid_type": int, "default": 1}, n__c={})
    source.valid_type, source.dynamic, source.help = Int, False, "helpful"
    target = PortNamespace("target")
    assert target.absorb(source, exclude=["a", "n.c"]) == ["n"]
    assert list(target["n"]) == ["b"] and target.help == "helpful" and target.dynamic
    target["n"]["b"].default = 2
    assert source["n"]["b"].default == 1
    chosen = PortNamespace("target")
    assert chosen.absorb(source, include=["n.c"], namespace_options={"required": False}) == ["n"] and list(
        chosen["n"]
    ) == ["c"]
    assert chosen.required is False
    with pytest.raises(ValueError, match="mutually exclusive"):
        target.absorb(source, exclude=["a"], include=["b"])
    with pytest.raises(ValueError, match="is not a supported PortNamespace property"):
        target.absorb(source, namespace_options={"foo": 1})


def test_project_drops_what_has_no_port() -> None:
    assert namespace(a={}, n__b={}).project({"a": 1, "n": {"b": 2, "z": 3}, "q": 4}) == {"a": 1, "n": {"b": 2}}


def test_defaults_are_called_each_time() -> None:
    made = namespace(a={"default": list, "non_db": True}, n__b={"default": 5, "non_db": True})
    one, two = made.pre_process({}), made.pre_process({"n": {}})
    assert one == {"a": [], "n": {"b": 5}} == two and one["a"] is not two["a"]
    made["n"].populate_defaults = False
    assert made.pre_process({}) == {"a": []}


def test_validation_walks_down_and_names_the_place() -> None:
    made = namespace(n__m__b={"valid_type": int})
    assert made.validate({}).port == "inputs.n.m.b"
    assert made.validate({"n": 5}).message.startswith("specified value is of type")
    made["n"].required = False
    assert made.validate({}) is None and made.validate({"n": {"m": {"b": "x"}}}).port == "inputs.n.m.b"


def test_a_validator_must_return_text() -> None:
    with pytest.raises(TypeError, match="should return a message or None"):
        InputPort("x", validator=lambda value, port: 3).validate(1)


def test_output_ports() -> None:
    assert CalcJobOutputPort("x", pass_to_parser=True).pass_to_parser and OutputPort("x").validate(3) is None
