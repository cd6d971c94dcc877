"""Events -> ProcessState: all that decisions are made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from aiida.journal import events as ev
from aiida.journal import machine, phases


class Launch(msgspec.Struct, frozen=True):
    """A child of the step in progress."""

    child: int
    uuid: str
    rides: bool
    process_type: str


class Durable(msgspec.Struct, frozen=True):
    """The last snapshot that kept everything: where a recovery goes on."""

    pointer: list[int] | None = None
    context: Any = None
    steps: int = 0


class ProcessState(msgspec.Struct):
    """What a journal says. Changed only by `advance`."""

    state: str = ""
    seq: int = 0
    uuid: str = ""
    nature: str = ""
    process_type: str = ""
    importable: bool = True
    source: str = ""
    paused: bool = False
    pause_reason: str = ""
    kill_asked: bool = False
    kill_reason: str = ""
    force: bool = False
    pointer: list[int] | None = None
    steps: int = 0
    context: Any = None
    lost: dict[str, str] = {}
    targets: list[int] = []
    launched: list[Launch] = []
    durable: Durable = Durable()
    phase: str = phases.PREPARING
    facts: frozenset[str] = frozenset()
    plan: Any = None
    directory: str = ""
    upload: Any = None
    attempt: int = 0
    intended: bool = False
    job_id: str = ""
    ended: Any = None
    temporary: str = ""
    monitor: dict[str, Any] = {}
    disabled: frozenset[str] = frozenset()  # monitors that are not called any more; `*`: none is
    looks: int = 0  # looks for the fate of a submit command since it was intended
    failures: int = 0
    last_failure: str = ""
    failed_effect: str = ""
    delay: float = 0.0
    host: Any = None
    exit_status: int | None = None
    exit_message: str | None = None
    exception: str | None = None

    def rewind(self) -> None:
        """For an instance built anew: go on from the last snapshot that kept everything."""
        self.pointer, self.context, self.steps = self.durable.pointer, self.durable.context, self.durable.steps

    @property
    def is_ended(self) -> bool:
        """Finished, excepted or killed."""
        return self.state in machine.ENDED

    @property
    def has_job(self) -> bool:
        """A scheduler may know a job of ours that has not ended."""
        return self.intended and self.phase in (phases.SUBMITTING, phases.WITHSCHEDULER)


def fold(events: Iterable[ev.Event]) -> ProcessState:
    """The state of a process that had these events."""
    state = ProcessState()
    for event in events:
        advance(state, event)
    return state


def advance(state: ProcessState, event: ev.Event) -> None:
    """Apply one event; raises `IllegalTransition` and leaves the state alone if it may not happen."""
    kind = type(event)
    state.state = machine.next_state(state.state, kind)
    state.seq += 1
    phase = phases.COMPLETES.get(kind)
    if phase is not None and kind is not ev.PlanMade:
        state.phase = phases.next_phase(phase, state.facts)
        _forgive(state)
    apply = _APPLY.get(kind)
    if apply is not None:
        apply(state, event)


def _forgive(state: ProcessState) -> None:
    state.failures, state.last_failure, state.failed_effect, state.delay = 0, "", "", 0.0


def _created(s: ProcessState, e: ev.Created) -> None:
    s.uuid, s.nature, s.process_type, s.importable, s.source = e.uuid, e.nature, e.process_type, e.importable, e.source
    s.context, s.durable = e.context, Durable(None, e.context)


def _step_done(s: ProcessState, e: ev.StepDone) -> None:
    s.pointer, s.context, s.lost, s.steps = e.pointer, e.context, e.lost, s.steps + 1
    if (
        not e.lost
    ):  # a step whose snapshot lost something is not durable: its children are still to be found by a re-run
        s.durable, s.launched = Durable(e.pointer, e.context, s.steps), []
    _forgive(s)


def _launched(s: ProcessState, e: ev.ChildLaunched) -> None:
    s.launched = [*s.launched, Launch(e.child, e.uuid, e.rides, e.process_type)]


def _waiting(s: ProcessState, e: ev.Waiting) -> None:
    s.targets = e.targets


def _resumed(s: ProcessState, e: ev.Resumed) -> None:
    s.targets = []


def _plan(s: ProcessState, e: ev.PlanMade) -> None:
    asked = {"skip_submit": e.skip_submit, "stash": e.stash, "unstash": e.unstash}
    s.plan, s.facts = e.plan, frozenset(name for name, is_asked in asked.items() if is_asked)
    s.phase = phases.next_phase(phases.PREPARING, s.facts)


def _uploaded(s: ProcessState, e: ev.Uploaded) -> None:
    s.directory, s.upload, s.intended, s.job_id = e.directory, e.facts, False, ""


def _intended(s: ProcessState, e: ev.SubmitIntended) -> None:
    s.attempt, s.directory, s.intended, s.looks = e.attempt, e.directory, True, 0


def _submitted(s: ProcessState, e: ev.Submitted) -> None:
    s.job_id, s.phase = e.job_id, phases.WITHSCHEDULER


def _ended(s: ProcessState, e: ev.JobEnded) -> None:
    s.ended, s.intended = e.facts, False


def _retrieved(s: ProcessState, e: ev.Retrieved) -> None:
    s.temporary = e.temporary


def _failed(s: ProcessState, e: ev.EffectFailed) -> None:
    s.failures += not e.away
    s.last_failure, s.failed_effect, s.delay = e.reason, e.effect, e.delay
    if e.effect == "recover":
        s.looks += 1
    if e.revoked:  # no job of that directory can ever run the payload: begin a new attempt in a new one
        s.phase, s.directory, s.intended, s.job_id, s.upload = phases.UPLOADING, "", False, "", None


def _monitor(s: ProcessState, e: ev.MonitorActed) -> None:
    if e.action == "kill":
        s.monitor = {"message": e.message, **(e.facts or {})}
    elif e.action.startswith("disable"):
        s.disabled |= {"*" if e.action == "disable-all" else e.monitor}


def _paused(s: ProcessState, e: ev.Paused) -> None:
    s.paused, s.pause_reason = True, e.reason


def _played(s: ProcessState, e: ev.Played) -> None:
    s.paused, s.pause_reason = False, ""
    _forgive(s)


def _kill(s: ProcessState, e: ev.KillAsked) -> None:
    s.kill_asked, s.kill_reason, s.force, s.paused, s.pause_reason = True, e.reason, e.force or s.force, False, ""


def _host(s: ProcessState, e: ev.HostState) -> None:
    s.host = e.data


def _finished(s: ProcessState, e: ev.Finished) -> None:
    s.exit_status, s.exit_message = e.status, e.message


def _excepted(s: ProcessState, e: ev.Excepted) -> None:
    s.exception = e.exception


_APPLY: dict[type[ev.Event], Any] = {
    ev.Created: _created,
    ev.StepDone: _step_done,
    ev.ChildLaunched: _launched,
    ev.Waiting: _waiting,
    ev.Resumed: _resumed,
    ev.PlanMade: _plan,
    ev.Uploaded: _uploaded,
    ev.SubmitIntended: _intended,
    ev.Submitted: _submitted,
    ev.JobEnded: _ended,
    ev.Retrieved: _retrieved,
    ev.EffectFailed: _failed,
    ev.MonitorActed: _monitor,
    ev.Paused: _paused,
    ev.Played: _played,
    ev.KillAsked: _kill,
    ev.HostState: _host,
    ev.Finished: _finished,
    ev.Excepted: _excepted,
}
