"""How a process comes to be: T1 from outside, T4 from inside a step, riding on the caller's stack, or given back by the memo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from aiida import orm
from aiida.common.exceptions import InvalidOperation, UnreachableStorage
from aiida.common.process_state import ProcessState
from aiida.engine.processes.calcjobs.calcjob import CalcJob
from aiida.engine.processes.functions import FunctionProcess
from aiida.engine.processes.workchains.workchain import WorkChain
from aiida.engine.runtime import endings, perform, write
from aiida.engine.runtime.live import Live
from aiida.graph.records import NodeRow
from aiida.journal import events as ev
from aiida.journal import machine
from aiida.journal.fold import fold
from aiida.orm import storing
from aiida.storage import joblist, journal
from aiida.storage.journal import Lease
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.processes.process import Process
    from aiida.engine.runtime.core import Core

NATURES: tuple[tuple[type, str], ...] = ((FunctionProcess, "function"), (CalcJob, "job"), (WorkChain, "chain"))


def nature_of(cls: type) -> str:
    """Which decisions apply to processes of this class."""
    return next((nature for base, nature in NATURES if issubclass(cls, base)), "foreign")


def created(process: Process, *, inline: bool) -> ev.Created:
    """The first event. A function that runs inline lives and dies with its interpreter."""
    nature = nature_of(type(process))
    return ev.Created(
        uuid=process.node.uuid,
        nature=nature,
        process_type=process.node.process_type or "",
        importable=not (inline and nature == "function") and type(process)._is_importable(),
        context=None if inline and nature == "function" else process._snapshot().data or None,
    )


def ready(process: Process) -> endings.Ready:
    """Files first: input nodes and the node, with everything complete but their rows."""
    nodes = process._nodes_to_store()
    return endings.Ready(nodes, nodes)


def record(
    tx: Transaction,
    process: Process,
    nodes: endings.Ready,
    event: ev.Created,
    more: Sequence[ev.Event] = (),
    **task: Any,
) -> list[ev.Event]:
    """T1 (1)-(3): input nodes, node and links; the task row; the first events, which are returned.

    If the cache has answered, the node is a copy of a finished one: then it has ended in this very transaction, and has no row.
    """
    if more and not process.node.is_stored:
        process.node._project({"process_state": machine.RUNNING})
    storing.store_nodes(nodes, prepared=nodes.take())
    source = process._cached_source
    if source is None:
        events: list[ev.Event] = [event, *more]
        limited = journal.create(tx, process.node.pk, events, **task)
        if limited and task.get("owner") is None:
            lane = joblist.lane_for(tx, bounds_of(process, task.get("caller")))
            if lane:
                journal.set_lane(tx, process.node.pk, lane)
        return events
    attributes = process.node.base.attributes.all
    finished = ev.Finished(status=attributes.get("exit_status") or 0, message=attributes.get("exit_message"))
    events = [msgspec.structs.replace(event, source=source), ev.Started(), finished]
    journal.create_ended(tx, process.node.pk, events)
    process.node._project(*endings.terminal_projection(finished))
    return events


def hold(process: Process, message: str | None) -> bool:
    """Mark a process as paused that is stored and was never run."""
    node = process.node
    if not node.is_stored or node.process_state is not ProcessState.CREATED:
        return False
    node._project({"paused": True, "process_status": message or "Paused"})
    return True


def bounds_of(process: Process, caller: int | None) -> list[str]:
    """Names of the limits that may apply. Limits on kinds and groups are asked only of who has no caller."""
    node = process.node
    names: list[str] = []
    if caller is None:
        names.append(f"kind:{node.process_type}")
    if nature_of(type(process)) == "job" and node.computer is not None:
        computer = node.computer.uuid
        options = node.base.attributes.all
        names.append(f"computer:{computer}")
        names += [f"{word}:{computer}:{options[key]}" for word, key in _OPTION_BOUNDS if options.get(key)]
    return names


_OPTION_BOUNDS = (("queue", "queue_name"), ("account", "account"))


def submit(core: Core, process: Process, *, home: int | None = None, priority: int = 0) -> Any:
    """T1: store the record and make it ready; returns the node."""
    event = created(process, inline=home is not None)
    if home is None:
        _check_importable(event, process)
    nodes = ready(process)

    def work(tx: Transaction) -> list[ev.Event]:
        tx.after_commit(core.ring)
        return record(tx, process, nodes, event, home=home, priority=priority)

    events = create(core, process, work)
    if events is None:
        return orm.load_node(uuid=process.node.uuid)
    if home is not None:
        keep(core, process, events)
    return process.node


def _check_importable(event: ev.Created, process: Process) -> None:
    """Refuse for a daemon what its workers could not import again."""
    if not event.importable:
        raise InvalidOperation(
            f"{type(process).__name__} cannot be submitted: a worker could not import it again "
            f"(it is defined in {type(process).__module__}, inside a function or in a session). "
            "Move it to a module that is on the Python path, or use `run`"
        )


def keep(core: Core, process: Process, events: Sequence[ev.Event]) -> None:
    """What was made here may be run here: the first claim finds the instance, and need not build another."""
    live = Live(Lease(process.node.pk, 0, 0, len(events)), fold(events), process)
    if not live.state.is_ended:
        process._parent = None
        core.keep(live)


def create(core: Core, process: Process, work: write.Work[list[ev.Event]]) -> list[ev.Event] | None:
    """R6 for a creation: the uuid was made before the transaction. None: the reply was lost, and it is there."""
    waited = 0.0
    while True:
        try:
            return write.transact(core.env, work, repeatable=False)
        except UnreachableStorage as error:
            if core.env.store.in_transaction:
                raise
            waited = write.wait_for_database(core.env, waited, error)
            if write.transact(core.env, lambda _: core.env.store.find(NodeRow, uuid=process.node.uuid)):
                return None


def be_born_owned(core: Core, process: Process) -> Live:
    """T1 for `run` in an interpreter: owned from the first commit on, and at home here."""
    event, nodes = created(process, inline=True), ready(process)
    events = create(core, process, lambda tx: record(tx, process, nodes, event, owner=core.worker, home=core.worker))
    if events is None:
        node = orm.load_node(uuid=process.node.uuid)
        return core.revive(Lease(node.pk, core.worker, 1, 1), core.load_state(node.pk), type(process))
    return Live(Lease(process.node.pk, core.worker, 1, len(events)), fold(events), process)


def launch(core: Core, parent: Live, process: Process, *, rides: bool) -> tuple[Live | None, Any]:
    """T4, behind the fence of the parent: (what is ours to drive, the node). A re-run is given what it launched before."""
    if parent.memo:
        found = parent.memo.match(process, rides=rides)
        if found is not None:
            taken = _take_back(core, parent, process, found[0], found[1]) if rides else (None, found[1])
            if taken is not None:
                return taken
    # A function awaits nothing: what it submits is for a daemon, as what its caller submits, and outlives this interpreter.
    is_left = core.inline and not rides and isinstance(parent.process, FunctionProcess)
    event = created(process, inline=rides or (core.inline and not is_left))
    if is_left:
        _check_importable(event, process)
    home = core.worker if core.inline and not rides and not is_left else None
    nodes = ready(process)
    births: list[ev.Event] = []

    def body(tx: Transaction) -> list[ev.Event]:
        if rides:
            births[:] = record(
                tx, process, nodes, event, [perform.STARTED], owner=core.worker, caller=parent.pk, rides=parent.pk
            )
        else:
            births[:] = record(tx, process, nodes, event, caller=parent.pk, home=home)
            tx.after_commit(core.ring)
        return [ev.ChildLaunched(child=process.node.pk, uuid=event.uuid, rides=rides, process_type=event.process_type)]

    core.note_started(parent)
    write.append(core.env, parent, (), body, count=1, tail=core.projection(parent))
    live = Live(Lease(process.node.pk, core.worker, 1, len(births)), fold(births), process)
    if live.state.is_ended or is_left:
        return None, process.node
    if not rides:
        process._parent = None
        core.keep(live)
        return None, process.node
    live.rides = live.caller = parent.pk
    parent.riders += 1
    return live, process.node


def _take_back(core: Core, parent: Live, process: Process, launch: Any, node: Any) -> tuple[Live | None, Any] | None:
    """A called process of the earlier run: ended well, its outputs; alive, taken over; else None: call it again."""
    if node.is_finished:
        return None, node
    if node.is_terminated:
        return None

    def work(tx: Transaction) -> Lease | None:
        journal.fence(tx, parent.lease, 0)
        return journal.take_rider(tx, launch.child, parent.pk, core.worker)

    lease = write.transact(core.env, work)
    if lease is None:
        return None
    with core.env.store.reading() as connection:
        state = fold(journal.load_events(connection, [launch.child])[launch.child])
    live = core.revive(lease, state, cls=type(process))
    live.rides = live.caller = parent.pk
    parent.riders += 1
    return live, live.process.node if live.process is not None else node
