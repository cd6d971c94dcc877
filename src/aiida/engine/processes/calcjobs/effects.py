"""The outside effects of a job, as functions over a live CalcJob and a transport pool. (See the runtime's phases in PROTOCOL 10.)

No database write and no journal access happens in here: each function looks or acts on the other machine and returns facts.
Failures are raised; `aiida.transports.errors.classify(exception)` says whether they are *temporary* (try the effect again, or
the breaker of the login is open) or *permanent* (pause the process with the reason).

The order for one attempt:

1. user thread: ``prepared = prepare(process)`` -> commit *PlanMade* with ``prepared.attributes`` and ``prepared.repository_metadata``
2. ``uploaded = await upload(process, pool, prepared)`` -> commit *Uploaded* + *SubmitIntended* (output ``remote_folder``);
   ``skip_submit`` goes on at 6
3. ``answer = await submit(process, pool, directory, script, me)`` -> *Submitted* | *EffectFailed* | recover
4. ``listing = await list_jobs(authinfo, pool, jobs)``; ``verdict = poller.judge(job, listing)``; when that is None or the job
   missed listings: ``await look_ended(...)`` -> *JobEnded* | follow | new attempt
5. ``await detailed_job_info(...)``
6. ``await stash(...)`` / ``await unstash(...)`` when ``needs_stash(process)`` / ``needs_unstash(process)``
7. ``retrieved = await retrieve(process, pool, directory, temporary)`` -> *Retrieved* (output ``retrieved``)
8. user thread: ``exit_code = parse(process, temporary)`` -> *Parsed*
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .facts import (
    Answer,
    JobInFlight,
    Listing,
    MonitorActed,
    Prepared,
    Recovery,
    Retrieved,
    Stashed,
    Uploaded,
    Verdict,
)

if TYPE_CHECKING:
    from aiida.common.exit_code import ExitCode
    from aiida.engine.processes.calcjobs.calcjob import CalcJob
    from aiida.orm import AuthInfo
    from aiida.transports.pool import TransportPool


def prepare(process: CalcJob) -> Prepared:
    """Run `prepare_for_submission` in a fresh sandbox and draw the plan. User code: call it in the user thread.

    Input files and `.aiida` are put into the object store; nothing is written to the database.
    """
    raise NotImplementedError


async def upload(process: CalcJob, pool: TransportPool, prepared: Prepared) -> Uploaded:
    """Make an exclusive fresh attempt directory and fill it as the plan says. May be repeated: each call takes a new one."""
    raise NotImplementedError


async def submit(process: CalcJob, pool: TransportPool, directory: str, script: str, me: str) -> Answer:
    """Ask the scheduler through the guard (PROTOCOL 10.2). `me` must be unique per call: e.g. ``<worker>-<epoch>-<seq>``."""
    raise NotImplementedError


async def recover(
    process: CalcJob, pool: TransportPool, directory: str, script: str, me: str, *, revoke: bool = False, epoch: int = 0
) -> Recovery:
    """One look after an unknown answer (PROTOCOL 10.4, 1-3; with `revoke` also 5). `Unknown` means: wait and look again.

    The caller keeps the bounded wait: at least two successful looks (at 3 and 1 minutes before the end), then ``revoke=True``.
    """
    raise NotImplementedError


async def revoke(process: CalcJob, pool: TransportPool, directory: str, epoch: int) -> Recovery:
    """Take the fence ourselves and read it: `Revoked`, or `Accepted` (a job had started), or `Gone`."""
    raise NotImplementedError


async def list_jobs(authinfo: AuthInfo, pool: TransportPool, jobs: Sequence[JobInFlight]) -> Listing:
    """One query for all jobs of a login: end marks first, then the queue. Never raises for a failed queue command: see `complete`."""
    raise NotImplementedError


async def look_ended(process: CalcJob, pool: TransportPool, job: JobInFlight, listing: Listing) -> Verdict:
    """Decide about a job that a listing did not show (PROTOCOL 10.5), asking accounting and the fence as far as needed."""
    raise NotImplementedError


async def detailed_job_info(process: CalcJob, pool: TransportPool, job_id: str) -> dict[str, Any] | None:
    """What accounting says, in the form of the attribute `detailed_job_info`; None if the scheduler cannot tell."""
    raise NotImplementedError


async def run_monitors(process: CalcJob, pool: TransportPool) -> MonitorActed | None:
    """Call the monitors that are due; the first one that acts wins."""
    raise NotImplementedError


def needs_stash(process: CalcJob) -> bool:
    """Whether `metadata.options.stash` asks for something."""
    raise NotImplementedError


def needs_unstash(process: CalcJob) -> bool:
    """Whether `metadata.options.unstash` asks for something."""
    raise NotImplementedError


async def stash(process: CalcJob, pool: TransportPool, directory: str) -> Stashed:
    """Copy or pack the listed files to the stash; `reason` set and no node: exit code 160."""
    raise NotImplementedError


async def unstash(process: CalcJob, pool: TransportPool, directory: str) -> None:
    """Bring stashed files into the attempt directory or back to where they came from."""
    raise NotImplementedError


async def retrieve(process: CalcJob, pool: TransportPool, directory: str, temporary: str) -> Retrieved:
    """Fetch what the node's retrieve lists say into a new `FolderData` and into the existing local folder `temporary`."""
    raise NotImplementedError


async def cancel(process: CalcJob, pool: TransportPool, job_id: str) -> bool:
    """Ask the scheduler to kill the job; False if it said that it cannot (a job that is gone counts as cancelled)."""
    raise NotImplementedError


async def cancel_by_tag(process: CalcJob, pool: TransportPool, directory: str) -> list[str]:
    """Kill whatever the queue shows for this directory (after a revocation); the ids that were killed."""
    raise NotImplementedError


def parse(process: CalcJob, temporary: str | None, exit_code: ExitCode | None = None) -> ExitCode | None:
    """Scheduler output first, then the Parser plugin; outputs go to the process. User code: call it in the user thread."""
    raise NotImplementedError
