"""State of a process -> the next effect. Pure: this and the tables of `aiida.journal` are the whole logic of running."""

from __future__ import annotations

from aiida.journal import effects as do
from aiida.journal import machine, phases
from aiida.journal.fold import ProcessState

JOB = "job"


def decide(state: ProcessState, awaiting: int = 0) -> do.Effect:
    """What is to be done next for a process that waits for `awaiting` others."""
    if state.is_ended or not state.state:
        return do.Rest()
    if state.kill_asked:
        return decide_kill(state, awaiting)
    if state.paused:
        return do.Rest()
    if state.nature == JOB and not state.source:
        return decide_job(state)
    if state.state == machine.WAITING:
        return do.Rest() if awaiting else do.Resume(tuple(state.targets))
    return do.RunStep(None if state.pointer is None else tuple(state.pointer))


def decide_kill(state: ProcessState, awaiting: int) -> do.Effect:
    """Children first, then the job, then the end."""
    if state.force:
        return do.EndKilled(state.kill_reason)
    if awaiting:
        return do.Rest()
    if state.has_job:
        return do.Cancel()
    return do.EndKilled(state.kill_reason)


def decide_job(state: ProcessState) -> do.Effect:
    """The phase table, with what each phase needs."""
    if state.phase == phases.UPLOADING:
        return do.Upload(state.attempt + 1)
    if state.phase == phases.SUBMITTING:
        return do.Submit(state.directory, again=state.intended)
    if state.phase == phases.WITHSCHEDULER:
        return do.Follow(state.job_id)
    return _PLAIN[state.phase]


_PLAIN: dict[str, do.Effect] = {
    phases.PREPARING: do.Prepare(),
    phases.UNSTASHING: do.Unstash(),
    phases.STASHING: do.Stash(),
    phases.RETRIEVING: do.Retrieve(),
    phases.PARSING: do.Parse(),
    phases.DONE: do.Parse(),
}
