"""The harness: a store whose commits can crash a worker, lose their reply, or be where two workers change turns.

A *crash* is an exception that no code of ours or of users catches; from then on every write of that worker crashes too, as a
dead process writes nothing. Nothing here waits for real time: alarms are turned forward in the database.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiida import orm
from aiida.brokers.polling import PollingBell
from aiida.common.clock import ManualClock
from aiida.common.exceptions import AiidaException, UnreachableStorage
from aiida.common.links import LinkType
from aiida.common.slots import current_engine, current_store
from aiida.engine.processes.instantiate import make_process
from aiida.engine.runtime import invariants
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.worker import Worker
from aiida.storage import journal
from aiida.storage.sqlite_temp.backend import SqliteTempBackend
from aiida.storage.store import Transaction
from aiida.transports.pool import TransportPool


class Crash(BaseException):
    """The process dies here."""


class Settings:
    """Options of the tests: the defaults of the code."""

    def get(self, name: str) -> Any:
        return None

    def use_cache(self, identifier: str | None) -> bool:
        return False


Hook = Callable[[str], None]


class Faulty:
    """Calls a hook before and after each commit, in the thread that commits."""

    hook: Hook | None = None
    between: Callable[[], None] | None = None  # called when a thread is about to begin a transaction of its own
    looking: Callable[[], None] | None = None  # called when a thread is about to read outside of one

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        between = self.between
        if between is not None and not self.in_transaction:
            between()
        with super().transaction() as transaction:
            yield transaction

    @contextmanager
    def reading(self) -> Iterator[Any]:
        looking = self.looking
        if looking is not None and not self.in_transaction:
            looking()
        with super().reading() as connection:
            yield connection

    def _commit(self, transaction: Transaction) -> None:  # type: ignore[override]
        hook = self.hook  # another thread of the harness may take it away meanwhile
        if hook is not None:
            hook("before")
        super()._commit(transaction)
        if hook is not None:
            hook("after")


class FaultyStore(Faulty, SqliteTempBackend):
    """The embedded default, in a temporary folder."""


class House:
    """A store and the workers on it."""

    def __init__(self, store: Any = None) -> None:
        self.store: Any = store if store is not None else FaultyStore(SqliteTempBackend.create_profile("durability"))
        self.grouped = False  # whether workers commit what came of several processes' steps together, as a daemon's do on SQLite
        self.clock = ManualClock()
        self.commits = 0  # of the life that is being lived
        self.most_commits = 0

    def close(self) -> None:
        self.store.hook = None
        self.store.close()

    def worker(self) -> Worker:
        """A new worker; the one before it is as dead as its last write says."""
        env = Environment(
            store=self.store, settings=Settings(), bell=PollingBell(), clock=self.clock, dice=lambda: 0.5,
            make_pool=TransportPool,
        )  # fmt: skip
        return Worker(self.store, Settings(), env=env, threads=0, grouped=self.grouped)

    def submit(self, cls: Any, **inputs: Any) -> Any:
        """T1, undisturbed."""
        worker = self.worker()
        with current_engine.override(worker.engine):
            node = worker.engine.submit(make_process(cls, inputs))
        self.bury(worker)
        return node

    def bury(self, worker: Worker) -> None:
        """The worker's row goes, as the sweep of another would have it."""
        hook, self.store.hook = self.store.hook, None
        if worker.core.liveness.id:
            with self.store.transaction() as tx:
                journal.delete_worker(tx, worker.core.liveness.id)
        self.store.hook = hook

    def sweep(self) -> None:
        """T9.2-3, and time goes by: every alarm is due."""
        with self.store.transaction() as tx:
            journal.sweep(tx)
            journal.run(tx.connection, "UPDATE task SET due_at=0 WHERE due_at IS NOT NULL")

    def run(self, worker: Worker, rounds: int = 10_000) -> None:
        """Drive everything on this thread until nothing is ready; crashes come through."""
        with current_engine.override(worker.engine):
            for _ in range(rounds):
                if not self.step(worker):
                    with self.store.reading() as connection:
                        look = journal.look(connection, worker.id)
                    if look.next_due is None:
                        return
                    self.turn_alarms()
        raise AssertionError("the worker found no rest")

    def turn_alarms(self, polls: bool = False) -> None:
        """Time goes by."""
        hook, self.store.hook = self.store.hook, None
        with self.store.transaction() as tx:
            if polls:
                journal.run(tx.connection, "UPDATE login SET next_poll=0")
            else:
                journal.run(tx.connection, "UPDATE task SET due_at=0 WHERE due_at IS NOT NULL")
        self.store.hook = hook

    def step(self, worker: Worker) -> bool:
        """One thing to do, with no net under it."""
        core = worker.core
        if core.news:
            core.news.popleft()()
            return True
        if worker.group and not worker.queue:
            worker.group.flush()
            return True
        if core.stranded:
            core.give_back(list(core.stranded))
        if not worker.queue:
            worker._claim()
        if worker.queue:
            core.drive(worker.queue.popleft())
            return True
        seen = core.changes
        self.clock.advance(1.0)
        core.poller.tick()
        if any(live.away for live in list(core.held.values())) or core.poller.is_busy():
            core.sleep(seen, 0.02)  # a real process of this machine is at work
            self.turn_alarms(polls=True)
            return True
        return core.run_hooks() > 0

    @contextmanager
    def crashing(self, at: set[tuple[int, str]]) -> Iterator[None]:
        """The worker on this thread dies at these (number of commit, before or after)."""
        self.commits = 0
        dead = False

        def hook(moment: str) -> None:
            nonlocal dead
            if dead:
                raise Crash
            if moment == "before":
                self.commits += 1
                self.most_commits = max(self.most_commits, self.commits)
            if (self.commits, moment) in at:
                dead = True
                raise Crash

        self.store.hook = hook
        try:
            yield
        finally:
            self.store.hook = None

    def recover(self) -> None:
        """Another worker takes over and brings everything to its end."""
        self.sweep()
        worker = self.worker()
        self.run(worker)
        self.bury(worker)
        self.sweep()

    def check(self) -> None:
        """The invariants hold and nothing is alive."""
        assert invariants.check(self.store) == []
        with self.store.reading() as connection:
            assert journal.list_alive(connection) == []


def canon(node: Any) -> Any:
    """A process with all that it made, as a value in which no id occurs: equal graphs, equal values."""
    links = node.base.links
    inputs = sorted(
        (t.link_label, content(t.node))
        for t in links.get_incoming(link_type=(LinkType.INPUT_CALC, LinkType.INPUT_WORK)).all()
    )
    outputs = sorted(
        (t.link_label, content(t.node)) for t in links.get_outgoing(link_type=(LinkType.CREATE, LinkType.RETURN)).all()
    )
    children = [t.node for t in links.get_outgoing(link_type=(LinkType.CALL_CALC, LinkType.CALL_WORK)).all()]
    # a function that raised is called again by a re-run, as a new child, since the exception must be raised again
    called = sorted(
        [repr(canon(child)) for child in children if not child.is_excepted]
        + list({repr(canon(child)) for child in children if child.is_excepted})
    )
    reports = sorted(
        re.sub(r"\d+\|", "|", log.message) for log in orm.Log.collection.get_logs_for(node) if log.levelname == "REPORT"
    )
    state = (node.process_label, node.process_state.value, node.exit_status, node.exception, node.is_sealed)
    return (state, inputs, outputs, called, [report.split("Traceback")[0] for report in reports])


def content(node: Any) -> Any:
    """A data node without its identity."""
    return (
        node.node_type,
        repr(sorted((k, v) for k, v in node.base.attributes.all.items() if k not in ("remote_path",))),
    )


@contextmanager
def house(store: Any = None) -> Iterator[House]:
    """A house whose store is the current one."""
    built = House(store)
    with current_store.override(built.store):
        try:
            yield built
        finally:
            built.close()


# --- several workers -------------------------------------------------------------------------------------------------


class Turns:
    """One thread at a time; who goes on when a thread is between two transactions is drawn from a seed."""

    def __init__(self, rng: random.Random, count: int) -> None:
        self.rng = rng
        self.count = count
        self.present: list[int] = []
        self.running: int | None = None
        self.lock = threading.Condition()

    def join(self, who: int) -> None:
        """Take part; the first turn is given when all have come."""
        with self.lock:
            self.present.append(who)
            if len(self.present) == self.count:
                self._give()
            self._wait(who)

    def leave(self, who: int) -> None:
        """Take part no more."""
        with self.lock:
            self.present.remove(who)
            self._give()

    def change(self, who: int) -> None:
        """Give the turn to somebody, perhaps again oneself."""
        with self.lock:
            self._give()
            self._wait(who)

    def _give(self) -> None:
        self.running = self.rng.choice(sorted(self.present)) if self.present else None
        self.lock.notify_all()

    def _wait(self, who: int) -> None:
        if not self.lock.wait_for(lambda: self.running == who, timeout=60):
            raise AssertionError("no turn within a minute")


class StatementTurns(Turns):
    """Turns also between any two statements: who waits for a lock of the database gives the turn away, and queues again after it."""

    BLOCKED = 0.03  # seconds: a statement that takes longer waits for somebody's lock

    def __init__(self, rng: random.Random, count: int) -> None:
        super().__init__(rng, count)
        self.since: dict[int, float] = {}  # who is in a statement, and since when
        self.blocked: set[int] = set()
        self.waited = 0  # how often somebody was found waiting for a lock

    def execute(self, who: int, run: Callable[[], None]) -> None:
        """One statement."""
        self.change(who)
        with self.lock:
            self.since[who] = time.monotonic()
        try:
            run()
        finally:
            with self.lock:
                self.since.pop(who, None)
                if who in self.blocked:
                    self.blocked.discard(who)
                    if self.running is None:
                        self._give()
                    self._wait(who)

    def _give(self) -> None:
        able = sorted(set(self.present) - self.blocked)
        self.running = self.rng.choice(able) if able else None
        self.lock.notify_all()

    def _wait(self, who: int) -> None:
        deadline = time.monotonic() + 60
        while self.running != who:
            assert time.monotonic() < deadline, "no turn within a minute"
            self.lock.wait(self.BLOCKED)
            running = self.running
            if running is not None and time.monotonic() - self.since.get(running, math.inf) > self.BLOCKED:
                self.blocked.add(running)
                self.waited += 1
                self._give()


class ThreadEngine:
    """What the slot holds: the engine of whichever worker runs on this thread."""

    def __init__(self) -> None:
        self.local = threading.local()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.local.worker.engine, name)


def lose_reply() -> None:
    """What the driver says when the server went away after the commit."""
    raise UnreachableStorage("the connection to the database broke: lost reply (test)")


__all__ = ("AiidaException", "Crash", "House", "StatementTurns", "ThreadEngine", "Turns", "canon", "house", "lose_reply")
