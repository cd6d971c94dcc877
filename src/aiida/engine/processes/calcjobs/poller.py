"""When is a job over? One pure function over what was seen (PROTOCOL 10.5)."""

from __future__ import annotations

from typing import Any

from aiida.schedulers.datastructures import JobState

from .facts import Alive, Ended, JobInFlight, Listing, NotYet, Verdict

__all__ = ("MISSES", "judge")

#: complete listings without the job before its absence counts for something.
MISSES = 3


def judge(job: JobInFlight, listing: Listing) -> Verdict | None:
    """Return what a listing says about a job; None when it takes a closer look (accounting, the fence) to say.

    The mark was read before the queue was asked, so "mark, and then not in the queue" is positive evidence. A mark that tells of a
    signal is not: a shell on its way out may write it and be requeued, so the job has to stay away for some listings.
    """
    if not listing.complete:
        return NotYet(misses=job.misses, reason=listing.reason)
    info = listing.jobs.get(job.job_id)
    mark = listing.marks.get(job.process)
    ours = mark if mark is not None else None
    if info is not None and info.get("job_state") != JobState.DONE.value:
        return Alive(state=str(info.get("job_state") or JobState.UNDETERMINED.value), info=info)
    if ours is not None and not ours.is_signal:
        return Ended(evidence="mark", exit_status=ours.exit_status, info=info or _ended(job))
    if info is not None:
        # The queue itself says that it is over: that is accounting, which consults the fence (the job may have been turned away).
        return _by_queue(job, listing, info)
    misses = job.misses + 1
    if ours is not None and misses >= MISSES:
        return Ended(evidence="mark", exit_status=ours.exit_status, info=_ended(job))
    if misses < MISSES and not listing.absence_is_evidence:
        return NotYet(misses=misses, reason="the queue does not show the job")
    return None


def _by_queue(job: JobInFlight, listing: Listing, info: dict[str, Any]) -> Verdict | None:
    if listing.fences.get(job.process, "") == job.job_id:
        return Ended(evidence="queue", info=info)
    return None


def _ended(job: JobInFlight) -> dict[str, Any]:
    return {"job_id": job.job_id, "job_state": JobState.DONE.value}
