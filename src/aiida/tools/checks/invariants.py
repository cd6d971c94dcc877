"""The rules that the journal and its tables obey at rest, checked over a whole database (PROTOCOL.md §12).

A rule is a function that yields a line per offence. "At rest" means that no process is being worked on; while a daemon works,
a rule may be seen broken for the moment between two reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiida.graph.records import NodeRow
from aiida.journal import events as ev
from aiida.journal import fold
from aiida.storage import joblist, journal

if TYPE_CHECKING:
    from aiida.storage.store import Store

__all__ = ("RULES", "find_broken_rules")

TERMINAL = (ev.Finished, ev.Excepted, ev.Killed)
BATCH = 400


@dataclass
class Case:
    """One process: its events with their numbers and epochs, its task, its node."""

    pk: int
    timeline: list[tuple[int, float, int, ev.Event]]
    task: dict[str, Any] | None
    node: NodeRow | None
    waits: list[int]
    alive: set[int]
    workers: set[int]
    has_job: bool

    @property
    def events(self) -> list[ev.Event]:
        """The events alone."""
        return [item[3] for item in self.timeline]


def _ends_once(case: Case) -> Iterator[str]:
    ends = [index for index, event in enumerate(case.events) if isinstance(event, TERMINAL)]
    if len(ends) > 1:
        yield f"it has {len(ends)} terminal events"
    if ends and ends[-1] != len(case.timeline) - 1:
        yield "events follow its terminal event"
    if bool(ends) == (case.task is not None) and case.timeline:
        yield "it has ended but has a task row" if ends else "it has not ended but has no task row"
    if case.node is not None and bool(case.node.attributes.get("sealed")) != bool(ends):
        yield "it has ended but is not sealed" if ends else "it is sealed but has not ended"


def _numbers_are_dense(case: Case) -> Iterator[str]:
    numbers = [item[0] for item in case.timeline]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"its events are numbered {numbers[:5]}…, not from 1 without a gap"
    epochs = [item[2] for item in case.timeline]
    if epochs != sorted(epochs):
        yield "an epoch of its events goes back"
    if case.task is not None and numbers and case.task["seq"] != numbers[-1]:
        yield f"its task says event {case.task['seq']} is the last, the journal {numbers[-1]}"


def _waits_are_counted(case: Case) -> Iterator[str]:
    if case.task is None:
        return
    alive = [target for target in case.waits if target in case.alive]
    awaiting = case.task["awaiting"]
    if awaiting != len(alive):
        yield f"it awaits {awaiting} processes by its task, {len(alive)} by the edges"
    if awaiting and (case.task["ready"] or case.task["owner"] is not None):
        yield "it waits for others, yet is ready or held"


def _stands_for_a_reason(case: Case) -> Iterator[str]:
    task = case.task
    if task is None or task["ready"] or task["awaiting"] or task["owner"] is not None:
        return
    if task["due_at"] is None and task["rides"] is None and not case.has_job and not task["paused"]:
        yield "it is not ready and waits for nothing: a wake-up was lost"


def _owner_is_known(case: Case) -> Iterator[str]:
    if case.task is not None and case.task["owner"] is not None and case.task["owner"] not in case.workers:
        yield f"worker {case.task['owner']}, which holds it, is not in the table of workers"


def _projections_agree(case: Case) -> Iterator[str]:
    if case.node is None:
        yield "it has a journal but no node"
        return
    state = fold.fold(case.events)
    shown = case.node.attributes
    if shown.get("process_state") != state.state:
        yield f"its node shows the state {shown.get('process_state')}, the journal says {state.state}"
    if state.state == "finished" and shown.get("exit_status") != state.exit_status:
        yield f"its node shows exit status {shown.get('exit_status')}, the journal says {state.exit_status}"


RULES: tuple[Callable[[Case], Iterator[str]], ...] = (
    _ends_once,
    _numbers_are_dense,
    _waits_are_counted,
    _stands_for_a_reason,
    _owner_is_known,
    _projections_agree,
)


def find_broken_rules(store: Store) -> list[str]:
    """Return a line for every offence against the rules; none means that the database is sound."""
    broken: list[str] = []
    with store.reading() as connection:
        processes = [int(row[0]) for row in journal.run(connection, "SELECT DISTINCT process FROM event ORDER BY process")]
        alive = set(journal.list_alive(connection))
        workers = {row[0] for row in journal.list_workers(connection)}
        edges: dict[int, list[int]] = {}
        for target, waiter in journal.run(connection, "SELECT target, waiter FROM wait"):
            edges.setdefault(int(waiter), []).append(int(target))
        for start in range(0, len(processes), BATCH):
            batch = processes[start : start + BATCH]
            nodes = store.fetch(NodeRow, batch)
            for pk in batch:
                timeline, task = journal.load_timeline(connection, pk), journal.find_task(connection, pk)
                job = joblist.find_job(connection, pk) is not None
                case = Case(pk, timeline, task, nodes.get(pk), edges.get(pk, []), alive, workers, job)
                broken += [f"Process<{pk}>: {offence}" for rule in RULES for offence in rule(case)]
        broken += [f"Process<{pk}> has a task row but no journal" for pk in sorted(alive - set(processes))]
        for _, name, maximum, taken in joblist.list_bounds(connection):
            if taken > maximum:
                broken.append(f"limit `{name}`: {taken} are taken, of {maximum}")
    return broken
