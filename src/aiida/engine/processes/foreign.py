"""Process classes with a `run` of their own, plain or a coroutine: driven to the end within one lease.

Such a process is a live object for as long as it runs: it may wait, be called back and go on, all on one event loop. What it
holds is not on record between its steps, so a crash makes it start again.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import typing as t
from collections.abc import Callable, Mapping

from aiida.common.exceptions import InvalidOperation
from aiida.common.slots import current_engine
from aiida.engine.processes import desks
from aiida.engine.processes.foreign_states import Command, Finished, KillInterruption, Running, State, Waiting
from aiida.orm import load_node

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = ("Host", "run_coroutine", "run_foreign")

LOOK = 1.0  # seconds between looks whether a waiting process was killed
STEP = 0.1  # seconds between refusals of what others would have run in a thread that is blocked


class Host:
    """The event loop under a foreign process, and the state that it is in."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.loop = asyncio.get_running_loop()
        self.context = contextvars.copy_context()
        self.state: State | None = None
        self.failure: BaseException | None = None

    async def drive(self, run: Callable[[], t.Any]) -> t.Any:
        """Run from state to state, and return the result of the last one."""
        self.state = Running(self.process, run)
        while not isinstance(self.state, Finished):
            self.state.enter()
            following = await self.execute(self.state)
            self.process.on_exiting()
            self.state.exit()
            if following is None:
                raise InvalidOperation(
                    f"`{self.process.get_name()}` stopped in the state {self.state.label.value} with no next one"
                )
            self.state = following
        return self.state.result

    async def execute(self, state: State) -> State | None:
        """Execute a state; while it waits, see whether it was killed."""
        task = self.loop.create_task(state.execute())
        if isinstance(state, Waiting):
            await asyncio.sleep(0)  # the state is there before anybody is told of it
            self.process.on_wait([task])
        while not (await asyncio.wait({task}, timeout=LOOK))[0]:
            if self.failure is None and self.was_killed():
                state.interrupt(KillInterruption("the process was killed"))
            self.receive()
        if self.failure is not None:
            raise self.failure
        return task.result()

    def receive(self) -> None:
        """Give the process the messages that others have sent to it."""
        if self.process.node.is_stored:
            for message in current_engine.get().receive(self.process):
                self.call(self.process.message_receive, (None, message), {})

    def was_killed(self) -> bool:
        """Return whether the process has ended meanwhile by somebody else's hand."""
        node = self.process.node
        return node.is_stored and t.cast(bool, load_node(node.pk).is_terminated)

    def call_soon(self, function: Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> None:
        """Call a function on the loop of the process, from whatever thread."""
        self.loop.call_soon_threadsafe(lambda: self.call(function, args, kwargs), context=self.context.copy())

    def call(self, function: Callable[..., t.Any], args: tuple[t.Any, ...], kwargs: dict[str, t.Any]) -> None:
        """Call a function; what it raises ends the process."""
        try:
            function(*args, **kwargs)
        except Exception as error:
            self.failure = error
            if self.state is not None:
                self.state.interrupt(error)

    def resume(self, *value: t.Any) -> None:
        """End the waiting."""
        if isinstance(self.state, Waiting):
            self.state.resume(*value)


def run_foreign(process: Process) -> t.Any:
    """Call the `run` of the process; outputs that it returns are attached."""
    run = getattr(process, "run", None)
    if run is None:
        raise NotImplementedError(f"`{process.get_name()}` has no method `run`, so there is nothing to do for it")

    desk = desks.lent()
    errand = None if desk is None else desk.offer(lambda: begin(process, run))
    if errand is not None:
        result = errand.done.result()
    else:
        result = run()
        if inspect.isawaitable(result) or isinstance(result, Command):
            result = run_coroutine(host(process, result))
    if isinstance(result, Mapping):
        process.out_many(result)
        return None
    return result


async def begin(process: Process, run: Callable[[], t.Any]) -> t.Any:
    """Run a process on a loop that already turns."""
    result = run()
    if inspect.isawaitable(result) or isinstance(result, Command):
        return await host(process, result)
    return result


async def host(process: Process, result: t.Any) -> t.Any:
    """Drive a process on from what its `run` returned."""
    process._host = Host(process)
    try:
        return await process._host.drive(lambda: result)
    finally:
        process._host = None


def run_coroutine(coroutine: t.Coroutine[t.Any, t.Any, t.Any]) -> t.Any:
    """Run a coroutine to its end from synchronous code, beside a loop that may be running in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return desks.run_here(coroutine)
    box: dict[str, t.Any] = {}
    context = contextvars.copy_context()

    def work() -> None:
        try:
            box["result"] = context.run(desks.run_here, coroutine)
        except BaseException as exception:
            box["error"] = exception

    thread = threading.Thread(target=work, name="foreign process")
    thread.start()
    while thread.is_alive():
        desks.step_aside()
        thread.join(STEP)
    if "error" in box:
        raise box["error"]
    return box["result"]
