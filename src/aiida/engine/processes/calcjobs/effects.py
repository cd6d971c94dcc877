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

import asyncio
import math
import os
import shutil
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from aiida.common.exit_code import ExitCode
from aiida.common.folders import SandboxFolder
from aiida.orm import RemoteData
from aiida.schedulers.guard import add_fence

from . import plan as planning
from . import transfer
from .asking import Asking
from .facts import (
    Accepted,
    Answer,
    Ended,
    Gone,
    JobInFlight,
    Listing,
    MonitorActed,
    NotYet,
    Prepared,
    Recovery,
    Renamed,
    Retrieved,
    Revoked,
    Stashed,
    Unknown,
    Uploaded,
    Verdict,
    name_of_job,
)
from .monitors import CalcJobMonitors
from .poller import MISSES

if TYPE_CHECKING:
    from aiida.engine.processes.calcjobs.calcjob import CalcJob
    from aiida.orm import AuthInfo
    from aiida.transports.pool import TransportPool

#: seconds that a job without any evidence must stay away before it counts as vanished.
VANISHED_AFTER = 300.0


# --- prepare and upload ------------------------------------------------------------------------------------------------


def prepare(process: CalcJob) -> Prepared:
    """Run `prepare_for_submission` in a fresh sandbox and draw the plan. User code: call it in the user thread.

    Input files and `.aiida` are put into the object store; nothing is written to the database.
    """
    folder, staging = SandboxFolder(), SandboxFolder()
    try:
        calc_info = process.prepare_for_submission(folder)
        imported = process.inputs.get("remote_folder")
        if imported is not None:
            return _prepare_import(process, calc_info, folder, imported)
        plan = planning.build(process, calc_info, folder)
        metadata = transfer.record_in_repository(process.node, folder, plan.exclude)
        transfer.stage_portable(process, plan, folder)
        transfer.stage_local(process, plan, staging)
    except BaseException:
        folder.erase()
        staging.erase()
        raise
    attributes = {"retrieve_list": _plain(plan.retrieve), "retrieve_temporary_list": _plain(plan.retrieve_temporary)}
    return Prepared(plan=plan, folder=folder, staging=staging, attributes=attributes, repository_metadata=metadata)


def _prepare_import(process: CalcJob, calc_info: Any, folder: SandboxFolder, imported: RemoteData) -> Prepared:
    """A job that somebody else has run: only the lists of files are needed."""
    retrieve = planning.complete(calc_info, process.node.uuid, process.node.get_options())
    path = imported.get_remote_path()
    plan = planning.Plan(script="", skip_submit=True, imported=path, retrieve=retrieve)
    temporary = list(calc_info.retrieve_temporary_list or [])
    attributes = {
        "imported": True,
        "remote_workdir": path,
        "retrieve_list": _plain(plan.retrieve),
        "retrieve_temporary_list": _plain(temporary),
    }
    return Prepared(plan=plan, folder=folder, attributes=attributes)


def _plain(directives: Sequence[Any]) -> list[Any]:
    return [list(item) if isinstance(item, (list, tuple)) else item for item in directives]


async def upload(process: CalcJob, pool: TransportPool, prepared: Prepared) -> Uploaded:
    """Make an exclusive fresh attempt directory and fill it as the plan says. May be repeated: each call takes a new one."""
    plan, node = prepared.plan, process.node
    if plan.imported:
        prepared.folder.erase()
        return Uploaded(directory=plan.imported, script="", skip_submit=True)
    scheduler = node.computer.get_scheduler()
    authinfo = node.get_authinfo()
    async with pool.transport(authinfo) as transport:
        directory = await transfer.make_directory(transport, authinfo, node.uuid)
        if not plan.skip_submit:
            _write_script(prepared, directory, scheduler)
        staging = prepared.staging.abspath if prepared.staging is not None else ""
        await transfer.put_input_files(
            transport, plan, prepared.folder.abspath, staging, directory, node.computer.uuid, process.logger
        )
    await asyncio.to_thread(_erase, prepared)
    return Uploaded(
        directory=directory,
        script=plan.script,
        skip_submit=plan.skip_submit,
        attributes={"remote_workdir": directory},
        remote_folder=RemoteData(computer=node.computer, remote_path=directory),
    )


def _write_script(prepared: Prepared, directory: str, scheduler: Any) -> None:
    """Write the script with the fence, which names the directory, over the one that the node keeps."""
    plan = prepared.plan
    text, payload = add_fence(plan.script_text, directory, scheduler.fence_terms, rerunnable=plan.rerunnable)
    with open(prepared.folder.get_abs_path(plan.script), "w", encoding="utf-8") as handle:
        handle.write(text)
    if payload is not None:
        with open(os.path.join(prepared.folder.abspath, planning.RECORDS, "payload"), "w", encoding="utf-8") as handle:
            handle.write(payload)


def _erase(prepared: Prepared) -> None:
    for folder in (prepared.folder, prepared.staging):
        if folder is not None:
            shutil.rmtree(folder.abspath, ignore_errors=True)


# --- submit and recover ------------------------------------------------------------------------------------------------


def _asking(process: CalcJob, transport: Any) -> Asking:
    return Asking(process.node.computer.get_scheduler(), transport)


async def submit(process: CalcJob, pool: TransportPool, directory: str, script: str, me: str) -> Answer:
    """Ask the scheduler through the guard (PROTOCOL 10.2). `me` must be unique per call: e.g. ``<worker>-<epoch>-<seq>``."""
    async with pool.transport(process.node.get_authinfo()) as transport:
        return await _asking(process, transport).submit(directory, script, me)


async def recover(
    process: CalcJob, pool: TransportPool, directory: str, script: str, me: str, *, revoke: bool = False, epoch: int = 0
) -> Recovery:
    """One look after an unknown answer (PROTOCOL 10.4, 1-3; with `revoke` also 5). `Unknown` means: wait and look again.

    The caller keeps the bounded wait: at least two successful looks (at 3 and 1 minutes before the end), then ``revoke=True``.
    """
    async with pool.transport(process.node.get_authinfo()) as transport:
        return await _recover(_asking(process, transport), directory, script, me, revoke, epoch)


async def _recover(asking: Asking, directory: str, script: str, me: str, revoke: bool, epoch: int) -> Recovery:
    """The order of 10.4: the guard again, the fence, the queue and accounting, and in the end the revocation."""
    answer = await asking.submit(directory, script, me)
    if not isinstance(answer, Unknown):
        return answer
    found = await asking.look(directory)
    if found is not None:
        return found
    tagged = await asking.search(directory)
    if tagged:
        return Accepted(job_id=tagged[0], found_by="queue")
    return await asking.revoke(directory, epoch) if revoke else answer


async def revoke(process: CalcJob, pool: TransportPool, directory: str, epoch: int) -> Recovery:
    """Take the fence ourselves and read it: `Revoked`, or `Accepted` (a job had started), or `Gone`."""
    if not directory:
        return Revoked(reason="nothing was uploaded")
    async with pool.transport(process.node.get_authinfo()) as transport:
        return await _asking(process, transport).revoke(directory, epoch)


# --- follow ------------------------------------------------------------------------------------------------------------


async def list_jobs(authinfo: AuthInfo, pool: TransportPool, jobs: Sequence[JobInFlight]) -> Listing:
    """One query for all jobs of a login: end marks first, then the queue. Never raises for a failed queue command: see `complete`."""
    computer = authinfo.computer
    async with pool.transport(authinfo) as transport:
        return await Asking(computer.get_scheduler(), transport).list_jobs(jobs)


async def look_ended(process: CalcJob, pool: TransportPool, job: JobInFlight, listing: Listing) -> Verdict:
    """Decide about a job that a listing did not show (PROTOCOL 10.5), asking accounting and the fence as far as needed."""
    interval = max(0.5, float(process.node.computer.get_minimum_job_poll_interval()))
    patience = max(MISSES, math.ceil(VANISHED_AFTER / interval))
    async with pool.transport(process.node.get_authinfo()) as transport:
        return await _look_ended(_asking(process, transport), job, listing, patience)


async def _look_ended(asking: Asking, job: JobInFlight, listing: Listing, patience: int) -> Verdict:
    misses = job.misses + 1
    info = listing.jobs.get(job.job_id, {})
    found = await asking.look(job.directory)
    if isinstance(found, (Revoked, Gone)):
        over = bool(info) or await asking.is_over(job.job_id, job.directory)
        return Ended(evidence="accounting", info=info) if isinstance(found, Gone) and over else found
    if isinstance(found, Accepted) and asking.knows_ids and not asking.same(found.job_id, job.job_id):
        return Renamed(job_id=found.job_id)
    if found is None and (info or misses >= MISSES) and await _is_given_again(asking, job, bool(info)):
        taken = await asking.revoke(job.directory, 0)
        return Renamed(job_id=taken.job_id) if isinstance(taken, Accepted) else taken  # type: ignore[return-value]
    over = True if info else await asking.is_over(job.job_id, job.directory)
    if over is False:
        return NotYet(misses=0, reason="accounting says that the job goes on")
    if over or listing.absence_is_evidence or misses >= patience:
        if found is None:
            taken = await asking.revoke(job.directory, 0)
            if isinstance(taken, Accepted):
                return Renamed(job_id=taken.job_id)
            # Ended for certain and never begun: nothing to run again if the scheduler has spoken, else a new attempt.
            return Ended(evidence="accounting", info=info) if over and isinstance(taken, Revoked) else taken  # type: ignore[return-value]
        return Ended(evidence="queue" if info else "accounting" if over else "vanished", info=info)
    return NotYet(misses=misses, reason="the queue does not show the job, and nothing says that it ended")


async def _is_given_again(asking: Asking, job: JobInFlight, in_queue: bool) -> bool:
    """Whether the id is another job's: by accounting, and by the queue, which knows it first."""
    if await asking.is_another(job.job_id, job.directory):
        return True
    return in_queue and await asking.is_given_again(job.job_id, job.directory, name_of_job(job.process))


async def detailed_job_info(process: CalcJob, pool: TransportPool, job_id: str) -> dict[str, Any] | None:
    """What accounting says, in the form of the attribute `detailed_job_info`; None if the scheduler cannot tell."""
    if not process.node.computer.get_scheduler().can_get_detailed_job_info():
        return None
    async with pool.transport(process.node.get_authinfo()) as transport:
        return await _asking(process, transport).accounting(job_id)


async def run_monitors(process: CalcJob, pool: TransportPool, disabled: Collection[str] = ()) -> MonitorActed | None:
    """Call the monitors that are due; the first one that acts wins. They are user code that blocks, so they get a thread.

    Which are `disabled` the journal knows; when each was called last knows only the worker: another one calls them at once.
    """
    monitors = getattr(process, "_live_monitors", None)
    if monitors is None:
        monitors = CalcJobMonitors(dict(process.inputs.monitors))
        monitors.disable(disabled)
        process._live_monitors = monitors  # type: ignore[attr-defined]
    async with pool.transport(process.node.get_authinfo()) as transport:
        result = await asyncio.to_thread(monitors.process, process.node, transport)
    if result is None:
        return None
    return MonitorActed(
        monitor=result.key or "",
        message=result.message or "",
        action=result.action.value,
        retrieve=result.retrieve,
        parse=result.parse,
        override_exit_code=result.override_exit_code,
        outputs=dict(result.outputs or {}),
    )


async def cancel(process: CalcJob, pool: TransportPool, job_id: str) -> bool:
    """Ask the scheduler to kill the job; False if it said that it cannot (a job that is gone counts as cancelled)."""
    node = process.node
    directory, name = node.get_remote_workdir(), name_of_job(node.pk)
    async with pool.transport(node.get_authinfo()) as transport:
        asking = _asking(process, transport)
        if directory and await asking.is_given_again(job_id, directory, name):
            node.logger.warning("job %s is another one by now: ours has ended, nothing is cancelled", job_id)
            return True
        return await asking.kill(job_id)


async def cancel_by_tag(process: CalcJob, pool: TransportPool, directory: str) -> list[str]:
    """Kill whatever the queue shows for this directory (after a revocation); the ids that were killed."""
    async with pool.transport(process.node.get_authinfo()) as transport:
        asking = _asking(process, transport)
        return [job_id for job_id in await asking.search(directory) if await asking.kill(job_id)]


# --- stash and retrieve --------------------------------------------------------------------------------------------------


def needs_stash(process: CalcJob) -> bool:
    """Whether `metadata.options.stash` asks for something."""
    return bool((process.node.get_option("stash") or {}).get("target_base"))


def needs_unstash(process: CalcJob) -> bool:
    """Whether `metadata.options.unstash` asks for something."""
    return bool(process.node.get_option("unstash"))


async def stash(process: CalcJob, pool: TransportPool, directory: str) -> Stashed:
    """Copy or pack the listed files to the stash; `reason` set and no node: exit code 160."""
    node = process.node
    options = dict(node.get_option("stash") or {})
    source = process.inputs.get("source_node")
    workdir = source.get_remote_path() if isinstance(source, RemoteData) else directory
    async with pool.transport(node.get_authinfo()) as transport:
        try:
            made = await transfer.stash_files(transport, workdir, node.uuid, node.computer, options, process.logger)
        except (FileNotFoundError, FileExistsError, ValueError, NotImplementedError) as error:
            return Stashed(reason=str(error))
    return Stashed(remote_stash=made)


async def unstash(process: CalcJob, pool: TransportPool, directory: str) -> None:
    """Bring stashed files into the attempt directory or back to where they came from."""
    options = dict(process.node.get_option("unstash") or {})
    source = process.inputs["source_node"]
    original = transfer.original_place(source) if options.get("unstash_target_mode") == "OriginalPlace" else ""
    async with pool.transport(process.node.get_authinfo()) as transport:
        await transfer.unstash_files(transport, directory, source, options, original, process.logger)


async def retrieve(process: CalcJob, pool: TransportPool, directory: str, temporary: str) -> Retrieved:
    """Fetch what the node's retrieve lists say into a new `FolderData` and into the existing local folder `temporary`."""
    node = process.node
    listed, passing = node.get_retrieve_list() or [], node.get_retrieve_temporary_list() or []
    async with pool.transport(node.get_authinfo()) as transport:
        folder = await transfer.retrieve_folder(transport, directory, listed, process.logger)
        if passing:
            await transfer.retrieve_into(transport, directory, temporary, passing, process.logger)
    return Retrieved(folder=folder, temporary=temporary if passing else None)


def parse(
    process: CalcJob, temporary: str | None, exit_code: ExitCode | None = None, ended: dict[str, Any] | None = None
) -> ExitCode | None:
    """Scheduler output first, then the Parser plugin; outputs go to the process. User code: call it in the user thread."""
    process._ran_to_its_end = (ended or {}).get("evidence") == "mark" and (ended or {}).get("exit_status") == 0
    return process.parse(temporary, exit_code)
