"""The only way to the journal: fence, events, whatever else belongs to the transition, retry, lost replies (R3, R5, R6)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from aiida.common.exceptions import Fenced, StorageBusy, UnreachableStorage
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.live import Live, Reload
from aiida.journal import events as ev
from aiida.storage import journal
from aiida.storage.transaction import Transaction

LOGGER = logging.getLogger("aiida.engine.runtime")
T = TypeVar("T")
Work = Callable[[Transaction], T]

BUSY_TRIES = 30
PATIENCE = 600.0  # seconds without a database before the caller is told


def transact(env: Environment, work: Work[T], *, repeatable: bool = True) -> T:
    """R5: a transaction that may be run again as it is; if the database is away, as soon as it is back.

    What may not be done twice says so, and looks by itself what became of it (R6).
    """
    tries, waited = 0, 0.0
    while True:
        try:
            with env.store.transaction() as tx:
                return work(tx)
        except StorageBusy:
            tries += 1
            if tries > BUSY_TRIES or env.store.in_transaction:
                raise
            time.sleep(0.01 * tries * (0.5 + env.dice()))
        except UnreachableStorage as error:
            if not repeatable or env.store.in_transaction:
                raise
            waited = wait_for_database(env, waited, error)


def wait_for_database(env: Environment, waited: float, error: UnreachableStorage) -> float:
    """Sleep a little longer each time; raise when patience is at an end. Returns how long it has been."""
    if waited > PATIENCE:
        raise error
    if not waited:
        LOGGER.warning("the database does not answer, trying again: %s", error)
    delay = min(5.0, 0.05 + waited / 4) * (0.5 + env.dice())
    env.clock.sleep(delay)
    return waited + delay


def transact_fenced(env: Environment, live: Live, work: Work[T]) -> T:
    """R5 and R6: after a lost reply look what became of it; done already: `Reload`, not done: again, unchanged."""
    waited = 0.0
    while True:
        try:
            return transact(env, work, repeatable=False)
        except UnreachableStorage as error:
            if env.store.in_transaction:
                raise
            waited = wait_for_database(env, waited, error)
            if not transact(env, lambda tx: journal.is_unwritten(tx, live.lease)):
                raise Reload(f"process {live.pk} was written although the reply was lost") from None


def check_owned(live: Live) -> None:
    """What was killed or given up from another thread must not be written by this one."""
    if not live.owned:
        raise Fenced(f"process {live.pk} was ended or taken over meanwhile")


class Write(Generic[T]):
    """A write to one process: what it does in its transaction, and what memory is told when that is committed."""

    __slots__ = ("_remember", "live", "result", "work")
    result: T

    def __init__(self, live: Live, work: Work[T], remember: Callable[[T], None]) -> None:
        self.live = live
        self.work = work
        self._remember = remember

    def done(self, result: T) -> None:
        """It is committed."""
        self.result = result
        self._remember(result)


def commit(env: Environment, wanted: Write[T], *, unknown: bool = False) -> T:
    """Write it by itself; `unknown`: it may have been written already, and nobody knows."""
    live = wanted.live
    with live.lock:
        check_owned(live)
        if unknown and not transact(env, lambda tx: journal.is_unwritten(tx, live.lease)):
            raise Reload(f"process {live.pk} was written although the reply was lost")
        wanted.done(transact_fenced(env, live, wanted.work))
        return wanted.result


def append(
    env: Environment,
    live: Live,
    events: Sequence[ev.Event],
    body: Callable[[Transaction], Sequence[ev.Event] | None] | None = None,
    *,
    count: int = 0,
    then: str = journal.KEEP,
    tail: Callable[[Transaction], None] | None = None,
    **values: Any,
) -> None:
    """T3 and its relatives: the fence, `body` (which may give `count` more events), pending and given events, `tail`."""
    with live.lock:
        commit(env, appending(live, events, body, count=count, then=then, tail=tail, **values))


def appending(
    live: Live,
    events: Sequence[ev.Event],
    body: Callable[[Transaction], Sequence[ev.Event] | None] | None = None,
    *,
    count: int = 0,
    then: str = journal.KEEP,
    tail: Callable[[Transaction], None] | None = None,
    **values: Any,
) -> Write[tuple[list[ev.Event], bool]]:
    """The same, to be committed by itself or with others."""

    def work(tx: Transaction) -> tuple[list[ev.Event], bool]:
        first = [*live.pending, *events]  # as it is behind the lock: the watchdog may have written what was pending meanwhile
        mail = journal.fence(tx, live.lease, len(first) + count, then, **values)
        more = (body(tx) if body is not None else None) or ()
        full = [*first, *more]
        if full:
            epoch = live.lease.epoch + (then is journal.KILL)
            journal.insert_events(tx, live.pk, live.lease.seq, epoch, full)
        if tail is not None:
            tail(tx)
        return full, mail

    def done(result: tuple[list[ev.Event], bool]) -> None:
        full, mail = result
        live.pending.clear()
        live.written(full)
        live.mail = live.mail or mail
        if then is journal.KILL:
            live.lease.epoch += 1

    return Write(live, work, done)


def append_pending(env: Environment, live: Live, tail: Callable[[Transaction], None] | None) -> None:
    """The pending events alone, from beside the thread whose step runs. That thread keeps the process when the reply is lost:
    nothing was made in this transaction that memory would not know."""
    count = len(live.pending)
    try:
        append(env, live, [], tail=tail)
    except Reload:
        found = transact(env, lambda tx: journal.find_lease(tx.connection, live.pk, live.lease.owner))
        if found is not None and (found.epoch, found.seq) == (live.lease.epoch, live.lease.seq + count):
            written, live.pending = live.pending[:count], live.pending[count:]
            live.written(written)
        else:
            live.owned, live.lost = False, True


def finishing(
    live: Live,
    events: Sequence[ev.Event],
    body: Callable[[Transaction], None],
) -> Write[list[int]]:
    """T6: the row first, then everything else, then the waiters. It gives those that are ready now."""
    full: list[ev.Event] = []

    def work(tx: Transaction) -> list[int]:
        full[:] = [*live.pending, *events]  # likewise behind the lock
        journal.end(tx, live.lease)
        body(tx)
        journal.insert_events(tx, live.pk, live.lease.seq, live.lease.epoch, full)
        return journal.wake(tx, live.pk)

    def done(woken: list[int]) -> None:
        live.pending.clear()
        live.written(full)
        live.owned = False

    return Write(live, work, done)
