"""The journal of a process in words: `verdi process timeline` and `verdi process watch` are views of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiida import orm
from aiida.journal import events as ev
from aiida.storage import journal

__all__ = ("Watch", "describe", "rows")

# How each kind of event reads.
WORDS: Mapping[type[ev.Event], Callable[[Any], str]] = {
    ev.Created: lambda e: "from the cache" if e.source else ("" if e.importable else "can run in the interpreter that made it only"),
    ev.Started: lambda e: "",
    ev.StepDone: lambda e: _step(e),  # noqa: PLW0108 - it is defined below
    ev.ChildLaunched: lambda e: f"{e.process_type.rsplit(':', 1)[-1].rsplit('.', 1)[-1]}<{e.child}>" + (" called" if e.rides else " submitted"),
    ev.Waiting: lambda e: "for " + (", ".join(map(str, e.targets)) or "its job"),
    ev.Resumed: lambda e: "",
    ev.PlanMade: lambda e: "nothing is to be submitted" if e.skip_submit else "",
    ev.Uploaded: lambda e: f"to {e.directory}",
    ev.SubmitIntended: lambda e: f"attempt {e.attempt}",
    ev.Submitted: lambda e: f"as job {e.job_id}" + (" (found later)" if e.late else ""),
    ev.JobEnded: lambda e: e.evidence,
    ev.Stashed: lambda e: "",
    ev.Unstashed: lambda e: "",
    ev.Retrieved: lambda e: "",
    ev.Parsed: lambda e: f"exit status {e.status}" + (f": {e.message}" if e.message else ""),
    ev.OutputAttached: lambda e: e.label,
    ev.EffectFailed: lambda e: f"{e.effect}: {_first_line(e.reason)}" + (f"; again after {e.delay:g} s" if e.delay else ""),
    ev.MonitorActed: lambda e: f"{e.monitor}: {e.action}" + (f", {e.message}" if e.message else ""),
    ev.HostState: lambda e: "",
    ev.Paused: lambda e: e.reason,
    ev.Played: lambda e: "",
    ev.KillAsked: lambda e: e.reason + (" (forced)" if e.force else ""),
    ev.Finished: lambda e: f"[{e.status}]" + (f" {e.message}" if e.message else ""),
    ev.Excepted: lambda e: _first_line(e.exception),
    ev.Killed: lambda e: e.reason,
}

ENDS = (ev.Finished, ev.Excepted, ev.Killed)


def _first_line(text: str) -> str:
    return next((line for line in text.strip().splitlines() if line), "")


def _step(event: ev.StepDone) -> str:
    where = "end of the outline" if event.pointer is None else f"next at {'.'.join(map(str, event.pointer)) or 'the start'}"
    lost = f"; not kept: {', '.join(event.lost)}" if event.lost else ""
    return where + lost


def describe(event: ev.Event) -> str:
    """Return what an event says beside its kind."""
    return WORDS.get(type(event), lambda e: "")(event)


def load(process: orm.ProcessNode, after: int = -1) -> list[tuple[int, float, int, ev.Event]]:
    """Return the events of a process after a number."""
    with process.backend.reading() as connection:
        return [item for item in journal.load_timeline(connection, int(process.pk)) if item[0] > after]


def rows(process: orm.ProcessNode) -> list[list[Any]]:
    """Return the rows of the timeline: number, time, seconds since the one before, kind, what."""
    found, before = [], None
    for seq, at, _epoch, event in load(process):
        after = "" if before is None else f"+{at - before:.3f} s"
        before = at
        moment = datetime.fromtimestamp(at, UTC).astimezone()
        found.append([seq, f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}", after, type(event).__name__, describe(event)])
    return found


class Watch:
    """What has happened to a process since one last asked."""

    def __init__(self, process: orm.ProcessNode) -> None:
        self.process = process
        self.seen = -1
        self.has_ended = False

    def news(self) -> list[str]:
        """Return a line per new event; a process without a journal shows its state."""
        found = load(self.process, self.seen)
        lines = []
        for seq, at, _epoch, event in found:
            self.seen = seq
            moment = datetime.fromtimestamp(at, UTC).astimezone()
            lines.append(f"{moment:%H:%M:%S} Process<{self.process.pk}> {type(event).__name__} {describe(event)}".rstrip())
            self.has_ended = self.has_ended or isinstance(event, ENDS)
        if not found and not self.has_ended and orm.load_node(self.process.pk).is_terminated:
            self.has_ended = True
            if self.seen < 0:
                lines.append(f"Process<{self.process.pk}> has ended: {self.process.process_state.value}")
        return lines
