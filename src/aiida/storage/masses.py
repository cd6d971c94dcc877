"""The statements of PROTOCOL.md section 7 for many processes at once: the order of one by one, each statement over a set.

Fence, then mail and children behind it, then the end, then the waiters. Who is not in the fence's answer is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from aiida.journal import events as ev
from aiida.storage import journal
from aiida.storage.journal import CALLS, Connected, Lease, Message, run

CHUNK = 100


def chunks(items: Sequence[Lease] | Sequence[int]) -> Iterable[Sequence[int]]:
    """The processes, in portions that keep the texts of statements few: the last portion is filled up by repetition."""
    processes = [item.process if isinstance(item, Lease) else item for item in items]
    for start in range(0, len(processes), CHUNK):
        portion = processes[start : start + CHUNK]
        yield [*portion, *[portion[-1]] * (CHUNK - len(portion))]


_AMONG = "(" + ", ".join(f":i{n}" for n in range(CHUNK)) + ")"


def _values(portion: Sequence[int]) -> dict[str, int]:
    return {f"i{n}": process for n, process in enumerate(portion)}


def fence_many(tx: Connected, leases: Sequence[Lease], owner: int) -> set[int]:
    """R3 for a set: which of the leases still hold. Their rows are ours until the commit."""
    known = {lease.process: (lease.epoch, lease.seq) for lease in leases}
    sql = f"UPDATE task SET deaths=0 WHERE owner=:w AND process IN {_AMONG} RETURNING process, epoch, seq"
    rows = [row for portion in chunks(leases) for row in run(tx.connection, sql, w=owner, **_values(portion))]
    return {row[0] for row in rows if known[row[0]] == (row[1], row[2])}


def read_mail(tx: Connected, processes: Sequence[int]) -> dict[int, list[Message]]:
    """The mail of a set, left where it is: only the holder, who asks, may take it."""
    found: dict[int, list[Message]] = {}
    sql = f"SELECT process, command, CAST(data AS TEXT) FROM inbox WHERE process IN {_AMONG} ORDER BY id"
    for portion in chunks(processes):
        for process, command, data in run(tx.connection, sql, **_values(portion)):
            found.setdefault(process, []).append(journal.make_message(command, data))
    return found


# The concatenation keeps the planner from the index on types, under each of whose keys stands a part of the table.
_WITH_LIVING_BELOW = f"""WITH RECURSIVE below(root, id, alive) AS (
    SELECT l.input_id, l.output_id, EXISTS (SELECT 1 FROM task t WHERE t.process = l.output_id)
        FROM db_dblink l WHERE l.input_id IN {_AMONG} AND l.type || '' IN {CALLS}
    UNION
    SELECT b.root, l.output_id, EXISTS (SELECT 1 FROM task t WHERE t.process = l.output_id)
        FROM below b JOIN db_dblink l ON l.input_id = b.id WHERE NOT b.alive AND l.type || '' IN {CALLS}
) SELECT DISTINCT root FROM below WHERE alive"""


def with_living_below(tx: Connected, processes: Sequence[int]) -> set[int]:
    """Those that have live children, by CALL links and through ended ones; asked behind the fence."""
    return {
        row[0] for portion in chunks(processes) for row in run(tx.connection, _WITH_LIVING_BELOW, **_values(portion))
    }


def end_many(tx: Connected, processes: Sequence[int]) -> None:
    """T6 for a set, behind the fence: task rows, mail and jobs go."""
    for portion in chunks(processes):
        for table in ("task", "inbox", "job"):
            run(tx.connection, f"DELETE FROM {table} WHERE process IN {_AMONG}", **_values(portion))


def insert_events_of(tx: Connected, leases: Sequence[Lease], events: dict[int, Sequence[ev.Event]]) -> None:
    """Journals of a set go on."""
    rows = [
        (lease.process, lease.seq + 1 + n, *ev.encode(event), lease.epoch)
        for lease in leases
        for n, event in enumerate(events[lease.process])
    ]
    journal.insert_event_rows(tx, rows)


def wake_many(tx: Connected, processes: Sequence[int]) -> list[int]:
    """T6.3-4 for a set of targets: returns the waiters that are ready now."""
    lost: Counter[int] = Counter()
    for portion in chunks(processes):
        rows = run(tx.connection, f"DELETE FROM wait WHERE target IN {_AMONG} RETURNING waiter", **_values(portion))
        lost.update(row[0] for row in rows)
    return journal.lose_targets(tx, lost)
