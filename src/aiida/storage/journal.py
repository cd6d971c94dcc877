"""The transactions of PROTOCOL.md sections 4 to 8, statement by statement. Who may write what, when.

Every function takes an open `Transaction` (or a connection for plain looks) and does its statements in the order of the
protocol; the caller commits, and rings bells only afterwards. The rules that carry all of it:

* **fence first**: a write to a process begins with a compare-and-set on (owner, epoch, seq) of its task row, and its row
  count is tested. The epoch stops other holders, seq stops one's own lost transaction.
* **the terminal transaction deletes the task row first**, and then wakes its waiters.
* **a waiter locks the rows of its targets** before it writes its edges, and `awaiting` is the number of rows inserted.
* **times are database time**: no clock of one host is compared with that of another.

Plain SQL text and not Core expressions, so that what is read here is what the specification says and what the driver runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from aiida.common.exceptions import Fenced
from aiida.journal import events as ev
from aiida.storage.dialect import POSTGRESQL_NOW, SQLITE_NOW
from aiida.storage.statements import Rows, execute

CALLS = "('call_calc', 'call_work')"
_OWN_TABLES = ("event", "task", "inbox", "hook", "job")


class Connected(Protocol):
    """What is needed of a transaction here."""

    @property
    def connection(self) -> sa.Connection:
        """The open connection."""


class Lease(msgspec.Struct):
    """The right to append to a process: what its task row must still say."""

    process: int
    owner: int
    epoch: int
    seq: int


class Claim(msgspec.Struct, frozen=True):
    """A task row that has just become ours."""

    process: int
    epoch: int
    seq: int
    deaths: int
    awaiting: int
    mail: bool = False
    rides: int | None = None
    home: int | None = None
    job: str | None = None


class Look(msgspec.Struct, frozen=True):
    """What an idle look at the tables shows; nothing is written."""

    due: bool
    mail: bool
    ready: bool
    limited: bool
    hooks: bool
    next_due: float | None

    @property
    def anything(self) -> bool:
        """Something may be claimed."""
        return self.due or self.mail or self.ready or self.limited or self.hooks


class Message(msgspec.Struct, frozen=True):
    """A row of the inbox."""

    command: str
    data: dict[str, Any]


class JobRow(msgspec.Struct, frozen=True):
    """A job in flight."""

    process: int
    login: int
    attempt: int
    dir: str
    jobid: str
    state: str
    misses: int


# --- dialect ---------------------------------------------------------------------------------------------------------

_WORDS = {
    "NOW": (SQLITE_NOW, POSTGRESQL_NOW),
    "SKIP": ("", "FOR UPDATE SKIP LOCKED"),
    "LOCK": ("", "FOR UPDATE"),
    "SHARE": ("", "FOR KEY SHARE"),
    "MATERIALIZED": ("", "MATERIALIZED"),
}
_PARAMETER = re.compile(r"(?<![:\w]):([a-z]\w*)")


@lru_cache(maxsize=2048)
def _for_driver(sql: str, dialect: str) -> str:
    """The statement in the driver's style; made once, so that the driver keeps it prepared."""
    postgresql = dialect == "postgresql"
    for word, forms in _WORDS.items():
        sql = sql.replace("{" + word + "}", forms[postgresql])
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")) if postgresql else sql


def run(connection: sa.Connection, sql: str, **values: Any) -> Rows:
    """Run one of the statements of this package's journal part."""
    return execute(connection, _for_driver(sql, connection.dialect.name), values)


@lru_cache(maxsize=256)
def _many(head: str, columns: tuple[str, ...], count: int, tail: str = "") -> str:
    rows = ", ".join("(" + ", ".join(c if c == "{NOW}" else f":{c}{i}" for c in columns) + ")" for i in range(count))
    return f"{head} VALUES {rows} {tail}"


@lru_cache(maxsize=256)
def _in(count: int, name: str = "i") -> str:
    return "(" + ", ".join(f":{name}{n}" for n in range(count)) + ")"


def _values(ids: Sequence[int], name: str = "i") -> dict[str, int]:
    return {f"{name}{n}": value for n, value in enumerate(ids)}


def _chunks(items: Sequence[Any], size: int = 400) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


# --- T1, T4: create --------------------------------------------------------------------------------------------------

_INSERT_TASK = """INSERT INTO task (process, ready, paused, awaiting, caller, rides, home, priority, lane, slot, owner, epoch, seq, deaths)
    VALUES (:process, :ready, FALSE, 0, :caller, :rides, :home, :priority, 0, 0, :owner, :epoch, :seq, 0) ON CONFLICT DO NOTHING
    RETURNING EXISTS (SELECT 1 FROM bound)"""


def create(
    tx: Connected,
    process: int,
    events: Sequence[ev.Event],
    *,
    owner: int | None = None,
    caller: int | None = None,
    rides: int | None = None,
    home: int | None = None,
    priority: int = 0,
) -> bool:
    """T1 (2) and (3): the task row and the first events of a node just inserted. With an owner it is born owned, epoch 1, and ready all
    the same: who holds it may die in its first step.

    Returns whether there are limits at all, so that who makes a process asks for its lane only then, and never too late.
    """
    row = {
        "process": process, "ready": rides is None, "caller": caller, "rides": rides, "home": home, "priority": priority,
        "owner": owner, "epoch": 0 if owner is None else 1, "seq": len(events),
    }  # fmt: skip
    epoch = row["epoch"]
    assert isinstance(epoch, int)
    inserted = run(tx.connection, _INSERT_TASK, **row).one_or_none()
    if inserted is None:
        forget(tx, [process])  # a deleted node's id was given again, and its rows were left by another program
        inserted = run(tx.connection, _INSERT_TASK, **row).one()
    if insert_events(tx, process, 0, epoch, events, "ON CONFLICT DO NOTHING") != len(events):
        forget(tx, [process])
        run(tx.connection, _INSERT_TASK, **row)
        insert_events(tx, process, 0, epoch, events)
    return bool(inserted[0])


def set_lane(tx: Connected, process: int, lane: int) -> None:
    """The admission that a process needs which was made in this transaction."""
    run(tx.connection, "UPDATE task SET lane=:l WHERE process=:p", l=lane, p=process)


def create_ended(tx: Connected, process: int, events: Sequence[ev.Event]) -> None:
    """The same for a process that was over when it was made: a journal, and no task row."""
    if insert_events(tx, process, 0, 0, events, "ON CONFLICT DO NOTHING") != len(events):
        forget(tx, [process])
        insert_events(tx, process, 0, 0, events)


_EVENT_COLUMNS = ("p", "seq", "kind", "version", "data", "epoch", "{NOW}")
_INSERT_EVENT = "INSERT INTO event (process, seq, kind, version, data, epoch, at)"


def insert_events(tx: Connected, process: int, seq: int, epoch: int, events: Sequence[ev.Event], tail: str = "") -> int:
    """Write events after `seq`; only ever called behind a fence, or at birth."""
    values: dict[str, Any] = {}
    for i, event in enumerate(events):
        kind, version, data = ev.encode(event)
        values |= {
            f"p{i}": process, f"seq{i}": seq + 1 + i, f"kind{i}": kind, f"version{i}": version, f"data{i}": data, f"epoch{i}": epoch,
        }  # fmt: skip
    return run(tx.connection, _many(_INSERT_EVENT, _EVENT_COLUMNS, len(events), tail), **values).rowcount


def insert_event_rows(tx: Connected, rows: Sequence[tuple[Any, ...]]) -> None:
    """Events of several processes: (process, seq, kind, version, data, epoch)."""
    names = [column for column in _EVENT_COLUMNS if column != "{NOW}"]
    for chunk in _chunks(rows, 100):
        values = {f"{name}{i}": value for i, row in enumerate(chunk) for name, value in zip(names, row, strict=True)}
        run(tx.connection, _many(_INSERT_EVENT, _EVENT_COLUMNS, len(chunk)), **values)


def forget(tx: Connected, processes: Sequence[int]) -> None:
    """Delete all rows of ours that belong to nodes that are gone."""
    for chunk in _chunks(processes):
        among, values = _in(len(chunk)), _values(chunk)
        for table in _OWN_TABLES:
            run(tx.connection, f"DELETE FROM {table} WHERE process IN {among}", **values)
        run(tx.connection, f"DELETE FROM wait WHERE target IN {among} OR waiter IN {among}", **values)


# --- R3: the fence ---------------------------------------------------------------------------------------------------

_FENCED = "WHERE process=:p AND owner=:w AND epoch=:e AND seq=:s"
_MAIL = "RETURNING EXISTS (SELECT 1 FROM inbox WHERE process=:p)"

KEEP = ""
RELEASE = ", owner=NULL"
REST = ", ready=FALSE, owner=NULL"
LATER = ", ready=FALSE, due_at={NOW} + :delay, owner=NULL"
PAUSE = ", paused=TRUE, owner=NULL"
PLAY = ", paused=FALSE, ready=(ready OR due_at IS NOT NULL), due_at=NULL"
KILL = ", epoch=epoch+1, paused=FALSE, due_at=NULL"
FREE_SLOT = ", slot=0, ready=TRUE, owner=NULL"


def fence(tx: Connected, lease: Lease, count: int, then: str = KEEP, **values: Any) -> bool:
    """R3: compare and set, first of all; `then` is one of the constants above. Returns whether there is mail."""
    sql = f"UPDATE task SET seq=:s+:k, deaths=0{then} {_FENCED} {_MAIL}"
    row = run(
        tx.connection, sql, p=lease.process, w=lease.owner, e=lease.epoch, s=lease.seq, k=count, **values
    ).one_or_none()
    if row is None:
        raise Fenced(
            f"process {lease.process} is no longer held by worker {lease.owner} at epoch {lease.epoch}, seq {lease.seq}"
        )
    return bool(row[0])


def append(tx: Connected, lease: Lease, events: Sequence[ev.Event], then: str = KEEP, **values: Any) -> bool:
    """T3: fence, then the events. Returns whether there is mail."""
    mail = fence(tx, lease, len(events), then, **values)
    if events:
        insert_events(tx, lease.process, lease.seq, lease.epoch + (then is KILL), events)
    return mail


# --- T5: wait --------------------------------------------------------------------------------------------------------


def alive(tx: Connected, targets: Sequence[int]) -> list[int]:
    """Those of the targets that have a task row, locked so that their end comes after this commit (R4: ascending)."""
    found: list[int] = []
    for chunk in _chunks(sorted(set(targets))):
        sql = f"SELECT process FROM task WHERE process IN {_in(len(chunk))} ORDER BY process {{SHARE}}"
        found += [row[0] for row in run(tx.connection, sql, **_values(chunk))]
    return found


def insert_waits(tx: Connected, waiter: int, targets: Sequence[int]) -> int:
    """Edges waiter -> targets; returns how many are new."""
    inserted = 0
    for chunk in _chunks(targets):
        values = {"waiter": waiter, **_values(chunk, "t")}
        rows = ", ".join(f"(:t{n}, :waiter)" for n in range(len(chunk)))
        inserted += run(
            tx.connection, f"INSERT INTO wait (target, waiter) VALUES {rows} ON CONFLICT DO NOTHING", **values
        ).rowcount
    return inserted


def wait(tx: Connected, lease: Lease, targets: Sequence[int], *, home: int | None, rides: bool) -> int:
    """T5.2-4, behind the fence: returns how many targets are alive. None: the holder goes on at once.

    A rider keeps its owner: its authority is the stack of its caller, and nobody may claim it.
    """
    living = alive(tx, targets)
    if living:
        insert_waits(tx, lease.process, living)
        sql = "UPDATE task SET awaiting=:n, ready=FALSE, owner=:owner, home=COALESCE(:home, home) WHERE process=:p"
        run(tx.connection, sql, n=len(living), owner=lease.owner if rides else None, home=home, p=lease.process)
    return len(living)


_BEFORE = (
    "SELECT waiter FROM wait WHERE target=:p UNION SELECT caller FROM task WHERE process=:p AND caller IS NOT NULL"
)


def find_ring(tx: Connected, waiter: int, targets: Sequence[int]) -> int | None:
    """A target that could never end because it waits, over others, for the waiter (or launched it)."""
    wanted, seen, front = set(targets), {waiter}, [waiter]
    if waiter in wanted:
        return waiter
    while front:
        for row in run(tx.connection, _BEFORE, p=front.pop()):
            if row[0] in wanted:
                return int(row[0])
            if row[0] not in seen:
                seen.add(row[0])
                front.append(row[0])
    return None


# --- T6: terminal ----------------------------------------------------------------------------------------------------


def end(tx: Connected, lease: Lease) -> None:
    """T6.1: the task row goes, first of all; the fence of the end."""
    values = {"p": lease.process, "w": lease.owner, "e": lease.epoch, "s": lease.seq}
    if run(tx.connection, f"DELETE FROM task {_FENCED}", **values).rowcount != 1:
        raise Fenced(
            f"process {lease.process} is no longer held by worker {lease.owner} at epoch {lease.epoch}, seq {lease.seq}"
        )


def wake(tx: Connected, process: int) -> list[int]:
    """T6.3-4: waiters lose one target each; returns those that are ready now."""
    rows = run(tx.connection, "DELETE FROM wait WHERE target=:p RETURNING waiter", p=process).all()
    if len(rows) > 1:
        return lose_targets(tx, {row[0]: 1 for row in rows})
    sql = "UPDATE task SET awaiting=awaiting-1, ready=(awaiting=1 OR ready) WHERE process=:q RETURNING ready"
    return [waiter for (waiter,) in rows for row in run(tx.connection, sql, q=waiter) if row[0]]


def lose_targets(tx: Connected, lost: Mapping[int, int]) -> list[int]:
    """Waiters that lose so many targets each, in sets; returns those that are ready now. R4: their rows are locked descending."""
    woken: list[int] = []
    for count in sorted(set(lost.values())):
        waiters = sorted((waiter for waiter, n in lost.items() if n == count), reverse=True)
        for chunk in _chunks(waiters):
            sql = f"""UPDATE task SET awaiting=awaiting-:n, ready=(awaiting=:n OR ready) WHERE process IN (
                SELECT process FROM task WHERE process IN {_in(len(chunk))} ORDER BY process DESC {{LOCK}}) RETURNING process, ready"""
            woken += [row[0] for row in run(tx.connection, sql, n=count, **_values(chunk)) if row[1]]
    return woken


def end_job(tx: Connected, process: int) -> None:
    """T6.2 for a calculation job: it is in flight no more."""
    run(tx.connection, "DELETE FROM job WHERE process=:p", p=process)


def insert_hook(tx: Connected, process: int, owner: int) -> None:
    """T6: the class overrides `on_terminated`; whoever survives us runs it."""
    run(
        tx.connection,
        "INSERT INTO hook (process, owner, epoch) VALUES (:p, :w, 1) ON CONFLICT DO NOTHING",
        p=process,
        w=owner,
    )


def delete_hook(tx: Connected, process: int) -> None:
    """The hook has run."""
    run(tx.connection, "DELETE FROM hook WHERE process=:p", p=process)


def claim_hooks(tx: Connected, worker: int, count: int) -> list[int]:
    """Hooks whose worker died before it ran them."""
    sql = """UPDATE hook SET owner=:w, epoch=epoch+1 WHERE owner IS NULL
        AND process IN (SELECT process FROM hook WHERE owner IS NULL ORDER BY process LIMIT :n {SKIP}) RETURNING process"""
    return [row[0] for row in run(tx.connection, sql, w=worker, n=count)]


def kill_riders(tx: Connected, caller: int, owner: int) -> list[tuple[int, int, int]]:
    """Riders of `caller` that are alive still: (process, epoch, seq), taken by `owner` so that it can end them."""
    sql = "UPDATE task SET owner=:w, epoch=epoch+1 WHERE rides=:p RETURNING process, epoch, seq"
    return [tuple(row) for row in run(tx.connection, sql, w=owner, p=caller)]


def take_rider(tx: Connected, rider: int, caller: int, owner: int) -> Lease | None:
    """Section 6: the new holder of the caller takes the rider; call it behind the fence on the caller."""
    sql = "UPDATE task SET owner=:w, epoch=epoch+1 WHERE process=:c AND rides=:p RETURNING epoch, seq"
    row = run(tx.connection, sql, w=owner, c=rider, p=caller).one_or_none()
    return None if row is None else Lease(rider, owner, row[0], row[1])


# --- T2: look, claim -------------------------------------------------------------------------------------------------

_READY = "ready AND NOT paused AND owner IS NULL AND rides IS NULL"


def _home(only_home: bool) -> str:
    """Whose tasks a worker may claim: an interpreter only its own tree, a daemon also what has no home."""
    return "home = :w" if only_home else "(home IS NULL OR home = :w)"


_LOOK = f"""SELECT
    EXISTS (SELECT 1 FROM task WHERE due_at <= {{NOW}} AND owner IS NULL AND HOME),
    EXISTS (SELECT 1 FROM inbox i JOIN task t ON t.process = i.process WHERE t.owner IS NULL AND MAIL),
    EXISTS (SELECT 1 FROM task WHERE {_READY} AND lane = 0 AND HOME),
    EXISTS (SELECT 1 FROM task WHERE {_READY} AND lane <> 0 AND HOME),
    EXISTS (SELECT 1 FROM hook WHERE owner IS NULL),
    (SELECT min(due_at) FROM task WHERE due_at IS NOT NULL AND owner IS NULL AND HOME) - {{NOW}}"""


@lru_cache(maxsize=2)
def _look_sql(only_home: bool) -> str:
    return _LOOK.replace("HOME", _home(only_home)).replace("MAIL", "home = :w" if only_home else "TRUE")


def look(connection: sa.Connection, worker: int, *, only_home: bool = False) -> Look:
    """T2, the read without a lock: an idle look writes nothing."""
    due, mail, ready, limited, hooks, next_due = run(connection, _look_sql(only_home), w=worker).one()
    return Look(bool(due), bool(mail), bool(ready), bool(limited), bool(hooks), next_due)


def ring_alarms(tx: Connected) -> int:
    """T2.1: whose time has come is ready."""
    sql = """UPDATE task SET ready=TRUE, due_at=NULL
        WHERE process IN (SELECT process FROM task WHERE due_at <= {NOW} AND owner IS NULL {SKIP})"""
    return run(tx.connection, sql).rowcount


def retry_imports(tx: Connected) -> int:
    """A worker starts: what could not be imported so far is tried again at once, for it may have what the others lacked."""
    sql = """UPDATE task SET ready=TRUE, due_at=NULL WHERE due_at IS NOT NULL AND owner IS NULL AND EXISTS (SELECT 1 FROM event e
        WHERE e.process = task.process AND e.seq = task.seq AND e.kind = 'EffectFailed' AND e.data ->> 'effect' = 'import')"""
    return run(tx.connection, sql).rowcount


_CLAIMED = """RETURNING process, epoch, seq, deaths, awaiting, rides, home,
    (SELECT j.state FROM job j WHERE j.process = task.process)"""


def _claims(rows: Iterable[Any], mail: bool = False) -> list[Claim]:
    return [Claim(r[0], r[1], r[2], r[3], r[4], mail, *r[5:]) for r in rows]


def claim_mail(tx: Connected, worker: int, count: int, *, only_home: bool = False) -> list[Claim]:
    """T2.2: who has mail, ready or not, paused or not; the youngest first, so that the killed find their children ended."""
    sql = f"""UPDATE task SET owner=:w, epoch=epoch+1 WHERE owner IS NULL AND process IN (
        SELECT process FROM task WHERE owner IS NULL AND {"home = :w" if only_home else "TRUE"}
        AND process IN (SELECT process FROM inbox) ORDER BY process DESC LIMIT :n {{SKIP}})
        {_CLAIMED}"""
    return _claims(run(tx.connection, sql, w=worker, n=count), mail=True)


def claim_ready(
    tx: Connected, worker: int, count: int, *, only_home: bool = False, suspects_first: bool = False
) -> list[Claim]:
    """T2.3: by priority, then age; a task whose worker died is claimed alone, and last unless it is its turn."""
    home = _home(only_home)
    sql = f"""WITH c AS {{MATERIALIZED}} (SELECT process FROM task WHERE {_READY} AND lane = 0 AND {home} AND %s
        ORDER BY priority DESC, process LIMIT :n {{SKIP}})
        UPDATE task SET owner=:w, epoch=epoch+1 WHERE owner IS NULL AND process IN (SELECT process FROM c) {_CLAIMED}"""
    turns = [("deaths = 0", count), ("deaths > 0", 1)]
    for condition, n in reversed(turns) if suspects_first else turns:
        claims = _claims(run(tx.connection, sql % condition, w=worker, n=n))
        if claims:
            break
    return sorted(claims, key=lambda claim: claim.process)


def claim_one(tx: Connected, worker: int, process: int) -> Claim | None:
    """The same for one process that must be ready."""
    sql = f"UPDATE task SET owner=:w, epoch=epoch+1 WHERE process=:p AND (owner=:w OR {_READY} AND (home IS NULL OR home=:w)) {_CLAIMED}"
    claims = _claims(run(tx.connection, sql, w=worker, p=process))
    return claims[0] if claims else None


def claim_killed(tx: Connected, worker: int, count: int) -> list[Claim]:
    """Processes that were told to end and whose last child has ended: for a worker that runs nothing."""
    sql = f"""UPDATE task SET owner=:w, epoch=epoch+1 WHERE process IN (SELECT process FROM task WHERE ready AND owner IS NULL
        AND EXISTS (SELECT 1 FROM event e WHERE e.process = task.process AND e.kind = 'KillAsked') ORDER BY process LIMIT :n {{SKIP}})
        {_CLAIMED}"""
    return _claims(run(tx.connection, sql, w=worker, n=count))


def claim_rider(tx: Connected, worker: int, process: int) -> Claim | None:
    """A rider that rests, by the worker on whose stack it rides: ready, due, or with mail."""
    sql = f"""UPDATE task SET owner=:w, epoch=epoch+1, ready=FALSE, due_at=NULL WHERE process=:p AND rides IS NOT NULL AND (owner IS NULL OR owner = :w)
        AND (owner = :w OR (NOT paused AND (ready OR due_at <= {{NOW}})) OR process IN (SELECT process FROM inbox)) {_CLAIMED}"""
    claims = _claims(run(tx.connection, sql, w=worker, p=process), mail=True)
    return claims[0] if claims else None


def claim_limited(tx: Connected, worker: int, count: int, *, only_home: bool = False) -> list[Claim]:
    """T2.4, section 8: lane by lane, bounds locked, then counted in a later statement, then at most what is free."""
    sql = f"""SELECT lane, max(priority) FROM task WHERE {_READY} AND lane <> 0 AND {_home(only_home)}
        GROUP BY lane ORDER BY max(priority) DESC, lane"""
    claims: list[Claim] = []
    for lane, _ in run(tx.connection, sql, w=worker).all():
        if len(claims) >= count:
            break
        free, before = free_slots(tx, lane), len(claims)
        awaited = "process IN (SELECT target FROM wait)"
        # whoever is awaited passes a limit on kinds or groups: a waiter would otherwise hold the slot that its target needs
        for condition, slots in ((awaited, 0 if is_job_lane(tx, lane) else count), ("TRUE", free)):
            n = min(slots - (len(claims) - before), count - len(claims))  # who has just passed takes a slot all the same
            if n <= 0:
                continue
            claim = f"""WITH c AS {{MATERIALIZED}} (SELECT process FROM task WHERE {_READY} AND lane = :l AND {_home(only_home)}
                AND {condition} ORDER BY priority DESC, process LIMIT :n {{SKIP}})
                UPDATE task SET owner=:w, epoch=epoch+1, slot=:l, lane=0 WHERE owner IS NULL AND process IN (SELECT process FROM c) {_CLAIMED}"""
            claims += _claims(run(tx.connection, claim, w=worker, l=lane, n=n))
    return claims


def free_slots(tx: Connected, lane: int) -> int:
    """How many more this lane may claim: bounds locked first, counted in a later statement."""
    strength = "FOR NO KEY UPDATE OF b" if tx.connection.dialect.name == "postgresql" else ""
    sql = f"SELECT b.id, b.max FROM bound b JOIN lane_bound lb ON lb.bound = b.id WHERE lb.lane=:l ORDER BY b.id {strength}"
    bounds = run(tx.connection, sql, l=lane).all()
    count = "SELECT count(*) FROM task WHERE slot IN (SELECT lane FROM lane_bound WHERE bound=:b) AND slot <> 0"
    return min((row[1] - int(run(tx.connection, count, b=row[0]).scalar_one()) for row in bounds), default=2**31)


def is_job_lane(tx: Connected, lane: int) -> bool:
    """Whether a limit on jobs is among its bounds: only calculation jobs, which await nobody, hold those."""
    sql = """SELECT 1 FROM bound b JOIN lane_bound lb ON lb.bound = b.id
        WHERE lb.lane=:l AND NOT (b.name LIKE 'kind:%' OR b.name LIKE 'group:%')"""
    return run(tx.connection, sql, l=lane).first() is not None


def load_events(connection: sa.Connection, processes: Sequence[int]) -> dict[int, list[ev.Event]]:
    """The journals of these processes."""
    journals: dict[int, list[ev.Event]] = {process: [] for process in processes}
    for chunk in _chunks(processes):
        sql = f"SELECT process, kind, version, CAST(data AS TEXT) FROM event WHERE process IN {_in(len(chunk))} ORDER BY process, seq"
        for process, kind, version, data in run(connection, sql, **_values(chunk)):
            journals[process].append(ev.decode(kind, version, data))
    return journals


def load_timeline(connection: sa.Connection, process: int) -> list[tuple[int, float, int, ev.Event]]:
    """(seq, at, epoch, event) of one process."""
    sql = "SELECT seq, at, epoch, kind, version, CAST(data AS TEXT) FROM event WHERE process=:p ORDER BY seq"
    return [(r[0], r[1], r[2], ev.decode(r[3], r[4], r[5])) for r in run(connection, sql, p=process)]


# --- T8, T9: give back, sweep ----------------------------------------------------------------------------------------


def give_back(tx: Connected, worker: int, processes: Sequence[int]) -> int:
    """T8: claimed but not begun."""
    sql = f"UPDATE task SET owner=NULL, epoch=epoch+1 WHERE owner=:w AND process IN {_in(len(processes))}"
    return run(tx.connection, sql, w=worker, **_values(processes)).rowcount


def list_workers(connection: sa.Connection) -> list[tuple[int, str, int, int, str]]:
    """(id, host, pid, beat, kind) of every worker row."""
    return [tuple(row) for row in run(connection, "SELECT id, host, pid, beat, kind FROM worker ORDER BY id")]


def insert_worker(tx: Connected, host: str, pid: int, kind: str) -> int:
    """A new id, never used before."""
    sql = "INSERT INTO worker (host, pid, beat, beat_at, kind) VALUES (:host, :pid, 0, {NOW}, :kind) RETURNING id"
    return int(run(tx.connection, sql, host=host, pid=pid, kind=kind).scalar_one())


def beat(tx: Connected, worker: int) -> bool:
    """One beat; False: declared dead."""
    return run(tx.connection, "UPDATE worker SET beat=beat+1, beat_at={NOW} WHERE id=:w", w=worker).rowcount == 1


def delete_worker(tx: Connected, worker: int, beat: int | None = None) -> bool:
    """T9.1: with the beat that was seen, so that a beat that came first saves it; False: it did."""
    seen = "" if beat is None else "AND beat=:beat"
    return (
        run(
            tx.connection,
            f"DELETE FROM worker WHERE id=:w {seen}",
            w=worker,
            **({} if beat is None else {"beat": beat}),
        ).rowcount
        == 1
    )


_DEAD_OWNER = "owner IS NOT NULL AND NOT EXISTS (SELECT 1 FROM worker WHERE id=owner)"
_DEAD_HOME = "home IS NOT NULL AND NOT EXISTS (SELECT 1 FROM worker WHERE id=home)"
_STALE_MAIL = "NOT EXISTS (SELECT 1 FROM task t WHERE t.process=inbox.process)"
_SWEEP_LOOK = f"""SELECT EXISTS (SELECT 1 FROM task WHERE {_DEAD_OWNER}) OR EXISTS (SELECT 1 FROM task WHERE {_DEAD_HOME})
    OR EXISTS (SELECT 1 FROM inbox WHERE {_STALE_MAIL}) OR EXISTS (SELECT 1 FROM hook WHERE {_DEAD_OWNER})"""


def needs_sweep(connection: sa.Connection) -> bool:
    """T9, the plain read first."""
    return bool(run(connection, _SWEEP_LOOK).scalar_one())


def sweep(tx: Connected) -> int:
    """T9.2-3: orphans, always and not only of the worker just deleted; homes of the dead; mail for the ended."""
    freed = run(
        tx.connection,
        f"""UPDATE task SET owner=NULL, home=NULL, epoch=epoch+1, deaths=deaths+1,
            due_at=CASE WHEN deaths >= 1 AND ready THEN {{NOW}} + least_of ELSE due_at END,
            ready=CASE WHEN deaths >= 1 THEN FALSE ELSE ready END
            WHERE process IN (SELECT process FROM task WHERE {_DEAD_OWNER} {{SKIP}})""".replace(
            "least_of", "CASE WHEN deaths >= 6 THEN 60 ELSE 2 * deaths * deaths END"
        ),
    ).rowcount
    run(
        tx.connection,
        f"UPDATE task SET home=NULL WHERE process IN (SELECT process FROM task WHERE {_DEAD_HOME} {{SKIP}})",
    )
    run(tx.connection, f"UPDATE hook SET owner=NULL, epoch=epoch+1 WHERE {_DEAD_OWNER}")
    run(tx.connection, f"DELETE FROM inbox WHERE {_STALE_MAIL}")
    return freed


# --- T10, T11: control -----------------------------------------------------------------------------------------------


def post(tx: Connected, processes: Sequence[int], command: str, data: dict[str, Any] | None = None) -> int:
    """T10: a row in the inbox of each that is alive; returns for how many. No lock, whatever the targets do."""
    posted, text = 0, msgspec.json.encode(data or {}).decode()
    for chunk in _chunks(processes):
        sql = f"""INSERT INTO inbox (process, command, data, at)
            SELECT process, :command, {_json(tx)}, {{NOW}} FROM task WHERE process IN {_in(len(chunk))} ORDER BY process"""
        posted += run(tx.connection, sql, command=command, data=text, **_values(chunk)).rowcount
    return posted


def _json(tx: Connected) -> str:
    return "CAST(:data AS JSON)" if tx.connection.dialect.name == "postgresql" else ":data"


def take_mail(tx: Connected, process: int) -> list[Message]:
    """T11, *behind* the fence: a row not seen here is seen by the next claim."""
    sql = "DELETE FROM inbox WHERE process=:p RETURNING id, command, CAST(data AS TEXT)"
    rows = sorted((tuple(row) for row in run(tx.connection, sql, p=process)), key=lambda row: row[0])
    return [make_message(command, data) for _, command, data in rows]


_MESSAGES = "process=:p AND command='message'"


def has_messages(connection: sa.Connection, process: int) -> bool:
    """Whether there is mail that is meant for the process itself."""
    return run(connection, f"SELECT id FROM inbox WHERE {_MESSAGES} LIMIT 1", p=process).first() is not None


def take_messages(tx: Connected, process: int) -> list[Message]:
    """Take the mail that is meant for the process itself, in the order in which it was posted."""
    sql = f"DELETE FROM inbox WHERE {_MESSAGES} RETURNING id, command, CAST(data AS TEXT)"
    rows = sorted((tuple(row) for row in run(tx.connection, sql, p=process)), key=lambda row: row[0])
    return [make_message(command, data) for _, command, data in rows]


def make_message(command: str, data: str | None) -> Message:
    """A row of the inbox as a value."""
    return Message(command, msgspec.json.decode(data or "{}"))


def has_mail(connection: sa.Connection, worker: int) -> list[int]:
    """Processes held by this worker that have mail."""
    sql = "SELECT DISTINCT i.process FROM inbox i JOIN task t ON t.process = i.process WHERE t.owner = :w"
    return [row[0] for row in run(connection, sql, w=worker)]


_BELOW = f"""WITH RECURSIVE below(id, alive) AS (
    SELECT l.output_id, EXISTS (SELECT 1 FROM task t WHERE t.process = l.output_id)
        FROM db_dblink l WHERE l.input_id = :p AND l.type IN {CALLS}
    UNION
    SELECT l.output_id, EXISTS (SELECT 1 FROM task t WHERE t.process = l.output_id)
        FROM below b JOIN db_dblink l ON l.input_id = b.id WHERE NOT b.alive AND l.type IN {CALLS}
) SELECT id FROM below WHERE alive ORDER BY id"""


def live_children(connection: sa.Connection, process: int) -> list[int]:
    """Live children by CALL links, and through ended ones: a dead middle does not shield its children."""
    return [row[0] for row in run(connection, _BELOW, p=process)]


def await_more(tx: Connected, waiter: int, targets: Sequence[int]) -> int:
    """T11 (3), behind the fence: wait for these and for nothing else; returns for how many the waiter waits now.

    Edges to processes of others go: who is told to end must not wait for what nobody kills. (Their end may want our row while we
    want the edge; PostgreSQL then undoes one of the two, which is run again.)
    """
    edges = {row[0] for row in run(tx.connection, "SELECT target FROM wait WHERE waiter=:p", p=waiter)}
    for chunk in _chunks(sorted(edges - set(targets))):
        run(tx.connection, f"DELETE FROM wait WHERE waiter=:p AND target IN {_in(len(chunk))}", p=waiter, **_values(chunk))
    insert_waits(tx, waiter, alive(tx, targets))
    sql = """UPDATE task SET awaiting=(SELECT count(*) FROM wait w WHERE w.waiter=:p AND EXISTS (SELECT 1 FROM task t WHERE t.process=w.target)),
        due_at=NULL, paused=FALSE WHERE process=:p RETURNING awaiting"""
    return int(run(tx.connection, sql, p=waiter).scalar_one())


def release(tx: Connected, process: int, *, ready: bool) -> None:
    """Behind the fence: let go of a process, ready or not."""
    run(tx.connection, "UPDATE task SET owner=NULL, ready=:ready WHERE process=:p", ready=ready, p=process)


def rest_with_job(tx: Connected, process: int) -> None:
    """Behind the fence, in a statement of its own: let go of a process whose job is with the scheduler. A listing that ended the
    job since our claim has made it ready, and what we knew of the job then must not undo that."""
    sql = """UPDATE task SET owner=NULL, ready=EXISTS (SELECT 1 FROM job WHERE process=:p AND state NOT IN ('queued', 'waits'))
        WHERE process=:p"""
    run(tx.connection, sql, p=process)


def set_priority(tx: Connected, process: int, priority: int) -> bool:
    """A single row, no event."""
    return run(tx.connection, "UPDATE task SET priority=:n WHERE process=:p", n=priority, p=process).rowcount == 1


def find_task(connection: sa.Connection, process: int) -> dict[str, Any] | None:
    """The task row as a dictionary."""
    return next(iter(run(connection, "SELECT * FROM task WHERE process=:p", p=process).as_dicts()), None)


def list_alive(connection: sa.Connection, *, paused: bool = False) -> list[int]:
    """Every process that has a task row; with `paused` only those that are."""
    return [row[0] for row in run(connection, f"SELECT process FROM task {'WHERE paused' if paused else ''} ORDER BY process")]


def which_alive(connection: sa.Connection, processes: Sequence[int]) -> set[int]:
    """Those that have not ended, without a lock."""
    found: set[int] = set()
    for chunk in _chunks(processes):
        found |= {
            row[0]
            for row in run(connection, f"SELECT process FROM task WHERE process IN {_in(len(chunk))}", **_values(chunk))
        }
    return found


_UNDONE = {"kill": "", "pause": "AND NOT paused", "play": "AND paused"}


def which_await(connection: sa.Connection, processes: Sequence[int], command: str) -> list[int]:
    """Those for which a command has not had its effect yet: they are alive, and not as it says."""
    found: list[int] = []
    for chunk in _chunks(processes):
        sql = f"SELECT process FROM task WHERE process IN {_in(len(chunk))} {_UNDONE[command]} ORDER BY process"
        found += [row[0] for row in run(connection, sql, **_values(chunk))]
    return found


def has_home(connection: sa.Connection, worker: int) -> bool:
    """Whether anything alive is at home with this worker."""
    return run(connection, "SELECT 1 FROM task WHERE home=:w OR owner=:w", w=worker).first() is not None


def has_kill(connection: sa.Connection, worker: int) -> list[int]:
    """Processes held by this worker for which somebody asks for the end."""
    sql = "SELECT DISTINCT i.process FROM inbox i JOIN task t ON t.process = i.process WHERE t.owner = :w AND i.command = 'kill'"
    return [row[0] for row in run(connection, sql, w=worker)]


def has_journal(connection: sa.Connection, process: int) -> bool:
    """Whether the process is ours at all."""
    return run(connection, "SELECT 1 FROM event WHERE process=:p AND seq=1", p=process).first() is not None


# --- R6: commit unknown ----------------------------------------------------------------------------------------------


def is_unwritten(tx: Connected, lease: Lease) -> bool:
    """R6: after a lost reply, on a new connection: True: it was not committed and the fence is still ours, do it again unchanged.

    Otherwise it was committed, or another holder went on: only the journal knows now. The lock waits for the old backend, if
    that is still at work.
    """
    row = run(
        tx.connection, "SELECT owner, epoch, seq FROM task WHERE process=:p {LOCK}", p=lease.process
    ).one_or_none()
    if row is None or (row[0], row[1], row[2]) != (lease.owner, lease.epoch, lease.seq):
        return False
    return (
        run(tx.connection, "SELECT 1 FROM event WHERE process=:p AND seq=:s", p=lease.process, s=lease.seq + 1).first()
        is None
    )


def find_lease(connection: sa.Connection, process: int, owner: int) -> Claim | None:
    """What a worker holds of a process, if it does."""
    sql = """SELECT process, epoch, seq, deaths, awaiting, rides, home, NULL, EXISTS (SELECT 1 FROM inbox WHERE process=:p)
        FROM task WHERE process=:p AND owner=:w"""
    row = run(connection, sql, p=process, w=owner).one_or_none()
    return None if row is None else Claim(row[0], row[1], row[2], row[3], row[4], bool(row[8]), row[5], row[6], row[7])


def adopt(connection: sa.Connection, worker: int) -> list[Claim]:
    """R6 for a claim whose reply was lost: everything that bears this worker's id."""
    return _claims(
        run(connection, "SELECT process, epoch, seq, deaths, awaiting, rides, home FROM task WHERE owner=:w", w=worker)
    )


# --- for the checker of section 12 -----------------------------------------------------------------------------------


class Snapshot(msgspec.Struct, frozen=True):
    """All rows but the events, at one moment."""

    tasks: dict[int, dict[str, Any]]
    waits: list[tuple[int, int]]
    workers: set[int]
    jobs: set[int]
    inbox: set[int]
    bounds: dict[int, tuple[str, int]]
    lanes: dict[int, list[int]]
    ends: list[tuple[int]]


def snapshot(connection: sa.Connection) -> Snapshot:
    """Read them."""
    lanes: dict[int, list[int]] = {}
    for lane, bound in run(connection, "SELECT lane, bound FROM lane_bound"):
        lanes.setdefault(lane, []).append(bound)
    return Snapshot(
        tasks={row["process"]: row for row in run(connection, "SELECT * FROM task").as_dicts()},
        waits=[tuple(row) for row in run(connection, "SELECT target, waiter FROM wait")],
        workers={row[0] for row in run(connection, "SELECT id FROM worker")},
        jobs={row[0] for row in run(connection, "SELECT process FROM job")},
        inbox={row[0] for row in run(connection, "SELECT process FROM inbox")},
        bounds={row[0]: (row[1], row[2]) for row in run(connection, "SELECT id, name, max FROM bound")},
        lanes=lanes,
        ends=[tuple(row) for row in run(connection, "SELECT DISTINCT process FROM event")],
    )


def load_raw(connection: sa.Connection, processes: Sequence[int]) -> dict[int, list[tuple[int, int, ev.Event]]]:
    """(seq, epoch, event) of these processes."""
    found: dict[int, list[tuple[int, int, ev.Event]]] = {}
    for chunk in _chunks(processes):
        sql = f"SELECT process, seq, epoch, kind, version, CAST(data AS TEXT) FROM event WHERE process IN {_in(len(chunk))} ORDER BY process, seq"
        for process, seq, epoch, kind, version, data in run(connection, sql, **_values(chunk)):
            found.setdefault(process, []).append((seq, epoch, ev.decode(kind, version, data)))
    return found


def load_calls(connection: sa.Connection, processes: Sequence[int]) -> dict[int, set[int]]:
    """Whom these processes called, by CALL links."""
    found: dict[int, set[int]] = {}
    for chunk in _chunks(processes):
        sql = f"SELECT input_id, output_id FROM db_dblink WHERE type IN {CALLS} AND input_id IN {_in(len(chunk))}"
        for caller, child in run(connection, sql, **_values(chunk)):
            found.setdefault(caller, set()).add(child)
    return found
