"""User code of nested processes runs in the thread that called `run`: it may set signal handlers, as aiida-pythonjob does."""

from __future__ import annotations

import asyncio
import signal
import threading
from functools import partial
from typing import Any

import pytest

from aiida import orm
from aiida.engine import Process, calcfunction, run_get_node, workfunction
from aiida.engine.processes import desks
from aiida.engine.processes.foreign_states import Wait

pytestmark = pytest.mark.timeout(60)


def set_a_handler() -> None:
    assert threading.current_thread() is threading.main_thread()
    signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))


@calcfunction
def count(x: orm.Int) -> orm.Int:
    set_a_handler()
    return orm.Int(x.value + 1)


@workfunction
def nest(x: orm.Int, depth: orm.Int) -> orm.Int:
    set_a_handler()
    if depth.value == 0:
        return count(x)
    return nest(count(x), orm.Int(depth.value - 1).store())


def test_functions_within_functions(engine: Any) -> None:
    """Deeper than sixteen, from where on a thread used to take over."""
    result, node = run_get_node(nest, x=orm.Int(0), depth=orm.Int(20))
    assert node.is_finished_ok, node.exception
    assert result.value == 21


class Graph(Process):
    """Submits graphs and waits to be called back, as those of aiida-workgraph do."""

    _node_class = orm.WorkChainNode
    children: tuple[int, ...] | list[int] = ()

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.input("depth", valid_type=orm.Int)
        spec.input("width", valid_type=orm.Int, default=lambda: orm.Int(1))
        spec.output("sum", valid_type=orm.Int)

    def run(self) -> Any:
        set_a_handler()
        self.left = set()
        if self.inputs.depth.value == 0:
            return self.end()
        for _ in range(self.inputs.width.value):
            node = self.submit(Graph, depth=orm.Int(self.inputs.depth.value - 1))
            self.left.add(node.pk)
        self.children = sorted(self.left)
        return Wait(self.end, "for graphs below")

    def on_wait(self, awaitables: Any = ()) -> None:
        for pk in self.children:
            self.runner.call_on_process_finish(pk, partial(self.call_soon, self.heard, pk))

    def heard(self, pk: int) -> None:
        set_a_handler()
        self.left.discard(pk)
        if not self.left:
            self.resume()

    def end(self, *_: Any) -> Any:
        set_a_handler()
        total = sum(orm.load_node(pk).outputs.sum.value for pk in self.children)
        self.out("sum", count(orm.Int(total)))


@pytest.mark.parametrize("width", [1, 5])
def test_graphs_within_graphs(engine: Any, width: int) -> None:
    result, node = run_get_node(Graph, depth=orm.Int(2), width=orm.Int(width))
    assert node.is_finished_ok, node.exception
    assert [child.exit_status for child in node.called] == [0] * (width + 1)
    assert result["sum"].value == 2 * width + 1


def test_what_is_left_on_a_desk_goes_on(engine: Any) -> None:
    """The caller's coroutine is over before that of a helper: it is neither cancelled nor waited for."""
    go, seen = threading.Event(), []

    async def errand() -> str:
        await asyncio.to_thread(go.wait, 20)
        return "done"

    def bring(desk: desks.Desk) -> None:
        offered = desk.offer(errand)
        assert offered is not None
        begun.set()
        seen.append(offered.done.result(20))

    begun = threading.Event()
    threads: list[threading.Thread] = []

    async def main() -> None:
        desk = desks.here()
        assert desk is not None
        threads.append(threading.Thread(target=bring, args=(desk,)))
        threads[0].start()
        await asyncio.to_thread(begun.wait, 20)

    desks.run_here(main())
    assert desks.here() is None and not seen
    go.set()
    threads[0].join(20)
    assert seen == ["done"]


def test_a_blocked_desk_refuses(engine: Any) -> None:
    """Whoever blocks the loop for a process lets helpers run what they brought."""
    answers: list[Any] = []

    async def never() -> None:
        raise AssertionError("run in a blocked thread")

    async def main() -> None:
        desk = desks.here()
        assert desk is not None
        thread = threading.Thread(target=lambda: answers.append(desk.offer(never)))
        thread.start()
        while thread.is_alive():  # never gives the loop a turn
            desks.step_aside()
            thread.join(0.01)

    desks.run_here(main())
    assert answers == [None]
