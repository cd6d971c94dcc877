"""T11: acting on the inbox, in one transaction with the events that say so. Who holds the process does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiida.engine.runtime import write
from aiida.engine.runtime.live import Live
from aiida.journal import events as ev
from aiida.storage import journal
from aiida.storage.journal import Lease, Message
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

PAUSE, PLAY, KILL, PRIORITY = "pause", "play", "kill", "priority"


def act(core: Core, live: Live) -> bool:
    """Read the mail behind the fence and do what it says; False: the process is out of our hands."""
    live.mail = False
    decided: dict[str, Any] = {}

    def work(tx: Transaction) -> list[ev.Event]:
        decided.clear()
        # the fence must know how many events follow, which only the mail says: so a fence that writes nothing comes first
        journal.fence(tx, live.lease, 0)
        messages = journal.take_mail(tx, live.pk)
        kill = next((message for message in messages if message.command == KILL), None)
        if kill is not None:
            return _kill(core, tx, live, kill, decided)
        return _flags(core, tx, live, messages, decided)

    with live.lock:
        events = write.transact_fenced(core.env, live, work)
        live.written(events)
        if decided.get("epoch"):
            live.lease.epoch += 1
    return _after(core, live, decided)


def _flags(core: Core, tx: Transaction, live: Live, messages: list[Message], decided: dict[str, Any]) -> list[ev.Event]:
    """Pause and play: no-ops if already so; the last one counts."""
    paused, reason = live.state.paused, ""
    for message in messages:
        if message.command == PRIORITY:
            journal.set_priority(tx, live.pk, int(message.data.get("priority", 0)))
        elif message.command in (PAUSE, PLAY):
            paused, reason = message.command == PAUSE, message.data.get("message") or ""
        else:
            decided.setdefault("foreign", []).append(message)
    if paused == live.state.paused or live.state.is_ended:
        return []
    event: ev.Event = ev.Paused(reason=reason) if paused else ev.Played()
    journal.fence(tx, live.lease, 1, journal.PAUSE if paused else journal.PLAY)
    journal.insert_events(tx, live.pk, live.lease.seq, live.lease.epoch, [event])
    if paused:
        core.project(live, {"paused": True, "process_status": reason or "Paused"})
    else:
        core.project(live, {}, ("paused", "process_status"))
    decided["paused" if paused else "played"] = reason
    return [event]


def _kill(core: Core, tx: Transaction, live: Live, message: Message, decided: dict[str, Any]) -> list[ev.Event]:
    """The children are looked for behind the fence: a launch that commits between would leave a child without mail."""
    reason, force = message.data.get("message") or "Killed", bool(message.data.get("force"))
    event = ev.KillAsked(reason=reason, force=force)
    journal.fence(tx, live.lease, 1, journal.KILL)
    journal.insert_events(tx, live.pk, live.lease.seq, live.lease.epoch + 1, [event])
    decided["epoch"] = True
    children = journal.live_children(tx.connection, live.pk)
    if children:
        journal.post(tx, children, KILL, {"message": f"Killed with its parent {live.pk}", "force": force})
        tx.after_commit(core.ring)
    decided["kill"] = reason
    waits = 0
    if not force:
        waits = journal.await_more(tx, live.pk, children)
        if waits:
            journal.release(tx, live.pk, ready=False)
            core.project(live, {"process_status": f"Waiting for {waits} killed processes to end"}, ("paused",))
    decided["waits"] = waits
    return [event]


def _after(core: Core, live: Live, decided: dict[str, Any]) -> bool:
    process = live.process
    if "kill" in decided:
        live.awaiting = decided["waits"]
        if live.awaiting:
            live.pending.clear()
            core.release(live)
            return False
        return True
    if "paused" in decided:
        if process is not None:
            with core.user_code(process):
                process.on_paused(decided["paused"] or None)
        core.release(live)
        return False
    if "played" in decided and process is not None:
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
        live.owned = False
        core.gone.add(live.pk)
        twin = Live(Lease(live.pk, live.lease.owner, live.lease.epoch, live.lease.seq), core.load_state(live.pk))
        twin.rides, twin.caller, twin.riders, twin.mail = live.rides, live.caller, live.riders, True
    core.drive(twin)
