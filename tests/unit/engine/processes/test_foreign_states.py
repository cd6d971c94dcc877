"""Processes with a `run` of their own that wait, are called back, and go on."""

from __future__ import annotations

import abc
import asyncio
import threading
from typing import Any

import pytest

from aiida import engine, orm
from aiida.engine.processes.foreign_states import Continue, Stop, Wait, Waiting

pytestmark = pytest.mark.usefixtures("engine")


class Counter(engine.Process):
    """Waits twice; is resumed from a thread with a number, and returns the sum."""

    _node_class = orm.WorkChainNode

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.output("result", valid_type=orm.Int)
        spec.exit_code(300, "ERROR_STOPPED", message="stopped")

    async def run(self) -> Any:
        self.total = 0
        return Wait(self.add, "for a number")

    def on_wait(self, awaitables: Any = ()) -> None:
        super().on_wait(awaitables)
        threading.Timer(0.01, lambda: self.call_soon(self.resume, 21)).start()

    def add(self, number: int) -> Any:
        self.total += number
        return Wait(self.add) if self.total < 42 else Continue(self.finish, self.total)

    def finish(self, total: int) -> None:
        self.out("result", orm.Int(total).store())


def test_wait_resume_and_continue() -> None:
    results, node = engine.run_get_node(Counter)
    assert node.is_finished_ok
    assert results["result"].value == 42


class Stopping(Counter):
    async def run(self) -> Any:
        return Stop(self.exit_codes.ERROR_STOPPED, successful=False)


def test_stop_with_an_exit_code() -> None:
    _, node = engine.run_get_node(Stopping)
    assert node.exit_status == 300


class Failing(Counter):
    def on_wait(self, awaitables: Any = ()) -> None:
        self.call_soon(self.fail)

    def fail(self) -> None:
        raise ZeroDivisionError("in a callback")


def test_what_a_callback_raises_ends_the_process() -> None:
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        engine.run_get_node(Failing)


class OwnState(Waiting):
    async def execute(self) -> Any:
        await asyncio.sleep(0)
        return self.create_state(engine.ProcessState.RUNNING, self.process.finish, 7)


class WithOwnState(Counter):
    @classmethod
    def get_state_classes(cls) -> dict[Any, Any]:
        return {**super().get_state_classes(), engine.ProcessState.WAITING: OwnState}


def test_a_class_may_bring_its_own_state() -> None:
    results, _ = engine.run_get_node(WithOwnState)
    assert results["result"].value == 7


def test_abstract_work_chains() -> None:
    class Abstract(engine.WorkChain, metaclass=abc.ABCMeta):
        @abc.abstractmethod
        def step(self) -> None: ...

    assert Abstract.__abstractmethods__ == {"step"}


def test_process_functions_can_be_sent_by_value() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")

    @engine.calcfunction
    def double(x: Any) -> Any:
        return x * 2

    assert double(orm.Int(2)) == 4
    assert cloudpickle.loads(cloudpickle.dumps(double))(orm.Int(3)) == 6


def test_overriding_on_create_finds_stored_inputs() -> None:
    class Noting(Counter):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.input("x", valid_type=orm.Int)

        def on_create(self) -> None:
            super().on_create()
            self.node.base.attributes.set("of", str(orm.load_node(self.inputs.x.pk).uuid))

    instance = Noting(inputs={"x": orm.Int(1)})
    assert instance.node.base.attributes.get("of") == instance.inputs.x.uuid


def test_the_runner_has_the_face_of_a_persister() -> None:
    process = Counter(inputs={})
    runner = process.runner
    runner.persister.save_checkpoint(process)  # not stored, so there is nothing to keep it for
    assert runner.persister.get_checkpoints() == []
