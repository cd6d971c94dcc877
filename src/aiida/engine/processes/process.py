"""The base class of everything that runs: what users subclass above, what the runtime drives below.

INTERFACE FIRST (bodies follow within minutes). A process instance works with no engine behind it; it writes to the database only in
`_store_record` and through `update_outputs`.
"""

from __future__ import annotations

import contextvars
import enum
import typing as t

from aiida.engine.processes.outcome import Outcome, PendingOutput, Pointer, Snapshot

if t.TYPE_CHECKING:
    from types import TracebackType

    from aiida.common.exit_code import ExitCode
    from aiida.engine.processes.workchains.awaitable import Awaitable
    from aiida.graph.records import LogRow
    from aiida.orm import Node, ProcessNode

__all__ = ("Process", "ProcessState", "current_process")

#: The instance whose user code runs in this context; the runtime sets it around `_run_step` and the hooks.
current_process: contextvars.ContextVar[Process | None] = contextvars.ContextVar("current_process", default=None)


class ProcessState(enum.Enum):
    """The six states of a process."""

    CREATED = "created"
    RUNNING = "running"
    WAITING = "waiting"
    FINISHED = "finished"
    EXCEPTED = "excepted"
    KILLED = "killed"


class Process:
    """A process: a spec, an instance of inputs, a node."""

    _parent: Process | None  # the running instance that launched this one, if any
    _cached_source: ProcessNode | None  # set by `_create` when caching found an equal finished node: `_run_step` then replays it

    @property
    def node(self) -> ProcessNode: ...

    @classmethod
    def current(cls) -> Process | None: ...

    # --- for the runtime -------------------------------------------------------------------------------------------
    @classmethod
    def _create(cls, inputs: dict[str, t.Any] | None = None, *, runner: t.Any = None, parent: Process | None = None) -> t.Self:
        """Make an instance with an unstored node, every attribute and pending link set; nothing is written."""

    def _nodes_to_store(self) -> list[Node]:
        """Return unstored inputs and the node (the node last): what T1 stores in one go. Empty without provenance."""

    def _store_record(self) -> None:
        """Store these alone: `instantiate_process` and `Class(inputs=…)`."""

    @classmethod
    def _revive(cls, node: ProcessNode, *, runner: t.Any = None) -> t.Self:
        """Make a live instance from a stored node."""

    def _snapshot(self) -> Snapshot: ...

    def _restore(self, data: dict[str, t.Any]) -> None: ...

    def _run_step(self, pointer: Pointer | None = None) -> Outcome:
        """Run user code up to the next resume point. Exceptions of user code pass through.

        A process with `_cached_source` replays it (outputs pending, `Finish`): call this for cached calcjobs too, in place of the job.
        Unstored nodes left in the context are stored at the end (own transaction).
        """

    def _resolve(self, awaitables: t.Sequence[Awaitable] | None = None) -> None:
        """Put the ended targets into the context; `None` is all that the instance awaits."""

    def _take_outputs(self) -> list[PendingOutput]:
        """Return outputs attached since the last take; nodes of CREATE links may be unstored."""

    def _take_logs(self) -> list[LogRow]:
        """Return log rows collected while `aiida.orm.utils.log.log_sink` was held by `_run_step` (rows without id)."""

    def _finish(self, exit_code: ExitCode) -> ExitCode:
        """Check the outputs against the spec: the code itself, or 10 or 11."""

    @classmethod
    def _is_importable(cls) -> bool:
        """Whether another interpreter can load this class by `process_type`."""

    @classmethod
    def _overrides_on_terminated(cls) -> bool:
        """Whether T6 must write a `hook` row."""

    # --- hooks, called by the runtime ------------------------------------------------------------------------------
    def on_run(self) -> None: ...

    def on_wait(self, awaitables: t.Sequence[Awaitable] = ()) -> None: ...

    def on_finish(self, result: int | ExitCode | None, successful: bool) -> None: ...

    def on_except(self, exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> None:
        """Log the traceback at REPORT level (the state itself is the runtime's)."""

    def on_kill(self, msg: str | None = None) -> None: ...

    def on_terminated(self) -> None: ...

    def on_pausing(self, msg: str | None = None) -> None: ...

    def on_paused(self, msg: str | None = None) -> None: ...

    def on_playing(self) -> None: ...
