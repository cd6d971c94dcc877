"""Pause, play, kill, priority: a row in the inbox (T10). Whoever holds the process acts on it; if nobody can, we do.

`make_controller` gives the object that programs know as the process controller.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import InvalidOperation
from aiida.common.slots import current_engine, current_settings
from aiida.engine.bells import make_bell
from aiida.engine.persistence import read_checkpoint
from aiida.engine.runtime import births, endings, liveness, mail, write
from aiida.engine.runtime.core import Core
from aiida.engine.runtime.environment import Environment
from aiida.engine.runtime.live import Live
from aiida.journal import events as ev
from aiida.orm import load_node
from aiida.storage import joblist, journal, limits
from aiida.transports.pool import TransportPool

if TYPE_CHECKING:
    from aiida.storage.store import Store
    from aiida.storage.transaction import Transaction

KILL, PAUSE, PLAY, PRIORITY, MESSAGE = mail.KILL, mail.PAUSE, mail.PLAY, mail.PRIORITY, mail.MESSAGE
GROUP = 200  # processes acted on in one transaction


def post(store: Store, processes: Sequence[int], command: str, data: dict[str, Any] | None = None) -> int:
    """T10 for many, in one transaction, and the bell; returns how many of them are alive."""
    env = _environment(store)
    posted = write.transact(env, lambda tx: journal.post(tx, list(processes), command, data))
    if posted:
        env.bell.ring()
        engine = current_engine.get_or_none()
        core = getattr(engine, "_core", None)
        if core is not None and core.env.store is store:
            core.notify()
    return posted


def _environment(store: Store) -> Environment:
    engine = current_engine.get_or_none()
    env = getattr(engine, "env", None)
    if isinstance(env, Environment) and env.store is store:
        return env
    bell = make_bell(store.profile, in_memory=store.in_memory, conninfo=getattr(store, "conninfo", None))
    return Environment(store=store, settings=current_settings.get(), bell=bell, make_pool=TransportPool)


def has_workers(store: Store) -> bool:
    """Whether a daemon's worker is registered, and not known to be dead: it will act."""
    with store.reading() as connection:
        rows = journal.list_workers(connection)
    return any(
        kind == "daemon" and not liveness.is_dead_here(store, worker, host, pid) for worker, host, pid, _, kind in rows
    )


def act(store: Store) -> int:
    """T2.2 and T11 in this interpreter: for every process that has mail and is held by nobody. Returns for how many.

    Killed jobs are cancelled; nothing else is run. What waits for its children goes on as they end.
    """
    acted = 0
    with _control_core(store) as core:
        core.sweep()
        while True:
            found = _claim(core)
            core.liveness.beat_here()
            if not found and not _away(core):
                return acted
            acted += len(found)
            for start in range(0, len(found), GROUP):
                _act_on(core, found[start : start + GROUP])
            while core.news:
                core.news.popleft()()
            if _away(core):
                core.sleep(core.changes, 0.05)


def _away(core: Core) -> bool:
    return any(live.away for live in list(core.held.values())) or bool(core.news)


@contextmanager
def _control_core(store: Store) -> Iterator[Core]:
    core = Core(_environment(store), inline=False, kind="control", only_control=True)
    core.runner = None
    try:
        yield core
    finally:
        core.close()


def _claim(core: Core) -> list[Live]:
    """Everything with mail, and the killed whose children have ended."""

    def work(tx: Any) -> list[journal.Claim]:
        claims = journal.claim_mail(tx, core.worker, 2000)
        return claims + journal.claim_killed(tx, core.worker, 2000)

    return core.adopt_all(write.transact(core.env, work))


def _act_on(core: Core, found: list[Live]) -> None:
    """Those with mail together; those whose children have ended one by one."""
    for live in found:
        core.held[live.pk] = live
    mail.act_many(core, [live for live in found if live.mail])
    for live in found:
        if not live.mail and live.owned and not live.state.is_ended and not live.away:
            core.drive(live)


class ProcessController:
    """Pauses, plays, kills and continues processes, wherever they run. Answers are futures, for programs that wait for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _post(self, pid: int, command: str, data: dict[str, Any]) -> Future[bool]:
        answer: Future[bool] = Future()
        posted = post(self._store, [pid], command, data)
        if posted and not has_workers(self._store):
            threading.Thread(target=self._act, args=(answer,), name="aiida-control", daemon=True).start()
        else:
            answer.set_result(bool(posted))
        return answer

    def _act(self, answer: Future[bool]) -> None:
        try:
            act(self._store)
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(True)

    @property
    def _communicator(self) -> ProcessController:
        """Where programs look for `rpc_send`, which is ours too."""
        return self

    def rpc_send(self, recipient_id: int, msg: dict[str, Any]) -> Future[bool]:
        """Send a message to a process that runs: `message_receive` of its class is given it, within about a second."""
        answer: Future[bool] = Future()
        answer.set_result(bool(post(self._store, [recipient_id], MESSAGE, msg)))
        return answer

    def pause_process(self, pid: int, msg: Any = None, **_: Any) -> Future[bool]:
        """Ask for a pause."""
        return self._post(pid, PAUSE, {"message": _text(msg)})

    def play_process(self, pid: int, **_: Any) -> Future[bool]:
        """Ask to go on."""
        return self._post(pid, PLAY, {})

    def kill_process(self, pid: int, msg: Any = None, force: bool = False, **_: Any) -> Future[bool]:
        """Ask for the end."""
        return self._post(pid, KILL, {"message": _text(msg), "force": force})

    def continue_process(self, pid: int, tag: Any = None, nowait: bool = False, no_reply: bool = False) -> Any:
        """Make a process that was only instantiated ready to run."""
        start_created(self._store, pid)
        return None if no_reply or nowait else pid


def _text(message: Any) -> str | None:
    if isinstance(message, dict):
        message = message.get("message") or message.get("msg_text")
    return None if message is None else str(message)


def start_created(store: Store, pk: int) -> None:
    """T1 (2) and (3) for a node that is stored already: instantiated, and never run."""
    node = load_node(pk)
    env = _environment(store)

    def work(tx: Any) -> None:
        if journal.find_task(tx.connection, pk) is not None:
            return
        if node.is_terminated or journal.has_journal(tx.connection, pk):
            raise InvalidOperation(f"process {pk} has ended: it cannot be continued")
        created = ev.Created(
            uuid=node.uuid,
            nature=births.nature_of(endings.class_of(node)),
            process_type=node.process_type or "",
            context=read_checkpoint(node),
        )
        journal.create(tx, pk, [created])
        node._project({}, [node.CHECKPOINT_KEY])
        if node.paused:  # before it was started
            journal.post(tx, [pk], PAUSE, {"message": node.process_status})
        tx.after_commit(env.bell.ring)

    write.transact(env, work)


def set_priority(store: Store, processes: Sequence[int], priority: int) -> int:
    """Who is claimed first; returns how many of them are alive."""
    env = _environment(store)
    changed = write.transact(env, lambda tx: sum(journal.set_priority(tx, pk, priority) for pk in sorted(processes)))
    env.bell.ring()
    return changed


KINDS_OF_LIMITS = ("kind:", "group:", "computer:", "queue:", "account:")


def set_limit(store: Store, name: str, maximum: int | None) -> None:
    """Make, change or (None) lift a limit, live: who has not begun waits for it, who runs is counted and not evicted.

    Names: ``kind:<process type>``, ``group:<uuid>``, ``computer:<uuid>``, ``queue:<uuid>:<queue>``, ``account:<uuid>:<account>``.
    """
    if not name.startswith(KINDS_OF_LIMITS):
        raise ValueError(f"`{name}` is no limit: it should begin with one of {', '.join(KINDS_OF_LIMITS)}")
    if maximum is not None and maximum < 0:
        raise ValueError(f"a limit cannot be negative: {maximum}")
    env = _environment(store)

    def work(tx: Transaction) -> None:
        joblist.set_bound(tx, name, maximum)
        limits.apply(store, tx)

    write.transact(env, work)
    env.bell.ring()


def list_limits(store: Store) -> list[tuple[str, int, int]]:
    """(name, maximum, taken) of every limit that holds."""
    with store.reading() as connection:
        return [(limit.name, limit.maximum, limit.taken) for limit in limits.list_limits(connection)]


def find_places(store: Store) -> dict[int, limits.Place]:
    """Where everybody stands who waits for a limit."""
    with store.reading() as connection:
        return limits.find_places(connection)


def make_controller(store: Store) -> ProcessController:
    """The process controller of a storage."""
    return ProcessController(store)
