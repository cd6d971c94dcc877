"""States and commands of process classes with a `run` of their own: what such a `run` may return, and what then drives it on.

They exist only inside the host of such a process (`foreign.py`). The state of a process is the journal's and shown by its node.
"""

from __future__ import annotations

import asyncio
import inspect
import typing as t

from aiida.common.exit_code import ExitCode
from aiida.common.process_state import ProcessState

if t.TYPE_CHECKING:
    from aiida.engine.processes.process import Process

__all__ = (
    "STATE_CLASSES", "Command", "Continue", "Created", "Excepted", "Finished", "Interruption", "Kill", "KillInterruption", "Killed",
    "PauseInterruption", "Running", "State", "Stop", "Wait", "Waiting", "after",
)  # fmt: skip

Function = t.Callable[..., t.Any]


class Interruption(Exception):
    """What a state is told when somebody wants something else of the process."""


class KillInterruption(Interruption):
    """The process is killed."""


class PauseInterruption(Interruption):
    """The process is paused."""


class Command:
    """What `run` may return to say how the process goes on."""


class Wait(Command):
    """Wait until `resume` is called, then go on with a function; without one the process ends."""

    def __init__(self, continue_fn: Function | None = None, msg: str | None = None, data: t.Any = None) -> None:
        self.continue_fn, self.msg, self.data = continue_fn, msg, data


class Continue(Command):
    """Go on with a function at once."""

    def __init__(self, continue_fn: Function, *args: t.Any, **kwargs: t.Any) -> None:
        self.continue_fn, self.args, self.kwargs = continue_fn, args, kwargs


class Stop(Command):
    """The process is over."""

    def __init__(self, result: t.Any = None, successful: bool = True) -> None:
        self.result, self.successful = result, successful


class Kill(Command):
    """The process kills itself."""

    def __init__(self, msg: str | None = None) -> None:
        self.msg = msg


class State:
    """One state of a hosted process. Executing it gives the next one."""

    LABEL: t.ClassVar[ProcessState]

    def __init__(self, process: Process, *_args: t.Any, **_kwargs: t.Any) -> None:
        self.state_machine = process

    @property
    def process(self) -> Process:
        """The process whose state this is."""
        return self.state_machine

    @property
    def label(self) -> ProcessState:
        """Which state it is."""
        return self.LABEL

    def create_state(self, label: ProcessState, *args: t.Any, **kwargs: t.Any) -> State:
        """Make a state of the same process, of the class that it wants for it."""
        return self.state_machine.create_state(label, *args, **kwargs)

    def enter(self) -> None:
        """The process enters the state."""

    def exit(self) -> None:
        """The process leaves the state."""

    async def execute(self) -> State | None:
        """Do what is to do, and return the next state; None if this is the last."""
        return None

    def interrupt(self, reason: t.Any) -> t.Any:
        """Take notice of an interruption."""

    def save_instance_state(self, out_state: t.Any, save_context: t.Any) -> None:
        """Keep what a new instance of the state needs. States live in the host alone: nothing is asked of it."""

    def load_instance_state(self, saved_state: t.Any, load_context: t.Any) -> None:
        """Take up what was kept."""


class Created(State):
    """It has not begun."""

    LABEL = ProcessState.CREATED


class Running(State):
    """A function of the process runs."""

    LABEL = ProcessState.RUNNING

    def __init__(self, process: Process, run_fn: Function, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(process)
        self.run_fn, self.args, self.kwargs = run_fn, args, kwargs

    async def execute(self) -> State | None:
        result = self.run_fn(*self.args, **self.kwargs)
        return after(self.process, await result if inspect.isawaitable(result) else result)


class Waiting(State):
    """Nothing runs until somebody resumes the process."""

    LABEL = ProcessState.WAITING

    def __init__(self, process: Process, done_callback: Function | None, msg: str | None = None, data: t.Any = None) -> None:
        super().__init__(process)
        self.done_callback, self.msg, self.data = done_callback, msg, data
        self._resumed: asyncio.Future[tuple[t.Any, ...]] = asyncio.get_running_loop().create_future()

    def resume(self, *value: t.Any) -> None:
        """Go on, with a value for the function that follows; a second time is too late and does nothing."""
        if not self._resumed.done():
            self._resumed.set_result(value)

    def interrupt(self, reason: t.Any) -> t.Any:
        if not self._resumed.done():
            self._resumed.set_exception(reason)

    async def execute(self) -> State | None:
        value = await self._resumed
        if self.done_callback is None:
            return self.create_state(ProcessState.FINISHED, value[0] if value else None, True)
        return self.create_state(ProcessState.RUNNING, self.done_callback, *value)


class Finished(State):
    """It is over, with a result."""

    LABEL = ProcessState.FINISHED

    def __init__(self, process: Process, result: t.Any = None, successful: bool = True) -> None:
        super().__init__(process)
        self.result, self.successful = result, successful


class Excepted(State):
    """It raised."""

    LABEL = ProcessState.EXCEPTED


class Killed(State):
    """It was killed."""

    LABEL = ProcessState.KILLED


STATE_CLASSES: t.Final[dict[ProcessState, type[State]]] = {
    cls.LABEL: cls for cls in (Created, Running, Waiting, Finished, Excepted, Killed)
}


def after(process: Process, result: t.Any) -> State:
    """Return the state that what a function of the process returned leads to."""
    match result:
        case State():
            return result
        case Wait():
            return process.create_state(ProcessState.WAITING, result.continue_fn, result.msg, result.data)
        case Continue():
            return process.create_state(ProcessState.RUNNING, result.continue_fn, *result.args, **result.kwargs)
        case Stop(result=value, successful=successful):
            return process.create_state(ProcessState.FINISHED, value if successful else value or ExitCode(1), successful)
        case Kill(msg=message):
            raise KillInterruption(message or "the process killed itself")
        case _:
            return process.create_state(ProcessState.FINISHED, result, True)
