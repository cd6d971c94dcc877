"""The steps of a job as coroutines over a transport queue, under the names that plugins know.

They are thin: each asks `effects` for one thing and writes on the node what the classic function of that name wrote. The engine does not
use them, as it records an intent before each effect; code that drives a job by hand does.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import TYPE_CHECKING, Any

from aiida.common.exit_code import ExitCode
from aiida.common.links import LinkType
from aiida.common.log import AIIDA_LOGGER
from aiida.schedulers.datastructures import JobState

from . import effects
from .facts import Accepted, Alive, Ended, JobInFlight, Refused
from .manager import JobManager
from .monitors import CalcJobMonitorAction, CalcJobMonitors
from .poller import judge

if TYPE_CHECKING:
    from aiida.engine.processes.calcjobs.calcjob import CalcJob
    from aiida.engine.transports import TransportQueue
    from aiida.orm import CalcJobNode

__all__ = (
    "PreSubmitException",
    "Waiting",
    "task_kill_job",
    "task_monitor_job",
    "task_retrieve_job",
    "task_stash_job",
    "task_submit_job",
    "task_unstash_job",
    "task_update_job",
    "task_upload_job",
)

logger = AIIDA_LOGGER.getChild("engine.tasks")

UPLOAD_COMMAND, SUBMIT_COMMAND, UPDATE_COMMAND = "upload", "submit", "update"
RETRIEVE_COMMAND, KILL_COMMAND, STASH_COMMAND, UNSTASH_COMMAND = "retrieve", "kill", "stash", "unstash"
RETRY_INTERVAL_OPTION, MAX_ATTEMPTS_OPTION = "transport.task_retry_initial_interval", "transport.task_maximum_attempts"


class PreSubmitException(Exception):
    """Raised in the `do_upload` coroutine when an exception is raised in `CalcJob.presubmit`."""


class _Holder:
    """A node where a process is expected: what the effects need of one."""

    def __init__(self, node: CalcJobNode) -> None:
        self.node = node
        self.logger = node.logger
        self.inputs: dict[str, Any] = {link.link_label: link.node for link in node.base.links.get_incoming()}


def _script(node: CalcJobNode) -> str:
    return str(node.get_option("submit_script_filename") or "_aiidasubmit.sh")


async def task_upload_job(process: CalcJob, transport_queue: TransportQueue, cancellable: Any) -> bool:
    """Prepare and upload; return whether submission is skipped."""
    try:
        prepared = effects.prepare(process)
    except Exception as error:
        raise PreSubmitException("exception occurred in presubmit call") from error
    done = await effects.upload(process, transport_queue.pool, prepared)
    columns = {} if prepared.repository_metadata is None else {"repository_metadata": prepared.repository_metadata}
    process.node._project({**prepared.attributes, **done.attributes}, **columns)
    if done.remote_folder is not None:
        done.remote_folder.base.links.add_incoming(process.node, LinkType.CREATE, "remote_folder")
        done.remote_folder.store()
    return done.skip_submit


async def task_submit_job(node: CalcJobNode, transport_queue: TransportQueue, cancellable: Any) -> str | ExitCode:
    """Submit; return the job id or the exit code of a refusal. An unknown answer is raised: it must not be asked again blindly."""
    known = node.get_job_id()
    if known is not None:
        return str(known)
    answer = await effects.submit(_Holder(node), transport_queue.pool, node.get_remote_workdir() or "", _script(node), f"task-{node.uuid}")  # type: ignore[arg-type]
    if isinstance(answer, Accepted):
        node.set_job_id(answer.job_id)
        return answer.job_id
    if isinstance(answer, Refused) and answer.exit_code is not None:
        return answer.exit_code
    raise RuntimeError(f"submitting {node} failed: {answer.reason}")


async def task_update_job(node: CalcJobNode, job_manager: Any, cancellable: Any) -> bool:
    """Look at the job once; return whether it is over."""
    pool = job_manager._transport_queue.pool
    job = JobInFlight(process=node.pk or 0, directory=node.get_remote_workdir() or "", job_id=node.get_job_id() or "")
    listing = await effects.list_jobs(node.get_authinfo(), pool, [job])
    verdict = judge(job, listing)
    if verdict is None:
        verdict = await effects.look_ended(_Holder(node), pool, job, listing)  # type: ignore[arg-type]
    if isinstance(verdict, Alive):
        node.set_scheduler_state(JobState(verdict.state))
        return False
    if isinstance(verdict, Ended):
        node.set_scheduler_state(JobState.DONE)
        return True
    return False


async def task_monitor_job(
    node: CalcJobNode, transport_queue: TransportQueue, cancellable: Any, monitors: CalcJobMonitors
) -> Any:
    """Call the monitors that are due; return the result of the first one that acts."""
    with transport_queue.request_transport(node.get_authinfo()) as request:
        transport = await request
        return monitors.process(node, transport)


async def task_retrieve_job(process: CalcJob, transport_queue: TransportQueue, cancellable: Any) -> str:
    """Retrieve; the folder is stored and linked. Return the folder of the temporary files."""
    node = process.node
    temporary = tempfile.mkdtemp(prefix="aiida-retrieved-")
    done = await effects.retrieve(process, transport_queue.pool, node.get_remote_workdir() or "", temporary)
    info = await effects.detailed_job_info(process, transport_queue.pool, node.get_job_id() or "")
    node.set_detailed_job_info(info)
    if done.folder is not None and node.get_retrieved_node() is None:
        done.folder.base.links.add_incoming(node, LinkType.CREATE, node.link_label_retrieved)
        done.folder.store()
    return temporary


async def task_stash_job(node: CalcJobNode, transport_queue: TransportQueue, cancellable: Any) -> None:
    """Stash; the node of the stash is stored and linked."""
    done = await effects.stash(_Holder(node), transport_queue.pool, node.get_remote_workdir() or "")  # type: ignore[arg-type]
    if done.remote_stash is not None:
        done.remote_stash.base.links.add_incoming(node, LinkType.CREATE, "remote_stash")
        done.remote_stash.store()


async def task_unstash_job(node: CalcJobNode, transport_queue: TransportQueue, cancellable: Any) -> None:
    """Bring stashed files back."""
    await effects.unstash(_Holder(node), transport_queue.pool, node.get_remote_workdir() or "")  # type: ignore[arg-type]


async def task_kill_job(node: CalcJobNode, transport_queue: TransportQueue, cancellable: Any) -> bool:
    """Kill the job; True if there is nothing left to kill."""
    job_id = node.get_job_id()
    return True if job_id is None else await effects.cancel(_Holder(node), transport_queue.pool, job_id)  # type: ignore[arg-type]


class Waiting:
    """A job on its way, as a value: the next command, and what it has to know. `execute` does that command and gives what follows.

    For code that drives a job by hand, step by step; the engine keeps the way of a job in its journal instead.
    """

    LABEL = "waiting"

    def __init__(self, process: CalcJob, done_callback: Any, msg: str | None = None, data: Any | None = None) -> None:
        self._process = process
        self.done_callback = done_callback
        self.msg = msg
        self.data: dict[str, Any] = {"command": data} if isinstance(data, str) else dict(data or {"command": UPLOAD_COMMAND})
        self._monitors: CalcJobMonitors | None = None
        self._interrupted: Any = None

    @property
    def process(self) -> CalcJob:
        """The job."""
        return self._process

    @property
    def monitors(self) -> CalcJobMonitors | None:
        """The monitors of the job, if it has any."""
        if self._monitors is None and self.process.inputs.get("monitors"):
            self._monitors = CalcJobMonitors(dict(self.process.inputs.monitors))
        return self._monitors

    def interrupt(self, reason: Any) -> None:
        """Ask that no further command is begun; the one under way comes to its end."""
        self._interrupted = reason

    async def execute(self) -> Waiting | ExitCode:
        """Do the command; return the state that follows, or the exit code at the end."""
        if self._interrupted is not None:
            raise RuntimeError(f"interrupted before `{self.data['command']}`: {self._interrupted}")
        queue = self.process.runner.transport
        node, command = self.process.node, self.data["command"]
        if command == UPLOAD_COMMAND:
            skip = await task_upload_job(self.process, queue, None)
            return self.retrieve() if skip else self.submit()
        if command == SUBMIT_COMMAND:
            answer = await task_submit_job(node, queue, None)
            return answer if isinstance(answer, ExitCode) else self.update()
        if command == UPDATE_COMMAND:
            return await self._follow(queue)
        if command == STASH_COMMAND:
            await task_stash_job(node, queue, None)
            return self.retrieve(self.data.get("monitor_result"))
        if command == RETRIEVE_COMMAND:
            return self.parse(await task_retrieve_job(self.process, queue, None))
        return self.process.parse(self.data["temporary"], self.data.get("exit_code"))

    async def _follow(self, queue: TransportQueue) -> Waiting:
        """Look until the job is over, or a monitor wants it to be."""
        node = self.process.node
        while not await task_update_job(node, JobManager(queue), None):
            result = None if self.monitors is None else await task_monitor_job(node, queue, None, self.monitors)
            if result is not None and result.action is CalcJobMonitorAction.KILL:
                await task_kill_job(node, queue, None)
            await asyncio.sleep(max(0.1, float(node.computer.get_minimum_job_poll_interval())))
        return self.stash() if effects.needs_stash(self.process) else self.retrieve()

    def _next(self, command: str, **data: Any) -> Waiting:
        return type(self)(self.process, self.done_callback, msg=f"Waiting for transport task: {command}", data={"command": command, **data})

    def upload(self) -> Waiting:
        """Return the state in which the job is to be uploaded."""
        return self._next(UPLOAD_COMMAND)

    def submit(self) -> Waiting:
        """Return the state in which the job is to be submitted."""
        return self._next(SUBMIT_COMMAND)

    def update(self) -> Waiting:
        """Return the state in which the job is with the scheduler."""
        return self._next(UPDATE_COMMAND)

    def stash(self, monitor_result: Any = None) -> Waiting:
        """Return the state in which files are to be stashed."""
        return self._next(STASH_COMMAND, monitor_result=monitor_result)

    def retrieve(self, monitor_result: Any = None) -> Waiting:
        """Return the state in which files are to be retrieved."""
        return self._next(RETRIEVE_COMMAND, monitor_result=monitor_result)

    def parse(self, retrieved_temporary_folder: str, exit_code: ExitCode | None = None) -> Waiting:
        """Return the state in which the files are to be parsed."""
        return self._next("parse", temporary=retrieved_temporary_folder, exit_code=exit_code)

    def load_instance_state(self, saved_state: Any, load_context: Any) -> None:
        """Take over what `data` was."""
        self.data = dict(saved_state.get("data") or self.data)
