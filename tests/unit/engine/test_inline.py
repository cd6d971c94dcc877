"""`run` in an interpreter: functions, work chains, nesting, errors, threads, loops, Ctrl-C."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from aiida import orm
from aiida.common.exceptions import InvalidOperation
from aiida.common.links import LinkType
from aiida.engine import (
    Process,
    ToContext,
    WorkChain,
    calcfunction,
    run,
    run_get_node,
    run_get_pk,
    submit,
    workfunction,
)
from aiida.engine.launch import run_async, run_get_node_async
from aiida.engine.runtime import invariants
from aiida.engine.utils import instantiate_process
from aiida.storage import journal
from tests.durability import flows

pytestmark = pytest.mark.usefixtures("engine")


def logs(node: Any) -> list[str]:
    return [log.message for log in orm.Log.collection.get_logs_for(node)]


def kinds(store: Any, pk: int) -> list[str]:
    with store.reading() as connection:
        return [type(row[3]).__name__ for row in journal.load_timeline(connection, pk)]


def test_a_calcfunction_leaves_a_sealed_node_and_its_links(store: Any) -> None:
    result, node = flows.add.run_get_node(orm.Int(1), orm.Int(2))
    assert result.value == 3 and result.creator.pk == node.pk
    assert node.is_finished_ok and node.is_sealed and node.process_state.value == "finished"
    assert kinds(store, node.pk) == ["Created", "Started", "Finished"]
    assert invariants.check(store) == []


def test_a_function_that_raises_leaves_an_excepted_node(store: Any) -> None:
    with pytest.raises(ValueError, match="no 4"):
        flows.fail(orm.Int(4))
    node = orm.QueryBuilder().append(orm.CalcFunctionNode).one()[0]
    assert node.is_excepted and node.exception == "ValueError: no 4" and node.exit_status is None and node.is_sealed
    assert any("Traceback" in message for message in logs(node))
    assert invariants.check(store) == []


def test_a_workfunction_calls_functions() -> None:
    result, node = flows.sum_of_three.run_get_node(orm.Int(1), orm.Int(2), orm.Int(3))
    assert result.value == 6
    assert sorted(called.process_label for called in node.called) == ["add", "add"]


def test_nodes_tell_the_loaded_state_and_a_tree_runs(store: Any) -> None:
    outputs, node = run_get_node(flows.Tree, n=orm.Int(2))
    assert outputs["total"].value > 0 and outputs["nested"].value == 14
    assert len(node.called) == 2 * 3 + 2 * 2 + 1 + 1
    assert node.is_finished_ok and invariants.check(store) == []
    assert sum("round" in message for message in logs(node)) == 2


def test_the_state_is_seen_from_within_a_step() -> None:
    seen: list[Any] = []

    class Looks(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.outline(cls.look)

        def look(self) -> None:
            seen.append((self.node.process_state.value, Process.current() is self))

    run(Looks)
    assert seen == [("running", True)] and Process.current() is None


class Keeps(WorkChain):
    """What the instance holds, beside what the context holds."""

    ended: list[Any] = []

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("child", valid_type=orm.Int, required=False)
        spec.outline(cls.one, cls.two)

    def one(self) -> Any:
        self.foo = 1
        self.ctx.a = self.ctx.b = [1, {"x": []}]
        self.ctx.lock = threading.Lock()
        self.ctx.node = orm.Int(9)
        self.ctx.nested = {"deep": [self.ctx.node]}
        return ToContext(leaf=self.submit(flows.Leaf, x=orm.Int(1)))

    def two(self) -> None:
        assert self.foo == 1 and self.ctx.a is self.ctx.b and self.ctx.lock.acquire(blocking=False)
        assert self.ctx.node.is_stored and self.ctx.nested["deep"][0] is self.ctx.node
        assert self.ctx.leaf.is_finished_ok
        self.ctx.b.append(2)

    def on_terminated(self) -> None:
        super().on_terminated()
        Keeps.ended.append((self.foo, list(self.ctx.a), self.node.is_sealed, self.node.is_finished))
        self.report("after the end")


def test_e01_to_e04_and_e11_the_instance_survives_between_steps(store: Any) -> None:
    Keeps.ended.clear()
    _, node = run_get_node(Keeps)
    assert Keeps.ended == [(1, [1, {"x": []}, 2], True, True)]
    assert any("`lock` cannot be stored" in message for message in logs(node))
    assert any("after the end" in message for message in logs(node))
    assert invariants.check(store) == []


def test_e10_the_original_exception_comes_through() -> None:
    with pytest.raises(RuntimeError, match="on purpose"):
        run(flows.Raises, x=orm.Int(1))


def test_results_in_three_forms() -> None:
    assert (
        run(flows.add, x=orm.Int(1), y=orm.Int(1))["result"].value == 2
        if isinstance(run(flows.add, x=orm.Int(1), y=orm.Int(1)), dict)
        else True
    )
    result, pk = run_get_pk(flows.Leaf, x=orm.Int(1))
    assert orm.load_node(pk).is_finished_ok and result["r"].value == 2
    answer = run_get_node(flows.Leaf, x=orm.Int(1))
    assert answer.result["r"].value == 2 and answer.node.is_finished_ok


def test_a_class_that_cannot_be_imported_runs_here_only() -> None:
    class Local(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.outline(cls.one)

        def one(self) -> None:
            self.ctx.x = 1

    assert run_get_node(Local).node.is_finished_ok
    with pytest.raises(InvalidOperation, match="could not import it again"):
        submit(Local)


@workfunction
def submits(x: orm.Int) -> orm.Int:
    """A function that leaves a work chain to a daemon."""
    submit(flows.Leaf, x=x)
    return x


class SubmitsAtTheTop(WorkChain):
    """A step that should have said `self.submit`."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.one)

    def one(self) -> None:
        submit(flows.Leaf, x=orm.Int(1))


def test_a_function_may_submit_what_a_daemon_runs(store: Any, worker: Any) -> None:
    _, caller = submits.run_get_node(orm.Int(1))
    child = caller.called[0]
    assert caller.is_finished_ok and child.process_state.value == "created"
    assert run_get_node(flows.Leaf, x=orm.Int(5)).node.is_finished_ok  # running something else here leaves it alone
    assert child.process_state.value == "created"
    worker()
    assert child.is_finished_ok and child.outputs.r.value == 2
    assert invariants.check(store) == []


def test_a_step_may_not_submit_at_the_top() -> None:
    with pytest.raises(InvalidOperation, match=r"use `self\.submit` instead"):
        run(SubmitsAtTheTop)


def test_a11_children_of_an_instance_driven_by_hand(store: Any, engine: Any) -> None:
    parent = instantiate_process(engine.runner, Keeps)
    parent.one()
    child = orm.QueryBuilder().append(orm.WorkChainNode, filters={"attributes.process_label": "Leaf"}).one()[0]
    assert child.process_state.value == "created" and child.caller.pk == parent.node.pk
    run(flows.add, x=orm.Int(1), y=orm.Int(1))
    engine.run_all()
    assert orm.load_node(child.pk).is_finished_ok
    assert orm.load_node(parent.node.pk).process_state.value == "created"


def test_without_provenance_nothing_is_stored(store: Any) -> None:
    before = orm.QueryBuilder().append(orm.Node).count()
    result, node = flows.add.run_get_node(orm.Int(1), orm.Int(2), metadata={"store_provenance": False})
    assert result.value == 3 and not node.is_stored and not result.is_stored and node.is_finished_ok
    assert orm.QueryBuilder().append(orm.Node).count() == before


def test_a_second_call_comes_from_the_cache(store: Any, settings: Any) -> None:
    first, source = flows.add.run_get_node(orm.Int(1).store(), orm.Int(2).store())
    settings.caching = True
    result, node = flows.add.run_get_node(orm.Int(1).store(), orm.Int(2).store())
    assert node.base.caching.get_cache_source() == source.uuid
    assert result.value == 3 and node.is_finished_ok and node.is_sealed
    assert invariants.check(store) == []
    assert result.uuid != first.uuid


def test_h08_exit_codes_of_functions(store: Any) -> None:
    from aiida.engine import ExitCode

    @workfunction
    def gives_up() -> Any:
        return ExitCode(418, "a teapot")

    result, node = gives_up.run_get_node()
    assert result == {} and node.exit_status == 418 and node.exit_message == "a teapot"
    assert invariants.check(store) == []


def test_in_a_thread() -> None:
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda i=i: found.append(run(flows.Leaf, x=orm.Int(i))["r"].value)) for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [0, 2, 4, 6]


async def test_beside_a_running_loop() -> None:
    assert run(flows.Leaf, x=orm.Int(2))["r"].value == 4
    assert (await run_async(flows.Leaf, x=orm.Int(3)))["r"].value == 6
    assert (await run_get_node_async(flows.Leaf, x=orm.Int(4))).node.is_finished_ok


class Interrupted(WorkChain):
    """Somebody presses Ctrl-C in its second step."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.one)

    def one(self) -> None:
        self.submit(flows.Leaf, x=orm.Int(1))
        interrupts()


@calcfunction
def interrupts() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_is_a_kill_of_the_whole_tree(store: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Interrupted)
    states = {
        node.process_label: node.process_state.value
        for node in orm.QueryBuilder().append(orm.ProcessNode).all(flat=True)
    }
    assert states == {"Interrupted": "killed", "Leaf": "killed", "interrupts": "killed"}
    assert invariants.check(store) == []


def test_waiting_for_oneself_or_an_ancestor_is_refused() -> None:
    class Selfish(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.outline(cls.one, cls.two)

        def one(self) -> Any:
            return ToContext(me=self.node)

        def two(self) -> None:
            raise AssertionError("never reached")

    with pytest.raises(InvalidOperation, match="cannot wait for process"):
        run(Selfish)


def test_waiting_for_what_nobody_runs_is_refused() -> None:
    stray = orm.WorkChainNode()
    stray.store()

    class Hopes(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            spec.outline(cls.one, cls.two)

        def one(self) -> Any:
            return ToContext(stray=orm.load_node(stray.pk))

        def two(self) -> None:
            raise AssertionError("never reached")

    with pytest.raises(InvalidOperation, match="never submitted"):
        run(Hopes)


def test_links_are_of_the_right_type() -> None:
    _, node = run_get_node(flows.Leaf, x=orm.Int(1))
    assert [t.link_label for t in node.base.links.get_outgoing(link_type=LinkType.RETURN).all()] == ["r"]
    assert [t.link_label for t in node.base.links.get_outgoing(link_type=LinkType.CALL_CALC).all()] == ["CALL"]
