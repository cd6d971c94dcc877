"""The public runner: a familiar face of the engine."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from aiida import orm
from aiida.engine import await_processes, submit
from aiida.engine.runners import Runner
from aiida.engine.utils import InterruptableFuture, exponential_backoff_retry, interruptable_task, is_process_function
from tests.durability import flows


def test_a01_what_a_runner_is(engine: Any) -> None:
    runner = engine.runner
    assert runner is engine.runner and not runner.is_daemon_runner
    assert runner.controller is None and runner.communicator is None


def test_it_runs_in_three_forms(engine: Any) -> None:
    runner = engine.runner
    assert runner.run(flows.Leaf, x=orm.Int(1))["r"].value == 2
    result, node = runner.run_get_node(flows.Leaf, x=orm.Int(2))
    assert node.is_finished_ok and result["r"].value == 4
    assert orm.load_node(runner.run_get_pk(flows.Leaf, x=orm.Int(3)).pk).is_finished_ok


def test_what_is_scheduled_runs_while_the_loop_does(engine: Any) -> None:
    with Runner(engine=engine) as runner:
        node = runner.schedule(flows.Chain, depth=orm.Int(2))
        future = runner.get_process_future(node.pk)
        assert runner.run_until_complete(future).pk == node.pk
        assert node.is_finished_ok
    assert runner.is_closed()


def test_it_calls_back_when_a_process_has_ended(engine: Any) -> None:
    told = threading.Event()
    node = engine.runner.schedule(flows.Leaf, x=orm.Int(1))
    engine.runner.call_on_process_finish(node.pk, told.set)
    assert told.wait(20) and node.is_finished_ok


def test_submit_with_wait(engine: Any, worker: Any) -> None:
    threading.Timer(0.1, worker).start()
    node = submit(flows.Leaf, x=orm.Int(1), wait=True, wait_interval=1)
    assert node.is_finished_ok
    await_processes([node])


async def test_an_interruptable_task() -> None:
    async def work(future: InterruptableFuture) -> str:
        await future.with_interrupt(asyncio.sleep(0))
        return "done"

    assert await interruptable_task(work) == "done"

    async def waits(future: InterruptableFuture) -> None:
        await future.with_interrupt(asyncio.sleep(60))

    task = interruptable_task(waits)
    asyncio.get_running_loop().call_soon(task.interrupt, RuntimeError("enough"))
    try:
        await task
    except RuntimeError as error:
        assert str(error) == "enough"


async def test_retries() -> None:
    calls: list[int] = []

    def fails_twice() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise OSError("not yet")
        return "now"

    assert await exponential_backoff_retry(fails_twice, initial_interval=0.001) == "now"
    assert is_process_function(flows.add) and not is_process_function(len)
