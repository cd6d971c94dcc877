"""Dictionaries with attributes: BEHAVIOUR B1 to B4, B12, F2."""

import copy
import json
import pickle

import pytest

from aiida.common import AttributeDict, CalcInfo, FixedFieldsAttributeDict
from aiida.common.exceptions import ValidationError
from aiida.common.extendeddicts import AttributesFrozendict, DefaultFieldsAttributeDict


def test_b12_nested_dictionaries_of_the_constructor_are_converted_and_later_ones_are_not():
    d = AttributeDict({"a": {"b": {"c": 1}}, "list": [{"x": 1}]})
    assert d.a.b.c == 1
    assert type(d.a.b) is AttributeDict
    assert type(d.list[0]) is dict
    d.x = {"y": 1}
    d["z"] = {}
    d.update({"w": {}})
    assert {type(d.x), type(d["z"]), type(d.w)} == {dict}


def test_b12_it_is_a_dictionary():
    d = AttributeDict({"a": {"b": 1}})
    assert isinstance(d, dict)
    assert json.loads(json.dumps(d)) == {"a": {"b": 1}}
    for other in (pickle.loads(pickle.dumps(d)), copy.deepcopy(d), copy.copy(d)):
        assert other == d and type(other) is AttributeDict and type(other.a) is AttributeDict
    assert copy.deepcopy(d).a is not d.a
    assert copy.copy(d).a is d.a


def test_b12_missing_attributes():
    d = AttributeDict()
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        d.x  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        del d.x
    assert not hasattr(d, "x")


def test_deepcopy_keeps_what_is_shared():
    inner = AttributeDict({"x": 1})
    d = AttributeDict()
    d.a = d.b = inner
    new = copy.deepcopy(d)
    assert new.a is new.b and new.a is not inner


def test_b01_b02_b03_frozen_inputs_are_a_read_only_mapping():
    inputs = AttributesFrozendict({"x": 1, "resources": {"n": 1}})
    assert inputs.x == inputs["x"] == inputs.get("x") == 1
    assert type(inputs.resources) is dict
    assert ("x" in inputs, "y" in inputs, hasattr(inputs, "y")) == (True, False, False)
    assert inputs.get("y", 3) == 3
    with pytest.raises(AttributeError):
        inputs.y  # noqa: B018
    with pytest.raises(KeyError):
        inputs["y"]
    with pytest.raises(TypeError):
        inputs["x"] = 2
    assert dict(inputs) == {**inputs} == dict(inputs.items()) == {"x": 1, "resources": {"n": 1}}
    assert (len(inputs), list(inputs), list(inputs.keys())) == (2, ["x", "resources"], ["x", "resources"])


def test_b04_assigning_an_attribute_shadows_the_item():
    inputs = AttributesFrozendict({"x": 1})
    inputs.x = 5
    assert (inputs.x, inputs["x"], dict(inputs)) == (5, 1, {"x": 1})


def test_frozen_inputs_can_be_copied_and_pickled():
    inputs = AttributesFrozendict({"x": [1]})
    for other in (copy.copy(inputs), copy.deepcopy(inputs), pickle.loads(pickle.dumps(inputs))):
        assert other == inputs and type(other) is AttributesFrozendict
    assert copy.deepcopy(inputs).x is not inputs.x


def test_f02_unset_fields_of_calcinfo_read_as_none():
    info = CalcInfo()
    assert info.retrieve_list is None and info["uuid"] is None
    assert info.get("retrieve_list", []) == []
    assert dict(info) == {} and "uuid" not in info
    info.unknown = 1
    assert info.extrakeys() == ["unknown"]
    with pytest.raises(AttributeError):
        info.nothing  # noqa: B018
    info.uuid = "x"
    assert info.defaultkeys() == ["uuid"]


def test_validation_of_default_fields():
    class Fields(DefaultFieldsAttributeDict):
        _default_fields = ("a",)

        def validate_a(self, value):
            if value is not None and value < 0:
                raise ValueError("negative")

    Fields({"a": 1}).validate()
    Fields().validate()
    with pytest.raises(ValidationError, match=r"Invalid value for key 'a' \[ValueError\]: negative"):
        Fields({"a": -1}).validate()


def test_fixed_fields():
    class Fields(FixedFieldsAttributeDict):
        _valid_fields = ("a", "b")

    fields = Fields({"a": 1})
    fields.b = 2
    with pytest.raises(AttributeError):
        fields.c = 3
    with pytest.raises(KeyError):
        fields["c"] = 3
    with pytest.raises(KeyError):
        Fields({"c": 1})
    assert dict(fields) == {"a": 1, "b": 2}
