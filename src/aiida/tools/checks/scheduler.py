"""Whether a scheduler plugin does what the engine builds on: one suite for all, against the real scheduler.

`check_scheduler(scheduler, transport, remote, resources)` submits a handful of short jobs through the guard, follows them by marks and
queue as the engine does, and raises AssertionError at the first promise that is broken. `remote` is an empty folder that the jobs can
see; `wait` is called between looks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiida.common.datastructures import CodeRunMode
from aiida.engine.processes.calcjobs.asking import Asking
from aiida.engine.processes.calcjobs.facts import Accepted, Ended, JobInFlight, Revoked, Unknown, Verdict
from aiida.engine.processes.calcjobs.poller import judge
from aiida.schedulers import Scheduler
from aiida.schedulers.datastructures import JobTemplate, JobTemplateCodeInfo
from aiida.schedulers.guard import MARKS, add_fence
from aiida.transports import AsyncTransport, Transport

__all__ = ("check_scheduler",)

LOOKS = 240


def check_scheduler(
    scheduler: Scheduler,
    transport: Transport,
    remote: str,
    resources: Mapping[str, Any],
    wait: Callable[[], None] = lambda: time.sleep(0.5),
) -> None:
    """Run all checks with an open transport."""
    suite = _Suite(scheduler, transport, remote, dict(resources), wait)
    if isinstance(transport, AsyncTransport):
        transport.run_command_blocking(suite.run)  # the connection lives on a loop of its own
    else:
        asyncio.run(suite.run())


def _expect(condition: Any, text: str) -> None:
    if not condition:
        raise AssertionError(text)


class _Suite:
    def __init__(
        self, scheduler: Scheduler, transport: Transport, remote: str, resources: dict[str, Any], wait: Callable[[], None]
    ) -> None:
        self.scheduler, self.transport, self.remote, self.resources, self.wait = scheduler, transport, remote, resources, wait
        self.count = 0
        self.asking = Asking(scheduler, transport)

    async def run(self) -> None:
        """All checks."""
        for check in (self.runs_once, self.exit_status, self.kill, self.revoked, self.refused, self.unknown_id, self.many):
            try:
                await check()
            except AssertionError as error:
                raise AssertionError(f"{type(self.scheduler).__name__}, {check.__name__}: {error}") from error

    # --- what the checks are made of -----------------------------------------------------------------------------------------

    def _prepare(self, command: str, *, rerunnable: bool = False, **settings: Any) -> str:
        """Make the directory of a job that runs `command`."""
        self.count += 1
        directory = f"{self.remote}/job {self.count}"
        self.transport.makedirs(f"{directory}/{MARKS}")
        template = JobTemplate()
        template.job_name, template.sched_output_path, template.sched_error_path = f"aiida-{self.count}", "out", "err"
        template.job_resource = self.scheduler.create_job_resource(**self.resources)
        template.codes_info = [JobTemplateCodeInfo(cmdline_params=["bash", "-c", command])]
        template.codes_run_mode, template.import_sys_environment = CodeRunMode.SERIAL, True
        template.max_wallclock_seconds, template.rerunnable = 120, rerunnable
        template.update(settings)
        script = self.scheduler.get_submit_script(template)
        text, _ = add_fence(script, directory, self.scheduler.fence_terms, rerunnable=rerunnable)
        self.transport.exec_command_wait("cat > job.sh", stdin=text, workdir=directory)
        return directory

    async def prepare(self, command: str, **options: Any) -> str:
        """Make the directory of a job that runs `command`; blocking faces are kept off the loop."""
        return await asyncio.to_thread(lambda: self._prepare(command, **options))

    async def submit(self, directory: str, me: str = "check-1") -> str:
        """Submit, and return the id."""
        answer = await self.asking.submit(directory, "job.sh", me)
        _expect(isinstance(answer, Accepted), f"a job is accepted: {answer}")
        assert isinstance(answer, Accepted)
        return answer.job_id

    async def follow(self, directory: str, job_id: str) -> tuple[Verdict, set[str]]:
        """Look until the job has ended; return the verdict and the states seen."""
        misses = 0
        states: set[str] = set()
        for _ in range(LOOKS):
            job = JobInFlight(process=1, directory=directory, job_id=job_id, misses=misses)
            listing = await self.asking.list_jobs([job])
            verdict = judge(job, listing)
            if isinstance(verdict, Ended):
                return verdict, states
            if verdict is None and (await self.asking.is_over(job_id, directory) or listing.absence_is_evidence):
                return Ended(evidence="accounting"), states
            misses = getattr(verdict, "misses", misses)
            states.add(getattr(verdict, "state", ""))
            await self.pause()
        raise AssertionError(f"the end of {job_id} was not seen in {LOOKS} looks; states: {states}")

    async def read(self, directory: str, name: str) -> str:
        """Return what a file holds, nothing if it is not there."""
        _, out, _ = await self.transport.exec_command_wait_async(f"cat {name} 2>/dev/null", workdir=directory)
        return str(out)

    async def pause(self) -> None:
        """Wait between looks."""
        await asyncio.to_thread(self.wait)

    # --- the checks --------------------------------------------------------------------------------------------------------------

    async def runs_once(self) -> None:
        """Asked three times by three callers, submitted once, run once, ended by its mark."""
        directory = await self.prepare("echo ran >> ran; pwd > where; sleep 1")
        first = await self.submit(directory)
        again = [await self.submit(directory, f"check-{i}") for i in (2, 3)]
        _expect(again == [first, first], f"everybody is told the same id: {first}, {again}")
        verdict, _ = await self.follow(directory, first)
        assert isinstance(verdict, Ended)
        _expect(verdict.evidence == "mark" and verdict.exit_status == 0, f"the end is known by the mark: {verdict}")
        _expect(await self.read(directory, "ran") == "ran\n", "the payload ran once")
        where = (await self.read(directory, "where")).strip()
        _expect(where == await self.transport.normalize_async(directory), f"in its directory, not {where}")
        found = await self.asking.look(directory)
        _expect(isinstance(found, Accepted) and self.asking.same(found.job_id, first), f"the fence names the job {first}: {found}")

    async def exit_status(self) -> None:
        """The exit status of the script is on the mark, the error output in its file."""
        directory = await self.prepare("echo told >&2; exit 3", append_text="exit 3")
        verdict, _ = await self.follow(directory, await self.submit(directory))
        assert isinstance(verdict, Ended)
        _expect(verdict.exit_status == 3, f"the exit status is on the mark: {verdict}")
        _expect("told" in await self.read(directory, "err"), "error output is in its file")

    async def kill(self) -> None:
        """A job is killed, and its end is seen."""
        directory = await self.prepare("sleep 300; echo over > over")
        job_id = await self.submit(directory)
        for _ in range(LOOKS):
            if await self.asking.look(directory) is not None:
                break
            await self.pause()
        _expect(await self.asking.kill(job_id), "the request to kill is taken")
        await self.follow(directory, job_id)
        _expect(await self.read(directory, "over") == "", "the payload did not go on")

    async def revoked(self) -> None:
        """A job whose directory was revoked before it began does nothing."""
        directory = await self.prepare("echo ran > ran")
        _expect(isinstance(await self.asking.revoke(directory, 3), Revoked), "the fence is free and can be taken")
        answer = await self.asking.submit(directory, "job.sh", "check-1")
        _expect(isinstance(answer, Unknown), f"a revoked directory is not submitted: {answer}")
        command = self.scheduler._get_submit_command("job.sh")
        status, out, err = await self.transport.exec_command_wait_async(command, workdir=directory)
        job_id = self.scheduler._parse_submit_output(status, out, err)
        for _ in range(LOOKS):
            job = JobInFlight(process=1, directory=directory, job_id=job_id)
            info = (await self.asking.list_jobs([job])).jobs.get(job_id)
            if info is None or info["job_state"] == "done":
                break
            await self.pause()
        _expect(await self.read(directory, "ran") == "", "a job that comes all the same is turned away")
        _expect(await self.asking.look(directory) == Revoked(reason="the attempt was revoked before"), "and the fence stays ours")

    async def refused(self) -> None:
        """A script that is not there is no accepted job."""
        directory = await self.prepare("true")
        await self.transport.remove_async(f"{directory}/job.sh")
        answer = await self.asking.submit(directory, "job.sh", "check-1")
        if isinstance(answer, Accepted):  # direct execution starts a shell that finds nothing
            _expect(self.scheduler.absence_is_evidence, f"a script that is not there is refused: {answer}")

    async def unknown_id(self) -> None:
        """An id that nobody knows is an empty listing, not a failed one."""
        sample = "999999:1:0" if self.scheduler.absence_is_evidence else "99999999"
        job = JobInFlight(process=1, directory=self.remote, job_id=sample)
        listing = await self.asking.list_jobs([job])
        _expect(listing.complete and not listing.jobs, f"an unknown id is not listed: {listing}")

    async def many(self) -> None:
        """Ten jobs in one listing."""
        directories = [await self.prepare("sleep 1") for _ in range(10)]
        ids = [await self.submit(directory) for directory in directories]
        _expect(len(set(ids)) == 10, "each has an id of its own")
        jobs = [JobInFlight(process=i, directory=d, job_id=j) for i, (d, j) in enumerate(zip(directories, ids, strict=True))]
        for _ in range(LOOKS):
            listing = await self.asking.list_jobs(jobs)
            if all(isinstance(judge(job, listing), Ended) for job in jobs):
                return
            await self.pause()
        raise AssertionError(f"not all of ten jobs ended: {listing}")
