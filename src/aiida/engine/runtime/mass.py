"""The end of many killed processes at once. Five thousand one by one are forty thousand statements; here they are some hundred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiida.engine.runtime import endings
from aiida.engine.runtime.acted import KILL, Acted
from aiida.engine.runtime.live import Live
from aiida.journal import events as ev
from aiida.storage import masses
from aiida.storage.journal import Message
from aiida.storage.transaction import Transaction

if TYPE_CHECKING:
    from aiida.engine.runtime.core import Core

FEW = 3  # fewer are not worth it
GENERATIONS = 50  # of children that end before their parents, in one transaction


def end_killed(core: Core, tx: Transaction, lives: Sequence[Live]) -> list[tuple[Live, Acted]]:
    """End those that are told to and have nothing below them, no job, no rider and no hook; then perhaps their parents."""
    left = {live.pk: live for live in lives if _is_plain(live)}
    if len(left) < FEW:
        return []
    mail = masses.read_mail(tx, list(left))
    left = {pk: live for pk, live in left.items() if _can_end(live, mail.get(pk, ()))}
    if len(left) < FEW:
        return []
    held = masses.fence_many(tx, [live.lease for live in left.values()], core.worker)
    left = {pk: live for pk, live in left.items() if pk in held}
    done: list[tuple[Live, Acted]] = []
    for _ in range(GENERATIONS):
        parents = masses.with_living_below(tx, list(left)) if left else set()
        ending = [live for pk, live in left.items() if pk not in parents]
        if not ending:
            break
        done += _end(core, tx, ending, mail)
        left = {pk: left[pk] for pk in parents}
    return done


def _is_plain(live: Live) -> bool:
    return (
        live.mail
        and live.owned
        and live.rides is None
        and not live.riders
        and not live.state.is_ended
        and not any(launch.rides for launch in live.state.launched)
        and not endings.overrides_terminated(live)
    )


def _can_end(live: Live, messages: Sequence[Message]) -> bool:
    kill = _kill_among(messages)
    return kill is not None and (not live.state.has_job or bool(kill.data.get("force")))


def _kill_among(messages: Sequence[Message]) -> Message | None:
    return next((message for message in messages if message.command == KILL), None)


def _end(
    core: Core, tx: Transaction, lives: Sequence[Live], mail: dict[int, list[Message]]
) -> list[tuple[Live, Acted]]:
    """T6 of all of them: task rows first, then events and projections, then the waiters."""
    events: dict[int, Sequence[ev.Event]] = {}
    done: list[tuple[Live, Acted]] = []
    for live in lives:
        kill = _kill_among(mail[live.pk])
        assert kill is not None
        reason = kill.data.get("message") or "Killed"
        pair: list[ev.Event] = [
            ev.KillAsked(reason=reason, force=bool(kill.data.get("force"))),
            ev.Killed(reason=reason),
        ]
        events[live.pk] = pair
        done.append((live, Acted(events=pair, kill=reason, ended=True)))
    masses.end_many(tx, list(events))
    masses.insert_events_of(tx, [live.lease for live in lives], events)
    _project(core, done)
    done[0][1].woken = masses.wake_many(tx, list(events))
    return done


def _project(core: Core, done: Sequence[tuple[Live, Acted]]) -> None:
    """Those without an instance in one statement for each reason and kind."""
    alike: dict[tuple[str, bool], list[int]] = {}
    for live, acted in done:
        is_job = live.state.nature == "job"
        if live.process is None:
            alike.setdefault((acted.kill or "", is_job), []).append(live.pk)
        else:
            patch, remove = _projection(acted.kill or "", is_job=is_job)
            core.project(live, patch, remove)
    for (reason, is_job), pks in alike.items():
        patch, remove = _projection(reason, is_job=is_job)
        core.env.store.merge_attributes_of(pks, patch, remove=remove)


def _projection(reason: str, *, is_job: bool) -> tuple[dict[str, object], tuple[str, ...]]:
    patch, remove = endings.terminal_projection(ev.Killed(reason=reason))
    return patch, (*remove, "state") if is_job else remove
