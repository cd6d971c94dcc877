"""BEHAVIOUR O: packages that subclass `Process` itself; N: what tests of plugins patch."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import process_examples as examples
import pytest

from aiida import orm
from aiida.common.exceptions import InvalidOperation
from aiida.engine import ExitCode, Process, ProcessSpec, WorkChain, run_get_node
from aiida.engine.processes.workchains.workchain import Protect, WorkChainSpec
from aiida.engine.utils import instantiate_process
from aiida.graph.records import NodeRow
from aiida.orm.hydrate import to_entity

pytestmark = pytest.mark.usefixtures("engine")


class Foreign(Process):
    """Has a run of its own, metadata of its own, and remembers the order of its hooks."""

    _node_class = orm.WorkChainNode

    def __init__(self, inputs: Any = None, logger: Any = None, runner: Any = None, parent_pid: Any = None, enable_persistence: bool = False) -> None:
        super().__init__(inputs, logger, runner, parent_pid, enable_persistence=enable_persistence)
        self.order: list[Any] = ["init"]

    @classmethod
    def define(cls, spec: ProcessSpec) -> None:
        super().define(spec)
        spec.input("x", valid_type=orm.Int, default=lambda: orm.Int(1))
        spec.input("metadata.extra", valid_type=dict, required=False)
        spec.output("y", valid_type=orm.Int)

    def _build_process_label(self) -> str:
        self.order.append("label")
        return "Foreign<mine>"

    def _setup_metadata(self, metadata: Any) -> None:
        self.order.append("metadata")
        extra = metadata.pop("extra", None)
        if extra is not None:
            self.node.base.attributes.set("extra", extra)
        super()._setup_metadata(metadata)

    def _setup_db_record(self) -> None:
        super()._setup_db_record()
        self.order.append("record")

    def on_create(self) -> None:
        super().on_create()
        self.order.append(("create", self.node.is_stored, self.inputs.x.value))
        self.node.base.attributes.set("from_create", True)

    def run(self) -> Any:
        return {"y": examples.add(self.inputs.x, 1)}


class Coroutine(Foreign):
    async def run(self) -> Any:
        await asyncio.sleep(0)
        self.out("y", examples.add(self.inputs.x, 2))
        return ExitCode(5, "five")


class Strange(Foreign):
    def run(self) -> Any:
        return object()


class Hooks(WorkChain):
    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.go, cls.go)

    def go(self) -> None:
        self.ctx.n = self.ctx.get("n", 0) + 1

    def save_instance_state(self, out_state: Any, save_context: Any) -> None:
        super().save_instance_state(out_state, save_context)
        out_state["mine"] = {"n": self.ctx.get("n"), "set": {1, 2}}

    def load_instance_state(self, saved_state: Any, load_context: Any) -> None:
        super().load_instance_state(saved_state, load_context)
        self.loaded = saved_state.get("mine")


def test_o_hooks_are_called_in_order_before_the_node_is_stored(engine: Any) -> None:
    process = instantiate_process(engine, Foreign, metadata={"extra": {"a": 1}, "label": "l"})
    assert process.order == ["init", "label", "metadata", "record", ("create", False, 1)]
    assert process.node.process_label == "Foreign<mine>" and process.node.label == "l"
    assert process.node.base.attributes.get("extra") == {"a": 1} and process.node.base.attributes.get("from_create") is True


def test_o_unknown_metadata_is_refused() -> None:
    class Unknown(Foreign):
        def _setup_metadata(self, metadata: Any) -> None:
            Process._setup_metadata(self, metadata)

    with pytest.raises(RuntimeError, match="unsupported metadata key: extra"):
        Unknown(inputs={"metadata": {"extra": {}}})


def test_o_a_process_with_a_run_of_its_own() -> None:
    outputs, node = run_get_node(Foreign, x=orm.Int(3))
    assert outputs["y"].value == 4 and node.is_finished_ok and isinstance(node, orm.WorkChainNode)
    assert [child.process_label for child in node.called] == ["add"]


def test_o_an_instance_made_by_hand_can_be_executed() -> None:
    process = Foreign(inputs={"x": 5})
    assert process.execute()["y"].value == 6 and process.node.is_finished_ok
    function = examples.add.process_class(inputs={"x": 1, "y": 2})
    assert function.execute() == 3 and function.node.is_sealed


def test_o_a_run_that_is_a_coroutine() -> None:
    outputs, node = run_get_node(Coroutine, x=orm.Int(3))
    assert outputs["y"].value == 5 and node.exit_status == 5 and node.exit_message == "five"


def test_o_a_run_beside_a_running_loop() -> None:
    async def cell() -> Any:
        return run_get_node(Coroutine, x=orm.Int(3)).node

    assert asyncio.run(cell()).exit_status == 5


def test_o_a_run_that_returns_something_else() -> None:
    with pytest.raises(InvalidOperation, match="return None, an int, an ExitCode or a dictionary"):
        run_get_node(Strange)


def test_o_save_and_load_hooks(engine: Any) -> None:
    process = instantiate_process(engine, Hooks)
    process._run_step()
    data = json.loads(json.dumps(process._snapshot().data))
    node = to_entity(process.node.backend.get(NodeRow, process.node.pk), process.node.backend)
    other = Hooks._revive(node)
    other._restore(data)
    assert other.loaded == {"n": 1, "set": {1, 2}} and other.ctx.n == 1


def test_o_spec_and_metaclass_of_others() -> None:
    class MySpec(WorkChainSpec):
        pass

    class Mine(Process, metaclass=Protect):
        _node_class = orm.WorkChainNode
        _spec_class = MySpec

        @Protect.final
        def run(self) -> int:
            return 3

    assert type(Mine.spec()) is MySpec and run_get_node(Mine).node.exit_status == 3
    with pytest.raises(RuntimeError, match="protected"):
        type("Other", (Mine,), {"run": lambda self: 4})


def test_o_the_process_class_of_a_node() -> None:
    node = run_get_node(Foreign).node
    assert node.process_class is Foreign and node.process_type.endswith(".Foreign")
    _, node = examples.add.run_get_node(1, 2)
    assert node.process_class is examples.add.process_class


def test_n_a_default_can_be_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples.Child.spec().inputs["a"], "_default", lambda: orm.Int(77))
    assert run_get_node(examples.Child).node.inputs.a.value == 77


def test_n_own_methods_can_be_patched(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    monkeypatch.setattr(examples.Child, "is_big", lambda self: True)
    assert run_get_node(examples.Child).node.exit_status == 400
