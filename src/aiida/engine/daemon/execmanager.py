"""What is done with a job on its computer, under the names and with the arguments that plugins know.

The engine itself uses `engine.processes.calcjobs.effects`, which knows intents, guards and evidence; these functions serve code that
holds a node and an open transport and wants one thing done with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiida.common.exceptions import FeatureNotAvailable, InvalidOperation, RemoteOperationError
from aiida.common.exit_code import ExitCode
from aiida.common.folders import SandboxFolder
from aiida.common.links import LinkType
from aiida.common.log import AIIDA_LOGGER
from aiida.engine.processes.calcjobs import plan as planning
from aiida.engine.processes.calcjobs import transfer
from aiida.engine.processes.calcjobs.asking import Asking
from aiida.engine.processes.calcjobs.facts import Accepted, Refused
from aiida.orm import load_node
from aiida.schedulers.guard import add_fence
from aiida.schedulers.scheduler import SchedulerError

if TYPE_CHECKING:
    from aiida.common.datastructures import CalcInfo
    from aiida.common.folders import Folder
    from aiida.orm import CalcJobNode, FolderData, RemoteData
    from aiida.transports import Transport

__all__ = (
    "kill_calculation",
    "retrieve_calculation",
    "retrieve_files_from_list",
    "stash_calculation",
    "submit_calculation",
    "unstash_calculation",
    "upload_calculation",
)

EXEC_LOGGER = AIIDA_LOGGER.getChild("execmanager")


class _Inputs:
    """A process as far as the staging of files looks at one."""

    def __init__(self, node: CalcJobNode, inputs: Mapping[str, Any] | None) -> None:
        self.node = node
        links = node.base.links.get_incoming() if node.is_stored else ()
        self.inputs = dict(inputs) if inputs is not None else {link.link_label: link.node for link in links}


async def upload_calculation(
    node: CalcJobNode,
    transport: Transport,
    calc_info: CalcInfo,
    folder: Folder,
    inputs: Mapping[str, Any] | None = None,
    dry_run: bool = False,
) -> RemoteData | None:
    """Upload the files of `folder` and those that `calc_info` lists to a fresh directory; return the unstored node for it."""
    process: Any = _Inputs(node, inputs)
    retrieve = planning.complete(calc_info, node.uuid, node.get_options())
    name = node.get_option("submit_script_filename") or "_aiidasubmit.sh"
    text = ""
    if folder.isfile(name):
        with folder.open(name, "r") as handle:
            text = str(handle.read())
    codes = [planning.find_input(process.inputs, info.code_uuid) or load_node(uuid=info.code_uuid) for info in calc_info.codes_info or []]
    plan = planning.draw_plan(calc_info, node.get_options(), codes, text, retrieve)
    with SandboxFolder() as staging:
        transfer.stage_portable(process, plan, folder)
        transfer.stage_local(process, plan, staging)
        if dry_run:
            transfer.merge_folders(staging.abspath, folder.abspath)
            return None
        authinfo = node.get_authinfo()
        directory = await transfer.make_directory(transport, authinfo, node.uuid)
        if text and not plan.skip_submit:
            terms = node.computer.get_scheduler().fence_terms
            fenced, payload = add_fence(text, directory, terms, rerunnable=plan.rerunnable)
            for path, content in ((name, fenced), (f"{planning.RECORDS}/payload", payload)):
                if content is not None:
                    folder.get_subfolder(planning.RECORDS, create=True)
                    with folder.open(path, "w", encoding="utf-8") as handle:
                        handle.write(content)
        await transfer.put_input_files(
            transport, plan, folder.abspath, staging.abspath, directory, node.computer.uuid, node.logger
        )
    return transfer.remote_folder(node.computer, directory)


def submit_calculation(calculation: CalcJobNode, transport: Transport) -> str | ExitCode:
    """Submit an uploaded job, at most once per directory; return its id, or the exit code of a refusal."""
    job_id = calculation.get_job_id()
    if job_id is not None:
        return str(job_id)
    workdir = calculation.get_remote_workdir()
    if workdir is None:
        raise InvalidOperation(f"{calculation} has no remote work directory: upload it first")
    script = calculation.get_option("submit_script_filename") or "_aiidasubmit.sh"
    asking = Asking(calculation.computer.get_scheduler(), transport)
    answer = _wait(asking.submit(workdir, script, f"by-hand-{calculation.uuid}"), transport)
    if isinstance(answer, Accepted):
        return str(answer.job_id)
    if isinstance(answer, Refused) and answer.exit_code is not None:
        return answer.exit_code
    raise SchedulerError(answer.reason)


def _wait(coroutine: Any, transport: Transport) -> Any:
    """Run a coroutine from blocking code: on the loop of the connection, if it has one."""
    run = getattr(transport, "run_command_blocking", None)
    if run is not None:
        return run(lambda: coroutine)
    return asyncio.run(coroutine)


async def stash_calculation(calculation: CalcJobNode, transport: Transport) -> None:
    """Stash the files that the options of the job list; the node of the stash is stored and linked."""
    options = calculation.get_option("stash") or {}
    workdir = calculation.get_remote_workdir()
    if not options or workdir is None:
        return
    made = await transfer.stash_files(
        transport, workdir, calculation.uuid, calculation.computer, dict(options), calculation.logger
    )
    made.store()
    made.base.links.add_incoming(calculation, LinkType.CREATE, "remote_stash")


async def unstash_calculation(calculation: CalcJobNode, transport: Transport) -> None:
    """Bring the files of the job's stash back."""
    options = dict(calculation.get_option("unstash") or {})
    workdir = calculation.get_remote_workdir()
    if not options or workdir is None:
        return
    source = calculation.inputs.source_node
    original = transfer.original_place(source) if options.get("unstash_target_mode") == "OriginalPlace" else ""
    await transfer.unstash_files(transport, workdir, source, options, original, calculation.logger)


async def retrieve_calculation(
    calculation: CalcJobNode, transport: Transport, retrieved_temporary_folder: Any
) -> FolderData | None:
    """Retrieve the files of a job: into an unstored folder, and into the local folder for the temporary ones."""
    workdir = calculation.get_remote_workdir()
    if workdir is None:
        raise ValueError(f"{calculation} has no remote work directory, so there is nothing to retrieve")
    if calculation.get_retrieved_node() is not None:
        EXEC_LOGGER.warning("the files of %s were retrieved already", calculation)
        return None
    listed, passing = calculation.get_retrieve_list() or [], calculation.get_retrieve_temporary_list() or []
    folder = await transfer.retrieve_folder(transport, workdir, listed, calculation.logger)
    if passing:
        await transfer.retrieve_into(transport, workdir, str(retrieved_temporary_folder), passing, calculation.logger)
    return folder


async def retrieve_files_from_list(
    calculation: CalcJobNode, transport: Transport, folder: str, retrieve_list: list[Any]
) -> None:
    """Retrieve what a list names from the job's directory into a local folder."""
    workdir = calculation.get_remote_workdir()
    if workdir is None:
        raise ValueError(f"{calculation} has no remote work directory, so there is nothing to retrieve")
    await transfer.retrieve_into(transport, workdir, str(folder), retrieve_list, calculation.logger)


def kill_calculation(calculation: CalcJobNode, transport: Transport) -> None:
    """Kill the job of a calculation; raise RemoteOperationError if the scheduler does not take the request."""
    job_id = calculation.get_job_id()
    if job_id is None:
        raise InvalidOperation(f"{calculation} has no job id: it was not submitted")
    scheduler = calculation.computer.get_scheduler()
    scheduler.set_transport(transport)
    if scheduler.kill_job(job_id):
        return
    try:
        still_there = scheduler.get_jobs(jobs=[job_id], as_dict=True)
    except (SchedulerError, FeatureNotAvailable):
        still_there = {}
    if job_id in still_there:
        raise RemoteOperationError(f"scheduler could not kill the job {job_id} of {calculation}")
