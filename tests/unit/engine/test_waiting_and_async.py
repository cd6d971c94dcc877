"""What a step may wait for; what a snapshot that is read back finds out; and `await` in place of a call."""

from __future__ import annotations

import asyncio
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aiida import orm
from aiida.common import serial
from aiida.common.exceptions import UnstorableValue
from aiida.engine import (
    ToContext,
    WorkChain,
    append_,
    await_processes_async,
    calcfunction,
    run_async,
    run_get_node_async,
    submit,
    submit_async,
)
from aiida.engine.runtime import invariants
from aiida.engine.runtime.worker import Worker
from tests.durability import flows


class WaitsForGroup(WorkChain):
    """Waits for all processes of a group, and in a list for one more."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("group", valid_type=orm.Str)
        spec.output("count", valid_type=orm.Int)
        spec.outline(cls.begin, cls.count)

    def begin(self) -> Any:
        group = orm.load_group(self.inputs.group.value)
        self.to_context(all=append_(self.submit(flows.Leaf, x=orm.Int(1))))
        return ToContext(batch=group)

    def count(self) -> None:
        assert all(node.is_finished_ok for node in self.ctx.all)
        members = list(self.ctx.batch.nodes)
        assert all(node.is_terminated for node in members if isinstance(node, orm.ProcessNode))
        self.out("count", orm.Int(len(members)).store())


def test_a_step_waits_for_all_processes_of_a_group(
    worker: Callable[[], None], store: Any, env: Any, settings: Any
) -> None:
    members = [submit(flows.Leaf, x=orm.Int(i)) for i in range(3)]
    group = orm.Group("batch").store()
    group.add_nodes([*members, orm.Int(1).store()])
    node = submit(WaitsForGroup, group=orm.Str("batch"))
    first = Worker(env.store, settings, env=env, threads=0, kind="test")
    while orm.load_node(node.pk).process_state.value != "waiting" and first.step_once():
        pass
    first.close()  # another one recovers it: the wait is over the journal
    worker()
    assert orm.load_node(node.pk).outputs.count == 4
    assert invariants.check(store) == []


def test_a_group_whose_processes_have_ended_is_not_waited_for(worker: Callable[[], None]) -> None:
    orm.Group("batch").store()
    node = submit(WaitsForGroup, group=orm.Str("batch"))
    worker()
    assert orm.load_node(node.pk).outputs.count == 0


class Grows:
    """A plugin has registered it, and each copy of it is another."""

    def __init__(self, n: int) -> None:
        self.n = n


class Breaks:
    """Likewise: it can be written, and not made again."""


class Honest(namedtuple("Honest", ["n"])):
    """Comes back as it was."""


@pytest.fixture
def registered() -> Iterator[None]:
    def refuse(data: Any) -> Any:
        raise RuntimeError("no such file")

    known = list(serial._REGISTERED)
    serial.register("test.grows", Grows, lambda value: value.n, lambda n: Grows(n + 1))
    serial.register("test.breaks", Breaks, lambda value: 1, refuse)
    yield
    serial._REGISTERED[:] = known
    serial._find_kind.cache.clear()  # type: ignore[attr-defined]
    del serial._BY_TAG["test.grows"], serial._BY_TAG["test.breaks"]


def test_what_would_come_back_otherwise_is_refused_when_it_is_written(registered: None) -> None:
    assert serial.decode(serial.encode_and_read_back({"a": Honest(1)})) == {"a": Honest(1)}
    for value, words in ((Grows(1), "something else is read back"), (Breaks(), "cannot be read back: no such file")):
        with pytest.raises(UnstorableValue, match=words):
            serial.encode_and_read_back({"a": value})


class KeepsGrows(WorkChain):
    """Its context holds something that no snapshot gives back."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.begin, cls.finish)

    def begin(self) -> Any:
        self.ctx.grows = Grows(1)
        return ToContext(leaf=self.submit(flows.Leaf, x=orm.Int(1)))

    def finish(self) -> None:
        assert self.ctx.grows.n == 1


def test_the_report_names_the_key(worker: Callable[[], None], registered: None) -> None:
    node = submit(KeepsGrows)
    worker()
    assert orm.load_node(node.pk).is_finished_ok
    (message,) = [log.message for log in orm.Log.collection.get_logs_for(node)]
    assert "`grows` cannot be stored" in message and "something else is read back" in message


@calcfunction
def blocks(x: orm.Int) -> orm.Int:
    """Waits until the loop has turned."""
    assert TURNED.wait(10)
    return x + 1


TURNED = threading.Event()


def test_await_lets_the_loop_turn(engine: Any) -> None:
    """A function, a work chain, and both at once: while one blocks, the loop goes on."""

    async def turn() -> None:
        await asyncio.sleep(0.05)
        TURNED.set()

    async def main() -> list[Any]:
        TURNED.clear()
        x = orm.Int(1).store()
        return await asyncio.gather(
            blocks.run_async(x),
            blocks.run_get_node_async(x),
            run_async(flows.Leaf, x=x),
            run_get_node_async(flows.Leaf, x=x),
            turn(),
        )

    value, (again, node), outputs, both, _ = asyncio.run(main())
    assert value == again == 2 and node.is_finished_ok
    assert outputs["r"] == both.result["r"] == 2 and both.node.is_finished_ok


def test_await_what_a_daemon_runs(engine: Any, env: Any, settings: Any) -> None:
    made = Worker(env.store, settings, env=env, grace=1)
    thread = threading.Thread(target=made.run)
    thread.start()

    async def main() -> tuple[Any, Any]:
        node = await submit_async(flows.Leaf, x=orm.Int(3))
        await await_processes_async([node])
        return node, await submit_async(flows.Leaf, x=orm.Int(4), wait=True, wait_interval=1)

    try:
        node, other = asyncio.run(main())
    finally:
        made.stop()
        thread.join(20)
    assert (node.outputs.r, other.outputs.r) == (6, 8)
