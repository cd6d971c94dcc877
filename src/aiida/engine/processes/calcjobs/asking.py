"""Questions to a scheduler over an open transport, each with an answer that says how far it can be trusted (PROTOCOL 10).

Schedulers that are driven by commands are asked in one command each: through the guard for a submission, marks and queue together for
a listing. A scheduler of another kind (an interface over HTTP, say) is asked through its own methods, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from aiida.common.escaping import escape_for_bash
from aiida.common.exceptions import FeatureNotAvailable
from aiida.common.exit_code import ExitCode
from aiida.schedulers import guard
from aiida.schedulers.datastructures import JobInfo, JobState
from aiida.schedulers.plugins.bash import BashCliScheduler
from aiida.schedulers.scheduler import Scheduler, SchedulerError

from .facts import Accepted, Answer, EndMark, Gone, JobInFlight, Listing, Recovery, Refused, Revoked, Unknown

if TYPE_CHECKING:
    from aiida.transports import Transport

__all__ = ("Asking",)

_QUEUE, _STATUS = "=====aiida-queue=====", "=====aiida-status====="
#: directories per command: a command is one argument of a shell, which has a limit of 128 kB.
_CHUNK = 150

GONE = "the directory of the job has vanished, and with it the evidence of what became of it"


class Asking:
    """A scheduler and the transport to where its commands are."""

    def __init__(self, scheduler: Scheduler, transport: Transport) -> None:
        scheduler.set_transport(transport)
        self.scheduler = scheduler
        self.transport = transport

    @property
    def knows_ids(self) -> bool:
        """Whether the fence names jobs by the ids that the scheduler gives them."""
        return bool(self.scheduler.fence_terms.run)

    def same(self, one: str, other: str) -> bool:
        """Whether two texts name the same job."""
        return self.scheduler.same_job(one, other)

    # --- submitting --------------------------------------------------------------------------------------------------------

    async def submit(self, directory: str, script: str, me: str) -> Answer:
        """Run the guard."""
        scheduler = self.scheduler
        if not isinstance(scheduler, BashCliScheduler) or type(scheduler).submit_job is not BashCliScheduler.submit_job:
            return await self._submit_by_method(directory, script, me)
        command = scheduler._get_submit_command(escape_for_bash(script))
        guarded = guard.render_guard(directory, me, command)
        if scheduler.submits_from_any_shell:
            guarded = f"exec sh -c {escape_for_bash(guarded)}"
        reply = guard.parse_guard(*await self.transport.exec_command_wait_async(guarded))
        if reply.code == guard.NO_DIRECTORY:
            return Unknown(reason=GONE)
        if reply.code == guard.REVOKED:
            return Unknown(reason="a job of this directory has begun, or it was revoked")
        if reply.code is not None:
            return Unknown(reason=f"the scheduler was asked before, its answer is not known; {reply.err}".rstrip("; "))
        answer = read_answer(scheduler, reply)
        if isinstance(answer, Refused) and answer.away:
            # Words are no proof: with the fence taken none of the jobs of this directory can run, whatever was meant.
            taken = await self.revoke(directory, 0)
            return answer if isinstance(taken, Revoked) else taken if isinstance(taken, Accepted) else Unknown(reason=answer.reason)
        return answer

    async def _submit_by_method(self, directory: str, script: str, me: str) -> Answer:
        """For a scheduler without commands: the lock by the transport, then its own method. No receipt can be kept."""
        lock = f"{directory}/{guard.MARKS}/lock"
        guard.check_maker(me)
        try:
            await self.transport.symlink_async(me, lock)
        except OSError as error:
            return Unknown(reason=f"the scheduler was asked before, its answer is not known: {error}")
        try:
            answer = await asyncio.to_thread(self.scheduler.submit_job, directory, script)
        except SchedulerError as error:
            return Unknown(reason=str(error))
        if isinstance(answer, ExitCode):
            return Refused(reason=answer.message or "the scheduler refused the job", exit_code=answer)
        return Accepted(job_id=str(answer))

    async def look(self, directory: str) -> Accepted | Revoked | Gone | None:
        """Whose the fence is; None: nobody's."""
        seen = guard.parse_look(*(await self.transport.exec_command_wait_async(guard.render_look(directory)))[:2])
        if seen is None:
            return Gone(reason=f"{GONE}: {directory}")
        fence, receipt = seen
        if not fence:
            return None
        if fence.startswith("revoked:"):
            return Revoked(reason="the attempt was revoked before")
        if not self.knows_ids and receipt is not None:
            answer = read_answer(self.scheduler, receipt)
            return answer if isinstance(answer, Accepted) else Accepted(job_id=fence, found_by="fence")
        return Accepted(job_id=fence, found_by="fence")

    async def revoke(self, directory: str, epoch: int) -> Recovery:
        """Take the fence and read it."""
        fence = guard.parse_revoke(*(await self.transport.exec_command_wait_async(guard.render_revoke(directory, epoch)))[:2])
        if fence is None:
            return Gone(reason=f"{GONE}: {directory}")
        if fence.startswith("revoked:"):
            return Revoked(reason="the scheduler's answer stayed unknown: the attempt was revoked, none of its jobs can run")
        return Accepted(job_id=fence, found_by="fence")

    async def search(self, directory: str) -> list[str]:
        """Return ids of jobs whose working directory is this one, from queue or accounting."""
        try:
            command = self.scheduler._get_tag_search_command(directory, None)
        except FeatureNotAvailable:
            return []
        return self.scheduler._parse_tag_search(directory, *await self.transport.exec_command_wait_async(command))

    # --- listing -------------------------------------------------------------------------------------------------------------

    async def list_jobs(self, jobs: Sequence[JobInFlight]) -> Listing:
        """Read the end marks, then the queue."""
        listing = Listing(complete=True, absence_is_evidence=self.scheduler.absence_is_evidence)
        chunks = [list(jobs[i : i + _CHUNK]) for i in range(0, len(jobs), _CHUNK)]
        queue = await self._queue_command(jobs)
        for number, chunk in enumerate(chunks):
            last = number == len(chunks) - 1
            command = render_marks(chunk) + (render_queue(queue) if queue is not None and last else "exit 0\n")
            status, out, err = await self.transport.exec_command_wait_async(command)
            marks, found, rest = out.partition(f"{_QUEUE}\n")
            self._read_marks(marks, chunk, listing)
            if queue is not None and last:
                self._read_queue(rest if found else None, status, err, jobs, listing)
        if queue is None and listing.complete:
            await self._list_by_method(jobs, listing)
        return listing

    async def _queue_command(self, jobs: Sequence[JobInFlight]) -> str | None:
        """Return the command that lists these jobs, or None for a scheduler that has its own way."""
        scheduler = self.scheduler
        if not isinstance(scheduler, BashCliScheduler):
            return None
        if type(scheduler).get_jobs is not BashCliScheduler.get_jobs and not scheduler.absence_is_evidence:
            return None
        try:
            return scheduler._get_joblist_command(jobs=[job.job_id for job in jobs])
        except FeatureNotAvailable:
            return scheduler._get_joblist_command(user=await self._user())

    async def _user(self) -> str:
        """The user on the machine, asked once per connection."""
        known = getattr(self.transport, "_aiida_user", None)
        if known is None:
            known = await self.transport.whoami_async()
            self.transport._aiida_user = known
        return str(known)

    def _read_marks(self, text: str, jobs: Sequence[JobInFlight], listing: Listing) -> None:
        by_process = {job.process: job for job in jobs}
        for line in text.splitlines():
            words = line.split()
            if len(words) < 2 or words[0] not in ("aiida-mark", "aiida-gone") or not words[1].isdigit():
                continue  # what a login shell prints
            job = by_process.get(int(words[1]))
            if job is None:
                continue
            if words[0] == "aiida-gone":
                listing.missing_directories.add(job.process)
            elif len(words) == 5 and words[3].isdigit() and words[4].isdigit():
                if not self.knows_ids or self.same(words[2], job.job_id):
                    listing.marks[job.process] = EndMark(job_id=job.job_id, restarts=int(words[3]), exit_status=int(words[4]))
                listing.fences[job.process] = words[2]

    def _read_queue(
        self, text: str | None, status: int, err: str, jobs: Sequence[JobInFlight], listing: Listing
    ) -> None:
        body, found, rest = (text or "").rpartition(f"{_STATUS} ")
        if text is None or not found or not rest.strip().isdigit():
            listing.complete = False
            listing.reason = f"the listing was cut short (exit status {status}): {err.strip()[-500:]}"
            return
        assert isinstance(self.scheduler, BashCliScheduler)
        try:
            infos = self.scheduler._parse_joblist_output(int(rest.strip()), body, err)
        except SchedulerError as error:
            listing.complete, listing.reason = False, str(error)
            return
        self._match(infos, jobs, listing)

    async def _list_by_method(self, jobs: Sequence[JobInFlight], listing: Listing) -> None:
        ids = [job.job_id for job in jobs]
        try:
            if self.scheduler.get_feature("can_query_by_user"):
                user = await self.transport.whoami_async()
                infos = await asyncio.to_thread(self.scheduler.get_jobs, None, user)
            else:
                infos = await asyncio.to_thread(self.scheduler.get_jobs, ids)
        except SchedulerError as error:
            listing.complete, listing.reason = False, str(error)
            return
        self._match(cast("list[JobInfo]", infos), jobs, listing)

    def _match(self, infos: Sequence[JobInfo], jobs: Sequence[JobInFlight], listing: Listing) -> None:
        """Note what was said of our jobs; of several lines about one (an array), the liveliest counts."""
        by_id = {info.job_id: info for info in infos if info.job_state is not JobState.DONE}
        for one in infos:
            by_id.setdefault(one.job_id, one)
        for job in jobs:
            info = by_id.get(job.job_id)
            if info is None:
                same = [each for each in infos if each.job_id and self.same(each.job_id, job.job_id)]
                info = next((each for each in same if each.job_state is not JobState.DONE), same[0] if same else None)
            if info is not None:
                listing.jobs[job.job_id] = {**info.get_dict(), "job_id": job.job_id}

    # --- accounting and killing ------------------------------------------------------------------------------------------------

    async def accounting(self, job_id: str) -> dict[str, Any] | None:
        """Return what accounting prints, or None."""
        try:
            command = self.scheduler._get_detailed_job_info_command(job_id)
        except (FeatureNotAvailable, NotImplementedError):
            return None
        retval, stdout, stderr = await self.transport.exec_command_wait_async(command)
        return {"retval": retval, "stdout": stdout, "stderr": stderr}

    async def is_over(self, job_id: str, directory: str) -> bool | None:
        """What accounting says about the end of the job of a directory; None: nothing, or it speaks of another job with this id."""
        said = await self.accounting(job_id)
        if said is None or not self.scheduler.is_about(said, directory):
            return None
        return self.scheduler.is_job_ended(said)

    async def is_another(self, job_id: str, directory: str) -> bool:
        """Whether accounting gives this id to a job of another directory: a scheduler that lost ours in a crash gave the id again."""
        said = await self.accounting(job_id)
        return said is not None and not self.scheduler.is_about(said, directory)

    async def is_given_again(self, job_id: str, directory: str, name: str) -> bool:
        """Whether the queue shows another job under this id; no answer is no reason to believe so."""
        try:
            command = self.scheduler._get_bearer_command(job_id)
        except FeatureNotAvailable:
            return False
        status, out, _ = await self.transport.exec_command_wait_async(command)
        return self.scheduler._is_borne_by_another(directory, name, status, out)

    async def kill(self, job_id: str) -> bool:
        """Ask for the job to be killed."""
        scheduler = self.scheduler
        if not isinstance(scheduler, BashCliScheduler) or type(scheduler).kill_job is not BashCliScheduler.kill_job:
            return await asyncio.to_thread(scheduler.kill_job, job_id)
        result = await self.transport.exec_command_wait_async(scheduler._get_kill_command(job_id))
        return scheduler._parse_kill_output(*result)


def read_answer(scheduler: BashCliScheduler | Scheduler, reply: guard.GuardReply) -> Answer:
    """Read what the submit command said: an id, a definite refusal, or nothing to build on."""
    assert isinstance(scheduler, BashCliScheduler)
    said = (reply.err.strip() or reply.out.strip())[-2000:]
    if reply.status in (126, 127):
        return Refused(reason=f"the submit command cannot be run there; is the scheduler on the PATH of a login shell? {said}", permanent=True)
    try:
        answer = scheduler._parse_submit_output(reply.status, reply.out, reply.err)
    except SchedulerError as error:
        if reply.status != 0 and any(words in said.lower() for words in scheduler.never_reached):
            return Refused(reason=said, away=True)
        for beginning, permanent in scheduler.definite_refusals.items():
            if reply.status != 0 and beginning in said.lower():
                return Refused(reason=said, permanent=permanent)
        return Unknown(reason=str(error))
    if isinstance(answer, ExitCode):
        return Refused(reason=answer.message or said, exit_code=answer)
    return Accepted(job_id=answer)


def render_marks(jobs: Sequence[JobInFlight]) -> str:
    """Return the lines that print the end marks of jobs; no command is started but the shell itself.

    An array writes a mark per task: it has ended when every task that began has.
    """
    lines = [
        "aiida_look() {",
        '  if ! cd -- "$2" 2>/dev/null; then echo "aiida-gone $1"; return; fi',
        "  m=; for f in begun.*; do",
        '    if [ -f "ended.${f#begun.}" ]; then read -r m < "ended.${f#begun.}"; else m=; break; fi',
        "  done",
        '  [ -n "$m" ] && echo "aiida-mark $1 $m"',
        "}",
    ]
    lines += [f"aiida_look {job.process} {escape_for_bash(f'{job.directory}/{guard.MARKS}')}" for job in jobs]
    return "\n".join([*lines, "cd /", ""])


def render_queue(command: str) -> str:
    """Return the lines that run the listing between marks of our own, with its exit status."""
    return f"echo {_QUEUE}\n{{ {command}\n}}\necho \"{_STATUS} $?\"\n"
