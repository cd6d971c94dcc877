"""The closed list of event kinds. Each is a frozen record with a version; nothing else is ever written to a journal.

Rules for whoever changes this file: a field may be added with a default; any other change makes a new version, with a line
in `UPGRADES` that turns the old data into the new. Recorded journals of every release are folded by every later one (tests).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that has happened to a process."""

    version: ClassVar[int] = 1


class Created(Event, frozen=True):
    """The node was stored and the process may run. Carries the uuid, since a database may give a row id twice."""

    uuid: str
    nature: str  # function, chain, job, foreign: which decisions apply
    process_type: str = ""
    importable: bool = True  # False: only the interpreter that made it can run it
    source: str = ""  # uuid of the node it was cloned from, if the cache answered
    context: Any = None  # inputs of which the graph keeps nothing


class Started(Event, frozen=True):
    """The first worker began."""


class StepDone(Event, frozen=True):
    """A step of user code has returned; `context` is all that a recovery needs to go on at `pointer`."""

    pointer: list[int] | None = None
    context: Any = None
    lost: dict[str, str] = {}  # what the snapshot could not keep, and why
    outputs: list[str] = []
    unclaimed: list[str] = []  # children of an earlier run of this step that nobody asked for again


class ChildLaunched(Event, frozen=True):
    """A step launched (or called, then it rides on the caller's stack) another process."""

    child: int
    uuid: str
    rides: bool = False
    process_type: str = ""


class Waiting(Event, frozen=True):
    """Nothing to do until the targets have ended."""

    targets: list[int] = []


class Resumed(Event, frozen=True):
    """The wait is over."""


class PlanMade(Event, frozen=True):
    """A job's input files and script are decided."""

    plan: Any = None
    skip_submit: bool = False
    stash: bool = False
    unstash: bool = False


class Uploaded(Event, frozen=True):
    """All files of the attempt are in its directory, which belongs to this upload alone."""

    directory: str
    facts: Any = None


class SubmitIntended(Event, frozen=True):
    """Committed before the scheduler is asked."""

    attempt: int
    directory: str


class Submitted(Event, frozen=True):
    """The scheduler gave this id."""

    job_id: str
    late: bool = False  # found by recovery, not from the reply


class JobEnded(Event, frozen=True):
    """Positive evidence that the job runs no more."""

    evidence: str = ""
    facts: Any = None


class Stashed(Event, frozen=True):
    """Files were kept on the computer."""

    uuid: str = ""


class Unstashed(Event, frozen=True):
    """Stashed files were brought back."""


class Retrieved(Event, frozen=True):
    """The retrieved files are a node now."""

    uuid: str = ""
    temporary: str = ""


class Parsed(Event, frozen=True):
    """Scheduler output and results have been parsed."""

    status: int = 0
    message: str | None = None


class OutputAttached(Event, frozen=True):
    """An output was linked before the step ended."""

    label: str
    uuid: str


class EffectFailed(Event, frozen=True):
    """The world did not do what was asked; tried again after `delay` seconds, or `revoked`: a new attempt is safe."""

    effect: str
    reason: str
    delay: float = 0.0
    revoked: bool = False
    away: bool = False  # the computer did not answer: that uses up no attempt


class MonitorActed(Event, frozen=True):
    """A monitor of a running job asked for something."""

    monitor: str
    action: str
    message: str = ""
    facts: Any = None


class HostState(Event, frozen=True):
    """What a foreign process's own hooks save."""

    data: Any = None


class Paused(Event, frozen=True):
    """A flag beside the state; wake-ups go on underneath."""

    reason: str = ""


class Played(Event, frozen=True):
    """The flag is cleared."""


class KillAsked(Event, frozen=True):
    """From here on the only way is down; children and job first."""

    reason: str = ""
    force: bool = False


class Finished(Event, frozen=True):
    """Ran to an end, with an exit status."""

    status: int = 0
    message: str | None = None
    outputs: list[str] = []


class Excepted(Event, frozen=True):
    """User code raised."""

    exception: str
    traceback: str = ""


class Killed(Event, frozen=True):
    """Ended on request."""

    reason: str = ""


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Created, Started, StepDone, ChildLaunched, Waiting, Resumed, PlanMade, Uploaded, SubmitIntended, Submitted, JobEnded,
        Stashed, Unstashed, Retrieved, Parsed, OutputAttached, EffectFailed, MonitorActed, HostState, Paused, Played, KillAsked,
        Finished, Excepted, Killed,
    )
}  # fmt: skip
TERMINAL: tuple[type[Event], ...] = (Finished, Excepted, Killed)

UPGRADES: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(kind, version) -> how data of that version becomes data of the next."""


class UnknownEvent(ValueError):
    """The journal was written by a newer release, or by something else."""


_encoder = msgspec.json.Encoder()
_decoders = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}


def encode(event: Event) -> tuple[str, int, str]:
    """Kind, version and data as they are stored."""
    return type(event).__name__, event.version, _encoder.encode(event).decode()


def decode(kind: str, version: int, data: str | bytes) -> Event:
    """The event again, whatever release wrote it."""
    decoder = _decoders.get(kind)
    if decoder is None:
        raise UnknownEvent(f"no event kind {kind!r}: the journal was written by a newer release; update this one")
    current = KINDS[kind].version
    if version > current:
        raise UnknownEvent(f"{kind} has version {version}, this release knows up to {current}; update it")
    if version < current:
        raw = msgspec.json.decode(data)
        for old in range(version, current):
            raw = UPGRADES[kind, old](raw)
        return msgspec.convert(raw, KINDS[kind])
    return decoder.decode(data)
