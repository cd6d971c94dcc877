"""BEHAVIOUR B: inputs, metadata, exposed inputs."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import process_examples as examples
import pytest

from aiida import orm
from aiida.common.exceptions import InvalidOperation
from aiida.common.extendeddicts import AttributeDict, AttributesFrozendict
from aiida.engine.utils import instantiate_process
from aiida.plugins import CalculationFactory


@pytest.fixture
def child(engine: Any) -> Any:
    return lambda **inputs: instantiate_process(engine, examples.Child, **inputs)


@pytest.fixture
def parent(engine: Any) -> Any:
    return lambda **inputs: instantiate_process(engine, examples.Parent, **inputs)


def test_b01_type_of_inputs(child: Any) -> None:
    inputs = child(metadata={"label": "x"}).inputs
    assert type(inputs) is AttributesFrozendict and type(inputs.metadata) is AttributesFrozendict and type(inputs.ns.x) is AttributesFrozendict


def test_b01_b07_options_of_a_job(engine: Any, tmp_path: Any) -> None:
    """Plain dictionaries stay what they are; options are the user's and the defaults, and what has neither is absent."""
    computer = orm.Computer("b07", "localhost", workdir=str(tmp_path), transport_type="core.local", scheduler_type="core.direct").store()
    code = orm.InstalledCode(label="b07", computer=computer, filepath_executable="/bin/bash").store()
    resources = {"num_machines": 1, "num_mpiprocs_per_machine": 1}
    metadata = {"options": {"resources": resources, "max_wallclock_seconds": 60}}
    process = instantiate_process(engine, CalculationFactory("core.arithmetic.add"), code=code, x=1, y=2, metadata=metadata)
    options = process.inputs.metadata.options
    assert type(options) is AttributesFrozendict and type(options.resources) is dict and options.resources == resources
    assert options.max_wallclock_seconds == 60 and options.submit_script_filename == "_aiidasubmit.sh"
    assert "queue_name" not in options and "queue_name" not in process.node.get_options()
    assert process.node.get_options()["submit_script_filename"] == "_aiidasubmit.sh"


def test_b02_missing_input(child: Any) -> None:
    inputs = child().inputs
    with pytest.raises(AttributeError):
        _ = inputs.b
    with pytest.raises(KeyError):
        _ = inputs["b"]
    assert inputs.get("b", 5) == 5 and not hasattr(inputs, "b") and "b" not in inputs and getattr(inputs, "b", None) is None


def test_b03_read_only_mapping(child: Any) -> None:
    inputs = child().inputs
    assert dict(inputs) == {**inputs} == dict(inputs.items()) and len(inputs) == len(list(inputs)) == len(inputs.keys())
    with pytest.raises(TypeError):
        inputs["a"] = 1


def test_b04_attribute_assignment_shadows(child: Any) -> None:
    process = child()
    before = process.inputs["a"]
    process.inputs.a = 12
    assert process.inputs.a == 12 and process.inputs["a"] is before


def test_b05_empty_namespaces(child: Any, parent: Any) -> None:
    assert child().inputs.ns == {"x": {}} and "dyn" not in child().inputs
    assert "d" not in parent(c={}).inputs
    assert parent(c={}, d={}).inputs.d == {}


def test_b06_none_for_an_optional_port(child: Any) -> None:
    process = child(b=None)
    assert "b" in process.inputs and process.inputs.b is None and "b" not in process.node.inputs
    with pytest.raises(TypeError):
        child(ns=None)


def test_b07_metadata_defaults(child: Any) -> None:
    process = child(metadata={"label": "l"})
    assert process.inputs.metadata == {"label": "l", "store_provenance": True, "call_link_label": "CALL"}
    assert process.metadata is process.inputs.metadata and process.node.label == "l"


def test_b08_exposed_inputs_are_mutable_copies(parent: Any) -> None:
    process = parent(c={"dyn": {"q": orm.Int(1)}})
    exposed = process.exposed_inputs(examples.Child, namespace="c")
    assert type(exposed) is AttributeDict and type(exposed.dyn) is AttributeDict and exposed.dyn.q.value == 1
    exposed.a = 3
    assert "a" not in process.inputs.c
    with pytest.raises(KeyError):
        process.exposed_inputs(examples.Child, namespace="d")


def test_b09_excluded_input_is_accepted_under_an_exposed_namespace(parent: Any, child: Any) -> None:
    assert "a" not in examples.Parent.spec().inputs["c"]
    process = parent(c={"a": orm.Int(2)})
    assert process.node.inputs.c.a.value == 2
    with pytest.raises(ValueError, match="Unexpected ports"):
        child(ns={"q": orm.Int(1)})


def test_b10_exclude_include_and_options(parent: Any) -> None:
    spec = examples.Parent.spec()
    assert list(spec.inputs["c"]["ns"]) == [] and list(spec.inputs["d"]) == ["b"]
    assert spec.inputs["d"].help == "hh" and not spec.inputs["d"].required and not spec.inputs["d"].populate_defaults
    port = spec.inputs["c"]["plain"]
    try:
        port.default = 9
        assert examples.Child.spec().inputs["plain"].default == 4
    finally:
        port.default = 4


def test_b11_labels_of_nested_inputs(parent: Any) -> None:
    node = parent(c={"b": 1, "dyn": {"k": orm.Int(2), "l": orm.Int(3)}}).node
    assert {link.link_label for link in node.base.links.get_incoming().all()} == {"c__b", "c__dyn__k", "c__dyn__l"}
    assert node.inputs.c.b.value == 1 and node.inputs.c.dyn.l.value == 3


def test_b12_attribute_dict() -> None:
    value = AttributeDict({"a": {"b": 1}, "l": [{"c": 1}]})
    assert type(value.a) is AttributeDict and type(value.l[0]) is dict
    value.x, value["y"] = {"z": 1}, {"z": 1}
    value.update({"w": {"z": 1}})
    assert type(value.x) is type(value.y) is type(value.w) is dict
    assert json.loads(json.dumps(value)) == value and pickle.loads(pickle.dumps(value)) == value and type(copy.deepcopy(value).a) is AttributeDict
    with pytest.raises(AttributeError):
        del value.nope
    with pytest.raises(AttributeError):
        _ = value.nope


def test_b13_copies_of_nodes(engine: Any) -> None:
    node = orm.Int(1).store()
    twin = copy.deepcopy(AttributeDict({"n": node})).n
    assert not twin.is_stored and twin.uuid != node.uuid and twin.value == 1
    with pytest.raises(InvalidOperation):
        copy.copy(node)
