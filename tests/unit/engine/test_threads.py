"""What several threads of user code must not do to each other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiida import orm
from aiida.engine import ToContext, WorkChain, run_get_node, submit
from aiida.engine.runtime.inline import InlineEngine
from aiida.engine.runtime.worker import Worker
from tests.durability import flows

THREADS = 2


class Inner(WorkChain):
    """Waits for a child that somebody else must run."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.launch, cls.done)

    def launch(self) -> Any:
        return ToContext(child=self.submit(flows.Leaf, x=orm.Int(1)))

    def done(self) -> None:
        assert self.ctx.child.is_finished_ok, self.ctx.child.exception


class Calls(WorkChain):
    """Has `Inner` ride on its stack, and so keeps a thread."""

    @classmethod
    def define(cls, spec: Any) -> None:
        super().define(spec)
        spec.outline(cls.ride)

    def ride(self) -> None:
        assert run_get_node(Inner)[1].is_finished_ok


def test_threads_that_wait_leave_room_for_those_that_work(engine: InlineEngine, env: Any, settings: Any) -> None:
    nodes = [submit(Calls) for _ in range(2 * THREADS)]
    worker = Worker(env.store, settings, env=env, threads=THREADS, grace=0.1, kind="test")
    thread = threading.Thread(target=worker.run)
    thread.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not all(node.is_terminated for node in nodes):
        time.sleep(0.02)
    worker.stop()
    thread.join(20)
    assert [node.is_finished_ok for node in nodes] == [True] * len(nodes)
    assert not worker._lent


def test_a_spec_is_whole_to_whoever_asks_for_it_meanwhile() -> None:
    class Slow(WorkChain):
        @classmethod
        def define(cls, spec: Any) -> None:
            super().define(spec)
            time.sleep(0.1)
            assert cls.spec() is spec
            spec.input("x", valid_type=orm.Int)

    with ThreadPoolExecutor(4) as pool:
        specs = list(pool.map(lambda _: (Slow.spec(), "x" in Slow.spec().inputs), range(4)))
    assert specs == [(Slow.spec(), True)] * 4
