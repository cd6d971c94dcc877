"""TABLE: job phase x outcome -> phase. What a CalcJob does between its first step and its last.

A phase is what the job has to do next. `done` may depend on what was asked for (the conditions are names of facts about
the plan); `failed` is the same phase again, later; who gives up is paused with the reason, or excepted where trying again
would only repeat the error.
"""

from __future__ import annotations

from typing import NamedTuple

from aiida.journal import events as ev

PREPARING, UPLOADING, UNSTASHING, SUBMITTING = "preparing", "uploading", "unstashing", "submitting"
WITHSCHEDULER, STASHING, RETRIEVING, PARSING, DONE = "withscheduler", "stashing", "retrieving", "parsing", "done"


class Phase(NamedTuple):
    """One row."""

    effect: str
    """Name of what is asked of the world."""
    done: tuple[tuple[str, str], ...]
    """(condition, next phase): the first that holds; an empty condition always holds."""
    gave_up: str
    """What happens when no attempt is left: paused or excepted."""


TABLE: dict[str, Phase] = {
    PREPARING: Phase("prepare", (("", UPLOADING),), "excepted"),
    UPLOADING: Phase("upload", (("unstash", UNSTASHING), ("skip_submit", STASHING), ("", SUBMITTING)), "paused"),
    UNSTASHING: Phase("unstash", (("skip_submit", STASHING), ("", SUBMITTING)), "paused"),
    SUBMITTING: Phase("submit", (("", WITHSCHEDULER),), "paused"),
    WITHSCHEDULER: Phase("follow", (("", STASHING),), "paused"),
    STASHING: Phase("stash", (("", RETRIEVING),), "paused"),
    RETRIEVING: Phase("retrieve", (("", PARSING),), "paused"),
    PARSING: Phase("parse", (("", DONE),), "excepted"),
}

COMPLETES: dict[type[ev.Event], str] = {
    ev.PlanMade: PREPARING,
    ev.Uploaded: UPLOADING,
    ev.Unstashed: UNSTASHING,
    ev.Submitted: SUBMITTING,
    ev.JobEnded: WITHSCHEDULER,
    ev.Stashed: STASHING,
    ev.Retrieved: RETRIEVING,
    ev.Parsed: PARSING,
}
"""Which event says that a phase is done."""


def next_phase(phase: str, facts: frozenset[str]) -> str:
    """The phase after `phase` for a job of which `facts` hold."""
    return next(target for condition, target in TABLE[phase].done if not condition or condition in facts)
