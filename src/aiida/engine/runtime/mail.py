"""T11: acting on the inbox, in one transaction with the events that say so. Who holds the process does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.common.exceptions import Fenced
from aiida.engine.runtime import endings, mass, write
from aiida.engine.runtime.acted import KILL, MESSAGE, PAUSE, PLAY, PRIORITY, Acted
from aiida.engine.runtime.live import Live
from aiida.journal import events as ev
from aiida.storage import journal
from aiida.storage.journal import Lease, Message
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

__all__ = ("KILL", "MESSAGE", "PAUSE", "PLAY", "PRIORITY", "Acted", "act", "act_many", "kill_running", "receive")

#: Messages that came before the process runs here, by its id: its host asks for them when it begins (`receive`).
_EARLY: dict[int, list[Message]] = {}


def act(core: Core, live: Live) -> bool:
    """Read the mail behind the fence and do what it says; False: the process is out of our hands."""
    live.mail = False
    with live.lock:
        acted = write.transact_fenced(core.env, live, lambda tx: _decide(core, tx, live))
        _written(live, acted)
    return _after(core, live, acted)


def act_many(core: Core, lives: list[Live], then: Callable[[Live], None] | None = None) -> None:
    """The same for many processes in one transaction; each has a savepoint, so that one that is fenced spoils nothing.

    `then` takes those that may go on. The killed that have nothing below them end together, in statements over sets.
    """
    done: list[tuple[Live, Acted]] = []

    def work(tx: Transaction) -> None:
        done[:] = mass.end_killed(core, tx, lives)
        ended = {live.pk for live, _ in done}
        for live in lives:
            if live.pk in ended:
                continue
            try:
                with tx.savepoint():
                    done.append((live, _decide(core, tx, live)))
            except Fenced:
                continue

    write.transact(core.env, work)
    for live, acted in done:
        live.mail = False
        _written(live, acted)
        if _after(core, live, acted):
            (then or core.drive)(live)


def _decide(core: Core, tx: Transaction, live: Live) -> Acted:
    """T11. The fence must know how many events follow, which only the mail says: so a fence that writes nothing comes first."""
    journal.fence(tx, live.lease, 0)
    messages = journal.take_mail(tx, live.pk)
    kill = next((message for message in messages if message.command == KILL), None)
    acted = Acted()
    if kill is not None:
        _kill(core, tx, live, kill, acted)
    else:
        _flags(core, tx, live, messages, acted)
    return acted


def _written(live: Live, acted: Acted) -> None:
    live.written(acted.events)
    if acted.kill is not None and not acted.ended:
        live.lease.epoch += 1
    if acted.ended:
        live.owned = False
    elif acted.messages:
        _EARLY.setdefault(live.pk, []).extend(acted.messages)


def receive(core: Core, pk: int) -> list[Any]:
    """Take the messages to a process that is hosted here; other mail stays for who holds the process."""
    with core.env.store.reading() as connection:
        waiting = journal.has_messages(connection, pk)
    early = _EARLY.pop(pk, [])
    found = write.transact(core.env, lambda tx: journal.take_messages(tx, pk)) if waiting else []
    return [message.data for message in (*early, *found)]


def _flags(core: Core, tx: Transaction, live: Live, messages: list[Message], acted: Acted) -> None:
    """Pause and play: no-ops if already so; the last one counts."""
    paused, reason = live.state.paused, ""
    for message in messages:
        if message.command == PRIORITY:
            journal.set_priority(tx, live.pk, int(message.data.get("priority", 0)))
        elif message.command in (PAUSE, PLAY):
            paused, reason = message.command == PAUSE, message.data.get("message") or ""
        elif message.command == MESSAGE:
            acted.messages.append(message)
    if paused == live.state.paused or live.state.is_ended:
        return
    event: ev.Event = ev.Paused(reason=reason) if paused else ev.Played()
    journal.fence(tx, live.lease, 1, journal.PAUSE if paused else journal.PLAY)
    journal.insert_events(tx, live.pk, live.lease.seq, live.lease.epoch, [event])
    acted.events = [event]
    if paused:
        core.project(live, {"paused": True, "process_status": reason or "Paused"})
        acted.paused = reason
    else:
        core.project(live, {}, ("paused", "process_status"))
        acted.played = True


def _kill(core: Core, tx: Transaction, live: Live, message: Message, acted: Acted) -> None:
    """The children are looked for behind the fence: a launch that commits between would leave a child without mail."""
    acted.kill = message.data.get("message") or "Killed"
    force = bool(message.data.get("force"))
    asked = ev.KillAsked(reason=acted.kill, force=force)
    children = journal.live_children(tx.connection, live.pk)
    if children:
        journal.post(tx, children, KILL, {"message": f"Killed with its parent {live.pk}", "force": force})
        tx.after_commit(core.ring)
    if force or not (children or live.state.has_job):
        _end(core, tx, live, asked, acted)
        return
    journal.fence(tx, live.lease, 1, journal.KILL)
    journal.insert_events(tx, live.pk, live.lease.seq, live.lease.epoch + 1, [asked])
    acted.events = [asked]
    acted.waits = journal.await_more(tx, live.pk, children)
    if acted.waits:
        journal.release(tx, live.pk, ready=False)
        core.project(live, {"process_status": f"Waiting for {acted.waits} killed processes to end"}, ("paused",))


def _end(core: Core, tx: Transaction, live: Live, asked: ev.KillAsked, acted: Acted) -> None:
    """No live child, no job, or no wish to wait for them: the question and the end are one commit (T6)."""
    killed = ev.Killed(reason=acted.kill or "")
    journal.end(tx, live.lease)
    acted.events = [asked, killed]
    acted.hook = endings.overrides_terminated(live)
    acted.woken = endings.write_end(core, tx, live, acted.events, hook=acted.hook)
    acted.ended = True


def _after(core: Core, live: Live, acted: Acted) -> bool:
    process, had_job = live.process, live.state.has_job
    if acted.ended:
        core.ended(live, acted.woken)
        if had_job:
            orm.load_node(live.pk).logger.warning(
                "[%d] ended by force: its job %s in `%s` was not cancelled and may still run",
                live.pk, live.state.job_id or "(id unknown)", live.state.directory,
            )  # fmt: skip
        endings.after_kill(core, live, acted.kill or "", hook=acted.hook)
        return False
    if acted.kill is not None:
        live.awaiting = acted.waits
        if live.awaiting:
            live.pending.clear()
            core.release(live)
            return False
        return True
    if acted.paused is not None:
        if process is not None:
            with core.user_code(process):
                process.on_paused(acted.paused or None)
        core.release(live)
        return False
    if acted.played and process is not None:
        with core.user_code(process):
            process.on_playing()
    return True


def kill_running(core: Core, live: Live) -> None:
    """From another thread, while a step runs or an effect is under way: a kill is acted on on the spot.

    A twin takes over lease and journal; the thread of the step keeps a `Live` that owns nothing, so its next write is refused
    here already, and by the epoch in the database.
    """
    with live.lock:
        if not live.owned or live.state.is_ended:
            return
        live.owned, live.lost = False, True
        core.gone.add(live.pk)
        twin = Live(Lease(live.pk, live.lease.owner, live.lease.epoch, live.lease.seq), core.load_state(live.pk))
        twin.rides, twin.caller, twin.riders, twin.mail = live.rides, live.caller, live.riders, True
    core.drive(twin)
