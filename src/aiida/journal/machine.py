"""TABLE: process state x event -> state. A missing cell is an error that names both.

*Paused* and *kill asked* are flags beside the state, not states: whatever may happen goes on underneath.
"""

from __future__ import annotations

from aiida.journal import events as ev

CREATED, RUNNING, WAITING = "created", "running", "waiting"
FINISHED, EXCEPTED, KILLED = "finished", "excepted", "killed"
ALIVE = (CREATED, RUNNING, WAITING)
ENDED = (FINISHED, EXCEPTED, KILLED)

_FLAGS: dict[type[ev.Event], None] = dict.fromkeys((ev.Paused, ev.Played, ev.KillAsked, ev.EffectFailed, ev.HostState))
_WORK = (ev.StepDone, ev.ChildLaunched, ev.OutputAttached, ev.PlanMade, ev.Parsed, ev.MonitorActed)
_JOB = (
    ev.Uploaded, ev.SubmitIntended, ev.Submitted, ev.JobEnded, ev.Stashed, ev.Unstashed, ev.Retrieved,
)  # fmt: skip

TABLE: dict[tuple[str, type[ev.Event]], str] = {
    ("", ev.Created): CREATED,
    (CREATED, ev.Started): RUNNING,
    (CREATED, ev.Excepted): EXCEPTED,
    (CREATED, ev.Killed): KILLED,
    (RUNNING, ev.Waiting): WAITING,
    (RUNNING, ev.Finished): FINISHED,
    (RUNNING, ev.Excepted): EXCEPTED,
    (RUNNING, ev.Killed): KILLED,
    (WAITING, ev.Waiting): WAITING,
    (WAITING, ev.Resumed): RUNNING,
    (WAITING, ev.Excepted): EXCEPTED,
    (WAITING, ev.Killed): KILLED,
    **{(state, flag): state for state in ALIVE for flag in _FLAGS},
    **{(RUNNING, kind): RUNNING for kind in _WORK},
    **{(WAITING, kind): WAITING for kind in (ev.MonitorActed, ev.OutputAttached, ev.PlanMade)},
    **{(state, kind): state for state in (RUNNING, WAITING) for kind in _JOB},
}


class IllegalTransition(Exception):
    """An event that may not happen in this state."""

    def __init__(self, state: str, kind: type[ev.Event]) -> None:
        super().__init__(f"a process that is {state or 'not yet created'} cannot have the event {kind.__name__}")


def next_state(state: str, kind: type[ev.Event]) -> str:
    """The state after the event; raises for an empty cell."""
    try:
        return TABLE[state, kind]
    except KeyError:
        raise IllegalTransition(state, kind) from None
