"""All states that a few workers can bring a small database into: the statements of the engine themselves, in every order.

What is explored is not a description of the protocol but `aiida.storage.journal` and `joblist` on SQLite: an action is one of their
transactions, a state is what the tables hold and what each worker remembers. A model says which actions a state allows; the
explorer takes every one of them, from every state that it has not seen, and asks the model what must hold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa

from aiida.common.exceptions import Fenced
from aiida.journal import events as ev
from aiida.storage import journal
from aiida.storage.schema import engine_metadata

KEYS = {
    "task": "process, ready, paused, due_at IS NOT NULL, due_at > 1, awaiting, caller, rides, home, lane, slot, owner, epoch, seq, deaths",
    "wait": "target, waiter",
    "inbox": "process, command",
    "worker": "id",
    "event": "process, seq, kind, epoch",
    "job": "process, jobid, state",
    "login": "owner, epoch, next_poll > 1",
}
Local = tuple[Any, ...]  # what the workers remember, and what may still go wrong; hashable


class _Engine:
    """As little of an SQLAlchemy engine as the short way to SQLite looks at."""

    _has_events = False

    def __init__(self) -> None:
        self.dialect = sa.create_engine("sqlite://").dialect


class Database:
    """One database in memory that can be set back."""

    def __init__(self) -> None:
        made = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
        with made.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE db_dblink (input_id INTEGER, output_id INTEGER, type TEXT)")
            engine_metadata.create_all(connection)
            connection.commit()
            image = connection.connection.dbapi_connection.serialize()  # type: ignore[union-attr]
        self.driver = sqlite3.connect(":memory:", isolation_level=None)
        self.driver.deserialize(image)
        self.engine = _Engine()
        self.dialect = self.engine.dialect

    @property
    def connection(self) -> Any:
        """What the engine's functions take: a transaction or a connection, and the driver's connection below it."""
        return self

    @property
    def dbapi_connection(self) -> sqlite3.Connection:
        """The driver's own."""
        return self.driver

    @contextmanager
    def transaction(self) -> Iterator[Database]:
        """All or nothing."""
        self.driver.execute("BEGIN IMMEDIATE")
        try:
            yield self
        except BaseException:
            self.driver.execute("ROLLBACK")
            raise
        self.driver.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A plain look."""
        return self.driver.execute(sql, values).fetchall()

    def kinds(self, process: int) -> list[str]:
        """The kinds of a process's events, in order."""
        return [row[0] for row in self.rows("SELECT kind FROM event WHERE process=? ORDER BY seq", process)]

    def key(self) -> tuple[Any, ...]:
        """The state, without times."""
        return tuple(tuple(self.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3" if columns.count(",") > 1 else f"SELECT {columns} FROM {table} ORDER BY 1"))
                     for table, columns in KEYS.items())  # fmt: skip


class Action(NamedTuple):
    """Something that may happen now; a fault need not ever."""

    name: str
    do: Callable[[Database], Local | None]
    fault: bool = False


class Model:
    """What a model says."""

    def begin(self, db: Database) -> Local:
        """The first state."""
        raise NotImplementedError

    def actions(self, db: Database, local: Local) -> Iterable[Action]:
        """What may happen; an action that returns None was not possible."""
        raise NotImplementedError

    def key(self, db: Database, local: Local) -> tuple[Any, ...]:
        """What tells this state from others."""
        return (db.key(), local)

    def check(self, db: Database) -> None:
        """What holds in every state."""
        check_rows(db)

    def check_end(self, db: Database, local: Local) -> None:
        """What holds when everything has ended."""


def check_rows(db: Database) -> None:
    """Section 12, as far as the tables tell."""
    alive = {row[0] for row in db.rows("SELECT process FROM task")}
    for process, awaiting, ready, seq in db.rows("SELECT process, awaiting, ready, seq FROM task"):
        targets = [row[0] for row in db.rows("SELECT target FROM wait WHERE waiter=?", process) if row[0] in alive]
        assert awaiting == len(targets), f"process {process} counts {awaiting}, and {targets} are alive"
        assert not (awaiting and ready), f"process {process} is ready and waits"
        assert seq == len(db.kinds(process)), f"process {process}: seq {seq}"
    terminal = {kind.__name__ for kind in ev.TERMINAL}
    for (process,) in db.rows("SELECT DISTINCT process FROM event"):
        ends = [kind in terminal for kind in db.kinds(process)]
        assert sum(ends) == (process not in alive), f"process {process}: {db.kinds(process)}, alive {process in alive}"
        assert not any(ends[:-1]), f"process {process} went on after its end"
        epochs = [row[0] for row in db.rows("SELECT epoch FROM event WHERE process=? ORDER BY seq", process)]
        assert epochs == sorted(epochs), f"process {process}: epochs {epochs}"


def fenced(db: Database, work: Callable[[Database], Any]) -> tuple[bool, Any]:
    """One transaction behind a fence: whether it passed, and what it gave."""
    try:
        with db.transaction() as tx:
            return True, work(tx)
    except Fenced:
        return False, None


def explore(model: Model, most: int = 1_000_000) -> int:
    """Every state that can be reached; how many there are. A violation names the way to it.

    Nothing may be stuck: from every state there is a way, without any further fault, to one in which everything has ended.
    """
    db = Database()
    local = model.begin(db)
    stack: list[tuple[bytes, Local, int]] = [(db.driver.serialize(), local, 0)]
    seen = {model.key(db, local): 0}
    ways: list[Any] = [()]
    before: dict[int, list[int]] = {}
    ended: list[int] = []
    while stack:
        image, local, number = stack.pop()
        db.driver.deserialize(image)
        if not db.rows("SELECT 1 FROM task"):
            ended.append(number)
            _named(ways[number], lambda local=local: model.check_end(db, local))
        for action in list(model.actions(db, local)):
            db.driver.deserialize(image)
            way = (ways[number], action.name)
            after = _named(way, lambda action=action: action.do(db))
            if after is None:
                continue
            key = model.key(db, after)
            known = seen.setdefault(key, len(seen))
            if not action.fault:
                before.setdefault(known, []).append(number)
            if known == len(ways):
                assert known < most, "too many states"
                ways.append(way)
                _named(way, lambda: model.check(db))
                stack.append((db.driver.serialize(), after, known))
    safe, front = set(ended), ended
    while front:
        front = [number for one in front for number in before.get(one, ()) if number not in safe and not safe.add(number)]  # type: ignore[func-returns-value]
    stuck = [number for number in range(len(ways)) if number not in safe]
    assert not stuck, f"nothing will ever end it again\nafter {_unroll(ways[stuck[0]])}"
    return len(seen)


def _named(way: Any, do: Callable[[], Any]) -> Any:
    try:
        return do()
    except AssertionError as error:
        raise AssertionError(f"{error}\nafter {_unroll(way)}") from None


def _unroll(way: Any) -> list[str]:
    names: list[str] = []
    while way:
        way, name = way
        names.append(name)
    return names[::-1]


def sweep(db: Database) -> bool:
    """T9, if there is anything to do."""
    if not journal.needs_sweep(db.connection):
        return False
    with db.transaction() as tx:
        journal.sweep(tx)
    return True


def pass_time(db: Database) -> bool:
    """Every alarm is due, every interval is over."""
    changed = db.driver.execute("UPDATE task SET due_at=0 WHERE due_at > 1").rowcount
    return bool(changed + db.driver.execute("UPDATE login SET next_poll=0 WHERE next_poll > 1").rowcount)
