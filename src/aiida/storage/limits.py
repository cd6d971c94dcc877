"""Limits that are made and changed while processes wait and run: PROTOCOL.md section 8, live.

Who has not begun is put into the lane of the limits that concern it now; who runs already is counted by them and evicted by none.
A limit on a kind, a group or a computer may so be set at any moment, and a process may join a group at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from aiida.graph.records import ComputerRow, GroupRow
from aiida.storage import joblist, journal
from aiida.storage.journal import run
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.storage.store import Store

FOR_ROOTS = ("kind:", "group:")
"""Held to the end of the process, and asked only of processes that nobody called."""


class Limit(msgspec.Struct, frozen=True):
    """A limit that holds."""

    id: int
    name: str
    maximum: int
    taken: int

    @property
    def free(self) -> int:
        """How many more may begin."""
        return max(0, self.maximum - self.taken)


class Place(msgspec.Struct, frozen=True):
    """Where a process stands in the queue behind the limit that is hardest for it."""

    number: int
    of: int
    limit: Limit

    def __str__(self) -> str:
        return f"{self.number} of {self.of}, limit {self.limit.maximum} on {self.limit.name}, {self.limit.taken} run"


class _Alive(msgspec.Struct, frozen=True):
    process: int
    lane: int
    slot: int
    seq: int
    owner: int | None
    caller: int | None
    kind: str | None
    computer: int | None
    queue: str | None
    account: str | None
    has_job: bool

    @property
    def has_begun(self) -> bool:
        return self.seq > 1 or self.slot != 0 or self.owner is not None


_ALIVE = """SELECT t.process, t.lane, t.slot, t.seq, t.owner, t.caller, n.process_type, n.dbcomputer_id,
    CASE WHEN n.dbcomputer_id IS NOT NULL THEN n.attributes ->> 'queue_name' END,
    CASE WHEN n.dbcomputer_id IS NOT NULL THEN n.attributes ->> 'account' END,
    EXISTS (SELECT 1 FROM job j WHERE j.process = t.process)
    FROM task t JOIN db_dbnode n ON n.id = t.process WHERE t.rides IS NULL"""


def apply(store: Store, tx: Transaction, processes: Iterable[int] | None = None) -> int:
    """Give every process that is alive, or these, the lane that the limits of this moment ask for; returns how many changed."""
    bounds = {row[1]: row[0] for row in run(tx.connection, "SELECT id, name FROM bound")}
    if not bounds:
        return 0
    among = None if processes is None else sorted(set(processes))
    members = _members(store, tx, bounds)
    computers = {row.id: str(row.uuid) for row in store.find(ComputerRow)}
    lanes: dict[tuple[str, ...], int] = {}
    queued: dict[int, list[int]] = {}
    running: dict[int, list[int]] = {}
    for task in _alive(tx, among):
        names = [name for name in _names(task, computers, members) if name in bounds]
        if (
            task.has_begun and not task.slot and not task.has_job
        ):  # its job is over, or has not come to the computer yet
            names = [name for name in names if name.startswith(FOR_ROOTS)]
        key = tuple(sorted(names))
        lane = lanes[key] if key in lanes else lanes.setdefault(key, joblist.lane_for(tx, list(key)))
        if task.has_begun and not task.lane:
            if task.slot != lane:
                running.setdefault(lane, []).append(task.process)
        elif task.lane != lane:
            queued.setdefault(lane, []).append(task.process)
    for lane, found in queued.items():
        _set(tx, "lane", lane, found, "AND seq=1 AND slot=0 AND owner IS NULL")
    for lane, found in running.items():
        _set(tx, "slot", lane, found, "AND lane=0")
    return sum(map(len, queued.values())) + sum(map(len, running.values()))


def _alive(tx: Transaction, among: Sequence[int] | None) -> list[_Alive]:
    if among is None:
        return [_Alive(*row) for row in run(tx.connection, _ALIVE)]
    found: list[_Alive] = []
    for chunk in journal._chunks(among):
        sql = f"{_ALIVE} AND t.process IN {journal._in(len(chunk))}"
        found += [_Alive(*row) for row in run(tx.connection, sql, **journal._values(chunk))]
    return found


def _members(store: Store, tx: Transaction, bounds: dict[str, int]) -> dict[int, list[str]]:
    """process -> names of the limits of the groups that it is in."""
    found: dict[int, list[str]] = {}
    for name in bounds:
        if name.startswith("group:"):
            for group in store.find(GroupRow, uuid=name.partition(":")[2]):
                sql = "SELECT m.dbnode_id FROM db_dbgroup_dbnodes m JOIN task t ON t.process=m.dbnode_id WHERE m.dbgroup_id=:g"
                for row in run(tx.connection, sql, g=group.id):
                    found.setdefault(row[0], []).append(name)
    return found


def _names(task: _Alive, computers: dict[Any, str], members: dict[int, list[str]]) -> list[str]:
    names = []
    if task.caller is None:
        names = [f"kind:{task.kind}", *members.get(task.process, ())]
    computer = computers.get(task.computer)
    if computer is not None:
        names.append(f"computer:{computer}")
        names += [
            f"{word}:{computer}:{value}" for word, value in (("queue", task.queue), ("account", task.account)) if value
        ]
    return names


def _set(tx: Transaction, column: str, lane: int, processes: Sequence[int], condition: str) -> None:
    for chunk in journal._chunks(sorted(processes)):
        sql = f"UPDATE task SET {column}=:l WHERE process IN {journal._in(len(chunk))} {condition}"
        run(tx.connection, sql, l=lane, **journal._values(chunk))


def concerns_group(connection: sa.Connection, uuid: str) -> bool:
    """Whether there is a limit on this group."""
    return run(connection, "SELECT 1 FROM bound WHERE name=:n", n=f"group:{uuid}").first() is not None


def list_limits(connection: sa.Connection) -> list[Limit]:
    """Every limit that holds."""
    rows = [Limit(*row) for row in joblist.list_bounds(connection)]
    return [limit for limit in rows if limit.maximum < joblist.UNLIMITED]


_QUEUED = """SELECT process, lane FROM task WHERE lane <> 0 AND ready AND NOT paused AND owner IS NULL AND rides IS NULL
    ORDER BY priority DESC, process"""


def find_places(connection: sa.Connection) -> dict[int, Place]:
    """The place of everybody who waits for a limit, behind the one that leaves least room."""
    queue = run(connection, _QUEUED).all()
    if not queue:
        return {}
    limits = {limit.id: limit for limit in list_limits(connection)}
    hardest: dict[int, Limit] = {}
    for lane, bound in run(connection, "SELECT lane, bound FROM lane_bound ORDER BY lane, bound"):
        if bound in limits and (lane not in hardest or limits[bound].free < hardest[lane].free):
            hardest[lane] = limits[bound]
    lines: dict[int, list[int]] = {}
    for process, lane in queue:
        if lane in hardest:
            lines.setdefault(hardest[lane].id, []).append(process)
    return {
        process: Place(number, len(line), limits[bound])
        for bound, line in lines.items()
        for number, process in enumerate(line, 1)
    }
