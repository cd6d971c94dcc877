"""PROTOCOL.md section 12 as a checker: what must hold at rest, over the whole database. Each violation is one sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aiida.graph.records import NodeRow
from aiida.journal import events as ev
from aiida.journal.fold import ProcessState, fold
from aiida.storage import journal

if TYPE_CHECKING:
    from aiida.storage.store import Store

BATCH = 500
EXITS = {"exit_status": "exit_status", "exit_message": "exit_message", "exception": "exception"}


def check(store: Store) -> list[str]:
    """Every violation; none: the database is as the protocol promises."""
    with store.reading() as connection:
        snapshot = journal.snapshot(connection)
    found = list(_check_tasks(snapshot))
    processes = sorted({row[0] for row in snapshot.ends} | set(snapshot.tasks))
    for start in range(0, len(processes), BATCH):
        found += _check_batch(store, snapshot, processes[start : start + BATCH])
    return found


def _check_tasks(snapshot: journal.Snapshot) -> Iterator[str]:
    """Tasks, waits, workers, slots, inbox among themselves."""
    waits: Counter[int] = Counter(waiter for target, waiter in snapshot.waits if target in snapshot.tasks)
    riders = {task["rides"] for task in snapshot.tasks.values() if task["rides"] is not None}
    for pk, task in snapshot.tasks.items():
        yield from _check_task(pk, task, waits[pk], snapshot, pk in riders)
    taken: Counter[int] = Counter()
    for task in snapshot.tasks.values():
        for bound in snapshot.lanes.get(task["slot"], ()):
            taken[bound] += 1
    for bound, (name, maximum) in snapshot.bounds.items():
        if taken[bound] > maximum:
            yield f"limit {name}: {taken[bound]} slots are taken of {maximum}"
    for process in snapshot.jobs - set(snapshot.tasks):
        yield f"job of process {process}: the process has ended, and its job is followed still"
    for process in snapshot.inbox:
        if process not in snapshot.tasks:
            yield f"inbox: mail for process {process}, which has ended"


def _check_task(
    pk: int, task: dict[str, Any], waits: int, snapshot: journal.Snapshot, has_rider: bool
) -> Iterator[str]:
    if task["awaiting"] != waits:
        yield f"process {pk}: awaiting is {task['awaiting']}, but {waits} living targets have an edge to it"
    if task["awaiting"] and task["ready"]:
        yield f"process {pk}: ready although it awaits {task['awaiting']}"
    if task["awaiting"] and task["owner"] is not None and task["rides"] is None:
        yield f"process {pk}: held by worker {task['owner']} although it awaits {task['awaiting']}"
    at_rest = not task["ready"] and not task["awaiting"] and task["owner"] is None
    if at_rest and task["due_at"] is None and task["rides"] is None and pk not in snapshot.jobs and not has_rider:
        yield f"process {pk}: not ready, and nothing will ever make it ready (a wake-up was lost)"
    if task["rides"] is not None and task["rides"] not in snapshot.tasks:
        yield f"process {pk}: rides on process {task['rides']}, which has ended"
    for column in ("owner", "home"):
        if task[column] is not None and task[column] not in snapshot.workers:
            yield f"process {pk}: {column} {task[column]} is no living worker (a sweep is due)"


def _check_batch(store: Store, snapshot: journal.Snapshot, processes: list[int]) -> Iterator[str]:
    with store.reading() as connection:
        journals = journal.load_raw(connection, processes)
        called = journal.load_calls(connection, processes)
    nodes = store.fetch(NodeRow, processes)
    launched: dict[int, set[int]] = defaultdict(set)
    for pk in processes:
        rows = journals.get(pk, [])
        task = snapshot.tasks.get(pk)
        node = nodes.get(pk)
        if node is None:
            yield f"process {pk}: has rows of ours and no node"
            continue
        if not rows:
            yield f"process {pk}: has a task row and no journal"
            continue
        yield from _check_rows(pk, rows, task)
        try:
            state = fold(event for _, _, event in rows)
        except Exception as error:
            yield f"process {pk}: its journal cannot be folded: {error}"
            continue
        children = [event.child for _, _, event in rows if isinstance(event, ev.ChildLaunched)]
        launched[pk] = set(children)
        if len(children) > len(launched[pk]):
            yield f"process {pk}: a child was launched twice: {children}"
        yield from _check_end(pk, rows, state, task, node)
        if launched[pk] != called.get(pk, set()) and state.nature in ("chain", "function"):
            yield f"process {pk}: launched {sorted(launched[pk])}, but its CALL links go to {sorted(called.get(pk, set()))}"


def _check_rows(pk: int, rows: list[tuple[int, int, ev.Event]], task: dict[str, Any] | None) -> Iterator[str]:
    if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
        yield f"process {pk}: seq is not dense: {[row[0] for row in rows]}"
    epochs = [row[1] for row in rows]
    if epochs != sorted(epochs):
        yield f"process {pk}: epochs decrease: {epochs}"
    if task is not None and task["seq"] != len(rows):
        yield f"process {pk}: task.seq is {task['seq']}, its last event has {len(rows)}"
    ends = [row[0] for row in rows if isinstance(row[2], ev.TERMINAL)]
    if len(ends) > 1 or (ends and ends[0] != len(rows)):
        yield f"process {pk}: terminal events at {ends} of {len(rows)}"


def _check_end(
    pk: int, rows: list[tuple[int, int, ev.Event]], state: ProcessState, task: dict[str, Any] | None, node: NodeRow
) -> Iterator[str]:
    attributes = node.attributes or {}
    is_sealed = bool(attributes.get("sealed"))
    if state.uuid != node.uuid:
        yield f"process {pk}: its journal is that of node {state.uuid}, the node is {node.uuid}"
    if not (state.is_ended == (task is None) == is_sealed):
        yield f"process {pk}: ended {state.is_ended}, without task row {task is None}, sealed {is_sealed}: these are one thing"
    if attributes.get("process_state") != state.state:
        yield f"process {pk}: the node shows {attributes.get('process_state')}, the journal says {state.state}"
    if bool(attributes.get("paused")) != (state.paused and not state.is_ended) or (
        task is not None and bool(task["paused"]) != state.paused
    ):
        yield f"process {pk}: paused is {state.paused} in the journal, {attributes.get('paused')} on the node"
    for key, name in EXITS.items():
        if state.is_ended and attributes.get(key) != getattr(state, name):
            yield f"process {pk}: {key} is {attributes.get(key)!r} on the node, {getattr(state, name)!r} in the journal"
