"""BEHAVIOUR A: a live process instance outside any run."""

from __future__ import annotations

from typing import Any

import process_examples as examples
import pytest

from aiida import orm
from aiida.common.extendeddicts import AttributeDict, AttributesFrozendict
from aiida.common.links import LinkType
from aiida.engine import Awaitable, Process, ProcessState, WorkChain, append_, calcfunction, construct_awaitable
from aiida.engine.processes.process import current_process
from aiida.engine.utils import instantiate_process
from aiida.manage import get_manager


def make(runner: Any, **inputs: Any) -> Any:
    return instantiate_process(runner, examples.Child, **inputs)


def test_a01_one_runner_without_broker_or_daemon(engine: Any) -> None:
    assert get_manager().get_runner() is engine
    assert engine.is_daemon_runner is False
    assert engine.controller is None and engine.communicator is None


def test_a02_instantiate_gives_live_instance(engine: Any) -> None:
    process = make(engine, a=orm.Int(5))
    assert type(process) is examples.Child
    node = process.node
    assert node.is_stored and node.pk and node.process_state is ProcessState.CREATED and node.exit_status is None and not node.is_sealed
    assert node.process_label == "Child" and node.process_type.endswith("process_examples.Child")
    assert node.inputs.a.value == 5


def test_a03_builder_or_class_and_nothing_else(engine: Any) -> None:
    builder = examples.Child.get_builder()
    builder.a = 7
    assert instantiate_process(engine, builder).inputs.a.value == 7
    with pytest.raises(ValueError, match="invalid process .*, needs to be Process or ProcessBuilder"):
        instantiate_process(engine, 3)


def test_a04_calling_the_class(engine: Any) -> None:
    assert examples.Child(inputs={"a": orm.Int(1)}).node.is_stored
    assert examples.Child(inputs={"a": orm.Int(1)}, runner=engine).runner is engine


def test_a04_a_process_needs_no_engine(bare_store: Any) -> None:
    process = examples.Child(inputs={"a": 2})
    assert process.node.is_stored and process._run_step().pointer == [1]


def test_a05_class_that_cannot_be_imported(engine: Any) -> None:
    class Local(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.outline(cls.go)

        def go(self) -> None:
            self.ctx.done = True

    assert instantiate_process(engine, Local).node.is_stored
    assert not Local._is_importable()
    assert engine.run_get_node(Local).node.is_finished_ok


def test_a06_inputs_are_stored_and_keep_identity(engine: Any) -> None:
    x = orm.Int(1)
    process = make(engine, a=x)
    assert x.is_stored and process.inputs.a is x and process.inputs["a"] is x


def test_a07_names_of_the_process(engine: Any) -> None:
    process = make(engine, b=orm.Int(1))
    assert process.uuid == process.node.uuid and process.pid == process.node.pk and process.runner is engine
    assert set(process.raw_inputs) == {"b"}


def test_a08_default_nodes_are_made_per_process(engine: Any) -> None:
    assert make(engine).inputs.a.uuid != make(engine).inputs.a.uuid


def test_a09_context_is_empty_and_can_be_filled(engine: Any) -> None:
    process = make(engine)
    assert process.ctx == {} and type(process.ctx) is AttributeDict
    process.ctx.iteration = 1
    assert process.ctx["iteration"] == 1


def test_a10_steps_in_any_order(engine: Any) -> None:
    process = make(engine, a=orm.Int(50))
    process.ctx.turns = 5
    assert process.goes_on() is False and process.turn() is None and process.turn() is None
    assert process.big() == examples.Child.exit_codes.ERR.format(x="big") and process.ctx.turns == 7


def test_a11_submit_in_a_directly_called_step(engine: Any) -> None:
    process = make(engine)
    returned = process.launch()
    (child,) = process.node.called
    assert isinstance(returned, dict) and returned == {"x": child}
    assert isinstance(append_(child), Awaitable) and isinstance(construct_awaitable(child), Awaitable)
    assert child.is_stored and child.process_state is ProcessState.CREATED
    (link,) = child.base.links.get_incoming(link_type=LinkType.CALL_WORK).all()
    assert link.link_label == "CALL" and link.node.pk == process.node.pk


def test_a12_to_context_holds_an_awaitable_until_it_is_resolved(engine: Any) -> None:
    process = make(engine)
    child = make(engine).node
    process.to_context(x=child)
    awaitable = process.ctx.x
    assert isinstance(awaitable, Awaitable) and awaitable.pk == child.pk and awaitable.key == "x" and awaitable.outputs is False
    assert awaitable.action.value == "assign" and awaitable.target.value == "process"
    process._resolve()
    assert process.ctx.x == child


def test_a13_outputs_at_once_links_later(engine: Any) -> None:
    process = make(engine)
    node = orm.Int(1).store()
    process.out("o", node)
    process.out("many.q", node)
    assert process.outputs == {"o": node, "many": {"q": node}} and type(process.outputs) is dict
    assert "o" not in process.node.outputs
    process.update_outputs()
    assert process.node.outputs.o == node and process.node.outputs.many.q == node
    assert process._take_outputs() == []


def test_a14_report_is_kept_with_the_prefix(engine: Any, logs: Any) -> None:
    process = make(engine)
    process.ctx.turns = 0
    process.turn()
    assert logs(process.node) == [f"[{process.pid}|Child|turn]: turn 1"]


def test_a15_exit_codes(engine: Any) -> None:
    process = make(engine)
    assert process.exit_codes.ERR == examples.Child.exit_codes.ERR == process.exit_codes["ERR"]
    assert "ERR" in dict(examples.Child.exit_codes.items())
    with pytest.raises(AttributeError):
        _ = process.exit_codes.NOPE


def test_a16_current(engine: Any) -> None:
    seen = []

    @calcfunction
    def look() -> None:
        seen.append(Process.current())

    assert Process.current() is None
    _, node = look.run_get_node()
    assert seen[0].node.pk == node.pk and current_process.get() is None


def test_a16_current_in_a_step(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(examples.Child, "end", lambda self: seen.append(Process.current() is self))
    assert engine.run_get_node(examples.Child).node.is_finished_ok and seen == [True]
    assert Process.current() is None


def test_a17_what_an_instance_shows_that_never_ran(engine: Any) -> None:
    process = make(engine)
    assert process.has_terminated() is False and process.state is ProcessState.CREATED and not process.paused
    process.logger.info("quiet")
    assert process.metadata.store_provenance is True and isinstance(process.inputs, AttributesFrozendict)


def test_a20_nobody_runs_it(engine: Any) -> None:
    process = make(engine)
    engine.run(examples.Sub, status=orm.Int(0))
    assert process.node.process_state is ProcessState.CREATED
