"""How a process ends: T6, with everything that belongs to the end in one commit, and the hooks around it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common.exit_code import ExitCode
from aiida.common.links import LinkType
from aiida.engine.processes.tracebacks import format_traceback
from aiida.engine.runtime import write
from aiida.engine.runtime.live import Live
from aiida.journal import events as ev
from aiida.journal import machine
from aiida.orm import storing
from aiida.orm.utils.log import log_sink
from aiida.storage import journal
from aiida.storage.journal import Lease
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

LOGGER = logging.getLogger("aiida.engine.runtime")


class Ready(list[Any]):
    """Nodes or outputs whose files are written and whose rows are complete: only rows are left for the transaction (R1)."""

    def __init__(self, items: Iterable[Any], nodes: Sequence[Any]) -> None:
        super().__init__(items)
        self._prepared: storing.Prepared | None = storing.prepare_nodes(nodes) if nodes else None

    def take(self) -> storing.Prepared | None:
        """What was prepared, once: a transaction that is run again has undone it."""
        prepared, self._prepared = self._prepared, None
        return prepared


def ready(outputs: Sequence[Any]) -> Ready:
    """Call it before the transaction in which the outputs are attached."""
    return Ready(outputs, [output.node for output in outputs if not output.node.is_stored])


def attach(live: Live, outputs: Ready | None, logs: Sequence[Any], core: Core) -> None:
    """Inside a transaction: what the step produced. Unstored results and their links go in one insert each."""
    if outputs:
        node = live.process.node  # type: ignore[union-attr]
        new = [output.node for output in outputs if not output.node.is_stored]
        links = [(node, output.node, output.link_type, output.label) for output in outputs]
        storing.store_nodes(new, links, outputs.take() if new else None)
        live.process._note_outputs(outputs)  # type: ignore[union-attr]
    if logs:
        core.env.store.insert(list(logs))


def end(
    core: Core,
    live: Live,
    event: ev.Event,
    before: Sequence[ev.Event] = (),
    outputs: Sequence[Any] = (),
    logs: Sequence[Any] = (),
    *,
    together: bool = False,
) -> None:
    """T6 and what follows it; `together` with the writes of other processes, if this worker groups them."""
    process, attached = live.process, ready(outputs)
    hook = process is not None and type(process)._overrides_on_terminated()
    patch, remove = terminal_projection(event)
    if live.state.nature == "job":
        remove = (*remove, "state")

    def body(tx: Transaction) -> None:
        attach(live, attached, logs, core)
        if live.state.nature == "job":
            journal.end_job(tx, live.pk)
        if live.riders or (
            (live.memo or isinstance(event, ev.Killed)) and any(launch.rides for launch in live.state.launched)
        ):
            abandon_riders(core, tx, live)
        if hook:
            journal.insert_hook(tx, live.pk, core.worker)
        core.project(live, patch | live.position, remove)

    def after() -> bool:
        live.mail = False
        core.ended(live, wanted.result)
        if process is not None:
            run_terminated(core, live.pk, process, hook=hook)
        return False

    wanted = write.finishing(live, [*before, event], body)
    core.commit(wanted, after, together=together)


def write_end(core: Core, tx: Transaction, live: Live, events: Sequence[ev.Event], *, hook: bool) -> list[int]:
    """T6 behind its fence, for an end without outputs: returns the waiters that are ready now."""
    if live.state.nature == "job":
        journal.end_job(tx, live.pk)
    if live.riders or any(launch.rides for launch in live.state.launched):
        abandon_riders(core, tx, live)
    if hook:
        journal.insert_hook(tx, live.pk, core.worker)
    patch, remove = terminal_projection(events[-1])
    core.project(live, patch, (*remove, "state") if live.state.nature == "job" else remove)
    journal.insert_events(tx, live.pk, live.lease.seq, live.lease.epoch, events)
    return journal.wake(tx, live.pk)


def overrides_terminated(live: Live) -> bool:
    """Whether the class has a hook of its own; a class that cannot be found has none that could be run."""
    if live.process is not None:
        return type(live.process)._overrides_on_terminated()
    process_type = live.state.process_type
    if process_type not in _overriding:
        try:
            _overriding[process_type] = class_of(orm.load_node(live.pk))._overrides_on_terminated()
        except Exception:
            _overriding[process_type] = False
    return _overriding[process_type]


_overriding: dict[str, bool] = {}


def class_of(node: Any) -> Any:
    """The process class of a node; a decorated function stands for its own."""
    found: Any = node.process_class
    return found if isinstance(found, type) else found.process_class


def after_kill(core: Core, live: Live, reason: str, *, hook: bool) -> None:
    """The hooks of a process that was ended where it stood."""
    process = live.process
    if process is None and hook:
        try:
            process = core.build(live)
        except Exception as error:
            LOGGER.error("on_terminated of process %d is skipped: %s", live.pk, error)
            write.transact(core.env, lambda tx: journal.delete_hook(tx, live.pk))
            return
    if process is not None:
        try:
            with core.user_code(process):
                process.on_kill(reason)
        except Exception:
            LOGGER.exception("on_kill of process %d failed", live.pk)
        run_terminated(core, live.pk, process, hook=hook)


def run_terminated(core: Core, pk: int, process: Any, *, hook: bool) -> None:
    """`on_terminated`, on the live instance, after the node is sealed; its row goes when it has run."""
    try:
        with core.user_code(process):
            process.on_terminated()
    except Exception:
        LOGGER.exception("on_terminated of process %d failed", pk)
    if hook:
        write.transact(core.env, lambda tx: journal.delete_hook(tx, pk))


def terminal_projection(event: ev.Event) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the node shows after the last event."""
    patch: dict[str, Any] = {"sealed": True}
    remove = ["process_status", "paused"]
    if isinstance(event, ev.Finished):
        patch |= {"process_state": machine.FINISHED, "exit_status": event.status}
        if event.message is not None:
            patch["exit_message"] = event.message
    elif isinstance(event, ev.Excepted):
        patch |= {"process_state": machine.EXCEPTED, "exception": event.exception}
    elif isinstance(event, ev.Killed):
        patch |= {"process_state": machine.KILLED}
        if event.reason:
            patch["process_status"] = event.reason
            remove.remove("process_status")
    return patch, tuple(remove)


def abandon_riders(core: Core, tx: Transaction, live: Live) -> None:
    """Riders that nobody asked for again end with the step, in its transaction; riders of riders first, however deep they go."""
    taken: list[tuple[int, int, int]] = []
    above = [live.pk]
    while above:
        found = journal.kill_riders(tx, above.pop(), core.worker)
        taken += found
        above += [process for process, _, _ in found]
    for process, epoch, seq in reversed(taken):
        inner = Live(Lease(process, core.worker, epoch, seq), core.load_state(process))
        journal.end(tx, inner.lease)
        killed = ev.Killed(reason="abandoned by a re-run")
        journal.insert_events(tx, process, seq, epoch, [killed])
        core.project(inner, *terminal_projection(killed))
        journal.wake(tx, process)
    live.riders = 0


def finish(core: Core, live: Live, code: ExitCode, before: Sequence[ev.Event] = ()) -> None:
    """The user code is done: outputs checked against the spec, then the end."""
    process = live.process
    assert process is not None
    code = process._finish(code)
    with core.user_code(process):
        process.on_exiting()
        process.on_finish(code, code.status == 0)
    outputs, logs = process._take_outputs(), process._take_logs()
    event = ev.Finished(status=code.status, message=code.message, outputs=[output.label for output in outputs])
    end(core, live, event, before, outputs, logs, together=True)


def except_(core: Core, live: Live, error: BaseException) -> None:
    """User code raised: the traceback is logged, the end is written, and who runs inline gets the exception."""
    live.error = error
    process = live.process
    logs: list[Any] = []
    outputs: list[Any] = []
    if process is not None:
        token = log_sink.set(logs)
        try:
            with core.user_code(process):
                process.on_except((type(error), error, error.__traceback__))
        except Exception:
            LOGGER.exception("on_except of process %d failed", live.pk)
        finally:
            log_sink.reset(token)
        logs = [*process._take_logs(), *logs]
        # outputs of a calculation that failed half-way are kept if they can be: they were made by it
        outputs = [
            output for output in process._take_outputs() if output.link_type is LinkType.CREATE or output.node.is_stored
        ]
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    lines = format_traceback(error)
    end(core, live, ev.Excepted(exception=text, traceback=lines[-20000:]), (), outputs, logs)


def kill(core: Core, live: Live, reason: str) -> None:
    """Children and job are gone."""
    process = live.process
    if process is not None:
        try:
            with core.user_code(process):
                process.on_kill(reason)
        except Exception:
            LOGGER.exception("on_kill of process %d failed", live.pk)
    end(core, live, ev.Killed(reason=reason))
