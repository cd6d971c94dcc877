"""The PBS family: what PBS Pro (OpenPBS) and Torque have in common."""

from __future__ import annotations

import logging
import re
import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime

from aiida.common.escaping import escape_for_bash
from aiida.common.exit_code import ExitCode
from aiida.common.extendeddicts import AttributeDict
from aiida.schedulers.datastructures import JobInfo, JobState, JobTemplate, MachineInfo, NodeNumberJobResource
from aiida.schedulers.exit_codes import INVALID_ACCOUNT, NODE_FAILURE, OUT_OF_MEMORY, OUT_OF_WALLTIME
from aiida.schedulers.guard import FenceTerms
from aiida.schedulers.plugins.bash import BashCliScheduler, check_job_ids
from aiida.schedulers.resources import check_cores
from aiida.schedulers.scheduler import SchedulerError, SchedulerParsingError
from aiida.schedulers.script import clean_job_name

__all__ = ("PbsBaseClass", "PbsJobResource")

_MAP_STATUS_PBS_COMMON = {
    "B": JobState.RUNNING,  # an array of which something has begun
    "C": JobState.DONE,  # completed (Torque)
    "E": JobState.RUNNING,  # exiting: files are copied, processes end
    "F": JobState.DONE,  # finished (PBS Pro, history)
    "H": JobState.QUEUED_HELD,
    "M": JobState.UNDETERMINED,  # moved to another server
    "Q": JobState.QUEUED,
    "R": JobState.RUNNING,
    "S": JobState.SUSPENDED,
    "T": JobState.QUEUED,  # in transition to another place
    "U": JobState.SUSPENDED,  # suspended by the user of the workstation
    "W": JobState.QUEUED,  # waits for its start time
    "X": JobState.DONE,  # an element of an array that has ended
}

#: codes with which the mom ends a job for a reason of its own (negative: never run or to be run again).
_EXIT_STATUSES = {-10: OUT_OF_MEMORY, -13: OUT_OF_MEMORY, -14: OUT_OF_WALLTIME, -15: OUT_OF_WALLTIME, -29: OUT_OF_WALLTIME}

_KILLED = (
    (re.compile(r"=>> PBS: job killed: (walltime|cput) .* exceeded limit", re.I), OUT_OF_WALLTIME),
    (re.compile(r"=>> PBS: job killed: (v?mem|pmem|pvmem) .* exceeded limit", re.I), OUT_OF_MEMORY),
    (re.compile(r"=>> PBS: job killed: node \d+ .* requested job terminate|node .* (failed|went down)", re.I), NODE_FAILURE),
)

_ID = re.compile(r"\d+(\[\d*\])?(\.[\w.-]+)?")


class PbsJobResource(NodeNumberJobResource):
    """Machines, processes per machine, cores per machine."""

    @classmethod
    def validate_resources(cls, **kwargs: t.Any) -> AttributeDict:
        """Return the complete set; cores per machine follow from cores per process."""
        resources = super().validate_resources(**kwargs)
        per_machine, per_process = resources.num_cores_per_machine, resources.num_cores_per_mpiproc
        if per_process is not None:
            check_cores(per_machine, per_process, resources.num_mpiprocs_per_machine)
            resources.num_cores_per_machine = per_process * resources.num_mpiprocs_per_machine
        elif per_machine is not None and per_machine < 1:
            raise ValueError("num_cores_per_machine must be greater than or equal to one.")
        return resources


class PbsBaseClass(BashCliScheduler):
    """Base class of the schedulers that speak PBS."""

    _logger = logging.getLogger("aiida.scheduler.pbsbaseclass")
    _features: t.ClassVar[dict[str, bool]] = {"can_query_by_user": False}
    _job_resource_class = PbsJobResource
    _map_status: t.ClassVar[dict[str, JobState]] = _MAP_STATUS_PBS_COMMON

    fence_terms = FenceTerms(
        setup=(
            '_aiida_pbs=$PBS_JOBID; case $_aiida_pbs in *\\[*\\]*) '
            '_aiida_pbs="${_aiida_pbs%%\\[*}[]${_aiida_pbs#*\\]}" ;; esac\n'
        ),
        run="$_aiida_pbs",
        task="${PBS_ARRAY_INDEX:-${PBS_ARRAYID:-0}}",
        restarts="${PBS_RESTARTCOUNT:-0}",
    )
    never_reached: t.ClassVar[tuple[str, ...]] = ("cannot connect to server", "connection refused")
    definite_refusals: t.ClassVar[dict[str, bool]] = {
        "unknown queue": True,
        "unauthorized request": True,
        "illegal attribute or resource value": True,
        "unknown resource": True,
        "job exceeds queue": True,
        "job violates queue": True,
        "cannot enqueue job": True,
        "queue is not enabled": False,
        "maximum number of jobs": False,
        "would exceed": False,
        "job rejected": True,
        "qsub: script file": True,
        "illegal option": True,
        "usage: qsub": True,
        "bad uid for job execution": True,
        "access from host not allowed": True,
        "invalid account": True,
    }

    def _get_resource_lines(
        self,
        num_machines: int,
        num_mpiprocs_per_machine: int | None,
        num_cores_per_machine: int | None,
        max_memory_kb: int | None,
        max_wallclock_seconds: int | None,
    ) -> list[str]:
        """Return the directives about resources; here the members of the family differ."""
        raise NotImplementedError(f"{type(self).__name__} does not say how resources are asked for")

    # --- the script ----------------------------------------------------------------------------------------------------------

    def _get_submit_script_header(self, job_tmpl: JobTemplate) -> str:
        """Return the directives, and the way to the work directory."""
        lines = ["#PBS -h"] if job_tmpl.submit_as_hold else []
        # To be run again is PBS's default, so it is always said which one is meant.
        lines.append("#PBS -r y" if job_tmpl.rerunnable else "#PBS -r n")
        if job_tmpl.email:
            lines.append(f"#PBS -M {job_tmpl.email}")
        events = ("b" if job_tmpl.email_on_started else "") + ("ea" if job_tmpl.email_on_terminated else "")
        lines.append(f"#PBS -m {events or 'n'}")
        if job_tmpl.job_name:
            lines.append(f"#PBS -N {clean_job_name(job_tmpl.job_name, longest=15, letter_first=False)}")
        if job_tmpl.import_sys_environment:
            lines.append("#PBS -V")
        if job_tmpl.sched_output_path:
            lines.append(f"#PBS -o {job_tmpl.sched_output_path}")
        if job_tmpl.sched_join_files:
            lines.append("#PBS -j oe")
        elif job_tmpl.sched_error_path:
            lines.append(f"#PBS -e {job_tmpl.sched_error_path}")
        for key, flag in (("queue_name", "-q"), ("account", "-A"), ("priority", "-p")):
            if job_tmpl[key]:
                lines.append(f"#PBS {flag} {job_tmpl[key]}")
        if not job_tmpl.job_resource:
            raise ValueError("Job resources (as the num_machines) are required for the PBSPro scheduler plugin")
        resource = job_tmpl.job_resource
        lines += self._get_resource_lines(
            num_machines=resource.num_machines,
            num_mpiprocs_per_machine=resource.num_mpiprocs_per_machine,
            num_cores_per_machine=resource.num_cores_per_machine,
            max_memory_kb=job_tmpl.max_memory_kb,
            max_wallclock_seconds=job_tmpl.max_wallclock_seconds,
        )
        if job_tmpl.custom_scheduler_commands:
            lines.append(job_tmpl.custom_scheduler_commands)
        return "\n".join([*lines, 'cd "$PBS_O_WORKDIR"', ""])

    # --- submitting and killing ------------------------------------------------------------------------------------------------

    def _get_submit_command(self, submit_script: str) -> str:
        """Return the command that submits."""
        return f"qsub {submit_script}"

    def _parse_submit_output(self, retval: int, stdout: str, stderr: str) -> str | ExitCode:
        """Return the id: the last line."""
        if retval != 0:
            self.logger.error("Error in _parse_submit_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            if "invalid account" in stderr.lower():
                return INVALID_ACCOUNT
            raise SchedulerError(f"Error during submission, retval={retval}\nstdout={stdout}\nstderr={stderr}")
        if stderr.strip():
            self.logger.warning("qsub wrote to its error output: %s", stderr.strip())
        lines = [line.strip() for line in stdout.splitlines() if line.strip()]
        if not lines or not _ID.fullmatch(lines[-1]):
            raise SchedulerError(f"Error during submission: no job id in the output of qsub: {stdout!r}")
        return lines[-1]

    def _get_kill_command(self, jobid: str) -> str:
        """Return the command that kills."""
        return f"qdel {escape_for_bash(jobid) if '[' in jobid else jobid}"

    def _parse_kill_output(self, retval: int, stdout: str, stderr: str) -> bool:
        """Return whether the request was taken; a job that is gone need not be killed."""
        if retval != 0:
            self.logger.error("Error in _parse_kill_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            return "unknown job id" in stderr.lower() or "job has finished" in stderr.lower()
        return True

    # --- the queue ---------------------------------------------------------------------------------------------------------------

    def _get_joblist_command(self, jobs: list[str] | None = None, user: str | None = None) -> str:
        """Return the command that lists."""
        if user and jobs:
            raise ValueError("give jobs or a user, not both")
        words = ["qstat", "-f"]
        if user:
            words.append(f"-u{user}")
        if jobs:
            words += [escape_for_bash(job) for job in check_job_ids(jobs)]
        return " ".join(words)

    def _parse_joblist_output(self, retval: int, stdout: str, stderr: str) -> list[JobInfo]:
        """Return the jobs; ids that the server has forgotten are no error, a server that does not answer is."""
        complaints = [line for line in stderr.splitlines() if line.strip() and "nknown Job Id" not in line and "has finished" not in line]
        if retval != 0 and (complaints or not stderr.strip()):
            raise SchedulerError(f"Error during qstat parsing, retval={retval}\nstdout={stdout}\nstderr={stderr}")
        return [self._parse_job(job_id, fields) for job_id, fields in split_jobs(stdout)]

    def _parse_job(self, job_id: str, raw: Mapping[str, str]) -> JobInfo:
        info = JobInfo()
        info.job_id = job_id
        info.title = raw.get("Job_Name")
        state = raw.get("job_state", "")
        info.job_state = self._map_status.get(state)
        if info.job_state is None:
            self.logger.warning("unknown state %r of the job %s", state, job_id)
            info.job_state = JobState.UNDETERMINED
        info.annotation = raw.get("comment")
        if raw.get("substate"):
            info.job_substate = raw["substate"]
        if raw.get("exec_host"):
            info.allocated_machines = parse_hosts(raw["exec_host"])
        info.queue_name = raw.get("queue")
        info.account = raw.get("Account_Name")
        if "Job_Owner" in raw:
            info.job_owner = raw["Job_Owner"].split("@")[0]
        for field, key in (("num_cpus", "ncpus"), ("num_mpiprocs", "mpiprocs"), ("num_machines", "nodect")):
            value = raw.get(f"Resource_List.{key}", "")
            info[field] = int(value) if value.isdigit() else None
        for field, key in (
            ("requested_wallclock_time_seconds", "Resource_List.walltime"),
            ("wallclock_time_seconds", "resources_used.walltime"),
            ("cpu_time", "resources_used.cput"),
        ):
            if key in raw:
                info[field] = self._convert_time(raw[key])
        for field, key in (("submission_time", "ctime"), ("dispatch_time", "stime"), ("finish_time", "obittime")):
            if key in raw:
                info[field] = self._parse_time_string(raw[key])
        status = raw.get("exit_status") or raw.get("Exit_status")
        if status and status.lstrip("-").isdigit():
            info.exit_status = int(status)
        for field in [key for key, value in info.items() if value is None]:
            del info[field]
        return info

    def _convert_time(self, string: str) -> int | None:
        """Return the seconds of `HH:MM:SS`, or of a number of seconds."""
        try:
            seconds = 0
            for part in string.split(":"):
                seconds = seconds * 60 + int(part)
        except ValueError:
            self.logger.warning("not a time of qstat: %r", string)
            return None
        return seconds

    def _parse_time_string(self, string: str, fmt: str = "%a %b %d %H:%M:%S %Y") -> datetime | None:
        """Return the moment."""
        try:
            return datetime.strptime(string, fmt)
        except ValueError:
            self.logger.debug("not a moment of qstat: %r", string)
            return None

    # --- accounting -----------------------------------------------------------------------------------------------------------------

    def _get_detailed_job_info_command(self, job_id: str) -> str:
        """Return the command that asks the logs."""
        return f"tracejob -v {escape_for_bash(job_id)}"

    def parse_output(
        self, detailed_job_info: dict[str, str | int] | None = None, stdout: str | None = None, stderr: str | None = None
    ) -> ExitCode | None:
        """Return the exit code that the mom's words or the logs' exit status point to."""
        said = f"{stdout or ''}\n{stderr or ''}"
        for pattern, exit_code in _KILLED:
            if pattern.search(said):
                return exit_code
        match = re.search(r"Exit_status=(-?\d+)", str((detailed_job_info or {}).get("stdout") or ""))
        return _EXIT_STATUSES.get(int(match[1])) if match else None

    def is_job_ended(self, detailed_job_info: Mapping[str, t.Any]) -> bool | None:
        """The logs tell of an end if the last thing they say about the job is its exit status; a requeue comes after it."""
        text = str(detailed_job_info.get("stdout") or "")
        ended, again = text.rfind("Exit_status="), max(text.rfind("Requeueing job"), text.rfind("Job Rerun"), text.rfind("Job Run at"))
        return None if ended < 0 else ended > again

    def same_job(self, one: str, other: str) -> bool:
        """Compare the numbers: the server may be written short, long or not at all, and elements belong to their array."""
        return re.split(r"[.\[]", one.strip())[0] == re.split(r"[.\[]", other.strip())[0]

    def _get_tag_search_command(self, directory: str, user: str | None) -> str:
        """Return the command that prints the user's jobs with what they were submitted from."""
        return 'qstat -f -w 2>/dev/null || qstat -f; true'

    def _parse_tag_search(self, directory: str, retval: int, stdout: str, stderr: str) -> list[str]:
        """Return the ids of the jobs whose variables or output path name this directory."""
        found = []
        for job_id, raw in split_jobs(stdout):
            variables = dict(part.partition("=")[::2] for part in raw.get("Variable_List", "").split(","))
            output = raw.get("Output_Path", "").partition(":")[2]
            if variables.get("PBS_O_WORKDIR") == directory or output.rpartition("/")[0] == directory:
                found.append(job_id)
        return found


def split_jobs(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield id and fields of each job of `qstat -f`; a line that begins with a tab goes on with the value before."""
    job_id, last = "", ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("Job Id:"):
            if job_id:
                yield job_id, fields
            job_id, fields, last = line.split(":", 1)[1].strip(), {}, ""
        elif not job_id or not line.strip():
            continue
        elif line.startswith("\t") and last:
            fields[last] += line.strip()
        elif " = " in line:
            name, _, value = line.strip().partition(" = ")
            last, fields[name] = name, value.strip()
        elif last:
            fields[last] += line.strip()
        else:
            raise SchedulerParsingError(f"not a line of `qstat -f`: {line!r}")
    if job_id:
        yield job_id, fields


def parse_hosts(text: str) -> list[MachineInfo]:
    """Return the machines of `host/core*count+…`; in Torque's form each core is listed."""
    machines: dict[str, MachineInfo] = {}
    for part in text.split("+"):
        name, _, cores = part.strip().partition("/")
        count = int(cores.partition("*")[2]) if "*" in cores else _count_cores(cores)
        machine = machines.setdefault(name, MachineInfo({"name": name, "num_cpus": 0}))
        machine.num_cpus += count
    return list(machines.values())


def _count_cores(text: str) -> int:
    """Return how many cores `0-3,7` are."""
    total = 0
    for part in text.split(","):
        first, dash, last = part.partition("-")
        total += int(last) - int(first) + 1 if dash and first.isdigit() and last.isdigit() else 1
    return total


def positive_memory(value: t.Any) -> int | None:
    """Return the memory in kB, None for nothing asked; raise ValueError for anything else."""
    if value is None:
        return None
    try:
        kilobytes = int(value)
        if kilobytes < 0:
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(f"max_memory_kb must be a positive integer (in kB)! It is instead `{value}`") from None
    return kilobytes or None


