"""BEHAVIOUR C: ports, serialisers, validators, messages."""

from __future__ import annotations

import enum
import warnings
from typing import Any

import numpy as np
import process_examples as examples
import pytest

from aiida import orm
from aiida.common.exceptions import ModificationNotAllowed
from aiida.engine import CalcJobProcessSpec, ExitCode, PortNamespace, ProcessSpec, WorkChain
from aiida.engine.processes.ports import InputPort
from aiida.engine.utils import instantiate_process


class Colour(enum.Enum):
    RED = 1


def refuse_pair(values: Any, port: Any) -> str | None:
    assert type(values) is dict and isinstance(port, PortNamespace)
    if "b" not in port:
        return None
    return "both or none" if ("a" in values) != ("b" in values) else None


def shout(value: Any, port: Any) -> None:
    warnings.warn("loud", UserWarning, stacklevel=2)
    if value.value == 13:
        raise ArithmeticError("thirteen")


class Ports(WorkChain):
    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("any", required=False)
        spec.input("code", valid_type=orm.Int, required=False, serializer=lambda value: orm.Int(len(value)))
        spec.input("loud", valid_type=orm.Int, required=False, validator=shout)
        spec.input("need", valid_type=orm.Int)
        spec.input_namespace("pair", required=False, validator=refuse_pair)
        spec.input("pair.a", valid_type=orm.Int, required=False)
        spec.input("pair.b", valid_type=orm.Int, required=False)
        spec.input_namespace("dyn", dynamic=True, valid_type=orm.Int)
        spec.input("p.q.r", valid_type=orm.Int, required=False)


@pytest.fixture
def make(engine: Any) -> Any:
    return lambda **inputs: instantiate_process(engine, Ports, **{"need": 1, **inputs})


def message_of(make: Any, **inputs: Any) -> str:
    with pytest.raises(ValueError) as caught:
        make(**inputs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "cls"),
    [(True, orm.Bool), (1, orm.Int), (1.5, orm.Float), ("x", orm.Str), ([1], orm.List), ({"a": 1}, orm.Dict), (np.float64(2.0), orm.Float),
     (np.int64(2), orm.Int), (np.arange(3), orm.ArrayData), (Colour.RED, orm.EnumData)],
)  # fmt: skip
def test_c01_plain_values_become_nodes(make: Any, value: Any, cls: Any) -> None:
    assert type(make(any=value).inputs.any) is cls


def test_c01_what_cannot_become_a_node(make: Any) -> None:
    with pytest.raises(TypeError, match="Cannot convert value of type"):
        make(any=(1, 2))


def test_c02_values_of_a_dynamic_namespace_are_not_serialised(make: Any) -> None:
    assert "Invalid type <class 'int'> for dynamic port value" in message_of(make, dyn={"x": 1})


def test_c03_custom_serialiser(make: Any) -> None:
    assert make(code="four").inputs.code.value == 4


def test_c04_validators(make: Any, engine: Any) -> None:
    with pytest.raises(ValueError, match="Error occurred validating port 'inputs.s': bad is bad"):
        instantiate_process(engine, examples.Child, s="bad")
    with pytest.warns(UserWarning, match="loud"):
        make(loud=1)
    with pytest.warns(UserWarning), pytest.raises(ArithmeticError, match="thirteen"):
        make(loud=13)


def test_c04_validator_with_one_argument() -> None:
    spec = ProcessSpec()
    with pytest.warns(UserWarning):
        spec.input("x", valid_type=int, validator=lambda value: "no" if value == 2 else None)
    assert spec.inputs["x"].validate(1) is None and spec.inputs["x"].validate(2).message == "no"


def test_c05_namespace_validator(make: Any, engine: Any) -> None:
    assert message_of(make, pair={"a": 1}) == "Error occurred validating port 'inputs.pair': both or none"
    make(pair={"a": 1, "b": 2})

    class Without(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.expose_inputs(Ports, include=["pair.a"])

    instantiate_process(engine, Without, pair={"a": 1})
    assert "value 'a' is not of the right type" in message_of(make, pair={"a": "text"})  # children come first


def test_c06_ports_may_be_changed_after_declaration() -> None:
    spec = ProcessSpec()
    for name in ("a", "b", "c"):
        spec.input(f"ns.{name}", valid_type=int)
    spec.inputs["ns"]["a"].default = 3
    spec.inputs["ns"]["b"].required = False
    spec.inputs["ns"].dynamic = True
    spec.inputs["ns"].pop("c")
    assert spec.inputs["ns"]["a"].has_default() and spec.inputs.validate({"ns": {"a": 3, "z": 1}}) is None
    del spec.inputs["ns"]
    spec.inputs.validator = lambda values, port: "never"
    assert spec.inputs.validate({}).message == "never"


def test_c07_messages(make: Any, engine: Any) -> None:
    with pytest.raises(ValueError) as caught:
        instantiate_process(engine, Ports)
    assert str(caught.value) == "Error occurred validating port 'inputs.need': required value was not provided for 'need'"
    assert message_of(make, need="x") == (
        "Error occurred validating port 'inputs.need': value 'need' is not of the right type. "
        "Got '<class 'aiida.orm.nodes.data.str.Str'>', expected '<class 'aiida.orm.nodes.data.int.Int'>'"
    )
    text = message_of(make, p={"q": {"zz": orm.Int(1)}})
    assert text.startswith("Error occurred validating port 'inputs.p.q': Unexpected ports {'zz': ") and text.endswith(", for a non dynamic namespace")


def test_c08_validate_returns_what_is_wrong(engine: Any) -> None:
    ports = Ports.spec().inputs
    assert ports.validate({"need": orm.Int(1)}) is None
    refusal = ports.validate({})
    assert refusal.port == "inputs.need" and refusal.message.startswith("required value") and "inputs.need" in str(refusal)


def test_c09_ports_by_name(engine: Any) -> None:
    ports = Ports.spec().inputs
    assert ports["p"]["q"]["r"].valid_type == (orm.Int, type(None))
    with pytest.raises(KeyError):
        _ = ports["p.q"]
    assert ports.get_port("p.q") is ports["p"]["q"]
    with pytest.raises(ValueError, match="port 'z' does not exist in port namespace 'p'"):
        ports.get_port("p.z")


@pytest.mark.parametrize("name", ["a__b", "a_", "_a", "a.b", "1a", "for", ""])
def test_c09_names_that_could_be_no_link_label_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"invalid port name `{name}`"):
        PortNamespace("inputs")[name] = InputPort("x")


def test_c10_required_dynamic_namespace_may_be_missing(make: Any) -> None:
    assert "dyn" not in make().inputs and make(dyn={}).inputs.dyn == {}


def test_c11_defaults_and_keywords(engine: Any) -> None:
    spec = ProcessSpec()
    with pytest.warns(UserWarning, match="node"):
        spec.input("n", valid_type=orm.Int, default=orm.Int(1))
    with pytest.raises(TypeError, match="foo"):
        spec.input("x", foo=3)
    spec.input("wrong", valid_type=orm.Int, default=lambda: orm.Str("text"))
    assert "wrong" in spec.inputs.validate(spec.inputs.pre_process({})).port


def test_c12_exit_codes() -> None:
    codes = WorkChain.exit_codes
    assert [codes[label].status for label in codes] == [1, 2, 10, 11]
    spec = ProcessSpec()
    spec.exit_code(400, "X", message="first {a}")
    spec.exit_code(401, "X", message="second {a}", invalidates_cache=True)
    assert spec.exit_codes.X == ExitCode(401, "second {a}", True) and tuple(spec.exit_codes.X) == (401, "second {a}", True)
    assert spec.exit_codes.X.format(a=1).message == "second 1"
    with pytest.raises(ValueError, match="insufficient or incorrect format parameters"):
        spec.exit_codes.X.format(b=1)


def test_c13_default_output_node() -> None:
    spec = CalcJobProcessSpec()
    with pytest.raises(ValueError):
        spec.default_output_node = "x"
    spec.output("x")
    spec.default_output_node = "x"
    assert spec.default_output_node == "x"


def test_c14_resources_of_a_job(engine: Any, tmp_path: Any) -> None:
    from aiida.calculations.arithmetic.add import ArithmeticAddCalculation

    computer = orm.Computer("c14", "localhost", workdir=str(tmp_path), transport_type="core.local", scheduler_type="core.direct").store()
    code = orm.InstalledCode(label="sh", computer=computer, filepath_executable="/bin/bash").store()
    inputs = {"code": code, "x": 1, "y": 2, "metadata": {"options": {"resources": {"num_machines": 1}}}}
    with pytest.raises(ValueError, match=r"input `metadata.options.resources` is not valid for the `DirectScheduler` scheduler: "):
        instantiate_process(engine, ArithmeticAddCalculation, **inputs)
    computer.set_default_mpiprocs_per_machine(1)
    process = instantiate_process(engine, ArithmeticAddCalculation, **inputs)
    assert process.node.get_option("resources") == {"num_machines": 1, "num_mpiprocs_per_machine": 1}
    assert inputs["metadata"]["options"]["resources"] == {"num_machines": 1}


def test_c15_options_of_nodes(engine: Any) -> None:
    node = orm.CalcJobNode()
    node.set_option("max_wallclock_seconds", "not a number")
    assert node.get_option("max_wallclock_seconds") == "not a number"
    with pytest.raises(ModificationNotAllowed, match="max_wallclock_seconds"):
        node.store().set_option("max_wallclock_seconds", 3)


def test_c16_descriptions_are_plain(engine: Any) -> None:
    description = Ports.spec().get_description()
    assert description["inputs"]["need"]["valid_type"] == "<class 'aiida.orm.nodes.data.int.Int'>"
    assert description["inputs"]["p"]["q"]["r"]["required"] == "False"
    assert examples.Child.spec().inputs["a"].help == "the a" and callable(examples.Child.spec().inputs["a"].default)
