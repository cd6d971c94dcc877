"""LSF: tables of states, and the readers of what its commands print."""

from __future__ import annotations

import logging
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from aiida.common.escaping import escape_for_bash
from aiida.common.exceptions import ConfigurationError
from aiida.common.exit_code import ExitCode
from aiida.common.extendeddicts import AttributeDict
from aiida.schedulers.datastructures import JobInfo, JobResource, JobState, JobTemplate
from aiida.schedulers.exit_codes import INVALID_ACCOUNT, NODE_FAILURE, OUT_OF_MEMORY, OUT_OF_WALLTIME
from aiida.schedulers.guard import FenceTerms
from aiida.schedulers.plugins.bash import BashCliScheduler, check_job_ids
from aiida.schedulers.plugins.pbsbaseclasses import positive_memory
from aiida.schedulers.scheduler import SchedulerError, SchedulerParsingError
from aiida.schedulers.script import check_wallclock, clean_job_name

__all__ = ("LsfJobResource", "LsfScheduler")

_MAP_STATUS_LSF = {
    "PEND": JobState.QUEUED,
    "PROV": JobState.QUEUED,  # dispatched to a host that is being woken up
    "PSUSP": JobState.QUEUED_HELD,  # suspended while pending
    "USUSP": JobState.SUSPENDED,  # by its owner or the administrator
    "SSUSP": JobState.SUSPENDED,  # by the system
    "RUN": JobState.RUNNING,
    "DONE": JobState.DONE,
    "EXIT": JobState.DONE,  # ended with a status that is not zero
    "UNKWN": JobState.UNDETERMINED,  # the daemon of its host does not answer
    "WAIT": JobState.QUEUED,  # a member of a chunk that waits for its turn
    "ZOMBI": JobState.UNDETERMINED,  # killed while its host did not answer, or rerun elsewhere
}

#: reasons for termination as `bjobs -l` and `bhist` write them.
_REASONS = {
    "TERM_MEMLIMIT": OUT_OF_MEMORY,
    "TERM_SWAP": OUT_OF_MEMORY,
    "TERM_RUNLIMIT": OUT_OF_WALLTIME,
    "TERM_CPULIMIT": OUT_OF_WALLTIME,
    "TERM_DEADLINE": OUT_OF_WALLTIME,
    "TERM_ZOMBIE": NODE_FAILURE,
    "TERM_RMS": NODE_FAILURE,
}

_FIELD_SEPARATOR = "|"
_NO_YEAR = 1900
_SUBMITTED = re.compile(r"Job <(\d+)> is submitted")


class LsfJobResource(JobResource):
    """A number of processes, hosts to choose from, and (only when said so) a number of machines."""

    _default_fields = ("parallel_env", "tot_num_mpiprocs", "default_mpiprocs_per_machine", "num_machines")

    def __init__(self, **kwargs: t.Any) -> None:
        super().__init__(self.validate_resources(**kwargs))

    @classmethod
    def validate_resources(cls, **kwargs: t.Any) -> AttributeDict:
        """Return the complete set; other keys are ignored, as they were always."""
        resources = AttributeDict({"parallel_env": kwargs.get("parallel_env", "")})
        if not isinstance(resources.parallel_env, str):
            raise TypeError("`parallel_env` must be a string")
        resources.use_num_machines = bool(kwargs.get("use_num_machines", False))
        if kwargs.get("default_mpiprocs_per_machine") is not None:
            raise ConfigurationError("`default_mpiprocs_per_machine` cannot be set.")
        if "num_machines" in kwargs and not resources.use_num_machines:
            raise ConfigurationError("`num_machines` cannot be set unless `use_num_machines` is `True`.")
        if "num_machines" in kwargs:
            resources.num_machines = _positive("num_machines", kwargs["num_machines"])
        elif resources.use_num_machines:
            raise ConfigurationError("must set `num_machines` when `use_num_machines` is `True`.")
        resources.tot_num_mpiprocs = _positive("tot_num_mpiprocs", kwargs.get("tot_num_mpiprocs"))
        return resources

    def get_tot_num_mpiprocs(self) -> int:
        """Return the number of processes."""
        return int(self.tot_num_mpiprocs)

    @classmethod
    def accepts_default_mpiprocs_per_machine(cls) -> t.Literal[False]:
        """The scheduler distributes the processes."""
        return False


def _positive(name: str, value: t.Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` must be specified and must be an integer") from None
    if number < 1:
        raise ValueError(f"{name} must be >= 1")
    return number


class LsfScheduler(BashCliScheduler):
    """Support for the IBM LSF scheduler"""

    _logger = logging.getLogger("aiida.scheduler.lsf")
    _features: t.ClassVar[dict[str, bool]] = {"can_query_by_user": False}
    _job_resource_class = LsfJobResource

    _joblist_fields: t.ClassVar[list[str]] = [
        "id", "stat", "exit_reason", "exec_host", "user", "slots", "max_req_proc", "exec_host", "queue",
        "finish_time", "start_time", "%complete", "submit_time", "name",
    ]  # fmt: skip

    fence_terms = FenceTerms(run="$LSB_JOBID", task="${LSB_JOBINDEX:-0}", restarts="$([ \"$LSB_RESTART\" = Y ] && echo 1 || echo 0)")
    never_reached: t.ClassVar[tuple[str, ...]] = ("lsf is down", "lim is down", "batch daemon not responding")
    definite_refusals: t.ClassVar[dict[str, bool]] = {
        "no such queue": True,
        "request aborted by esub": True,
        "bad resource requirement": True,
        "cannot use queue": True,
        "too many processors requested": True,
        "user cannot use the queue": True,
        "illegal option": True,
        "bad host name": True,
        "unknown user group": True,
        "run limit": True,
        "memory limit": True,
        "no matching queue": True,
        "queue has been closed": False,
        "job not submitted": True,
        "pending job threshold reached": False,
    }

    # --- the script ------------------------------------------------------------------------------------------------------

    def _get_submit_script_header(self, job_tmpl: JobTemplate) -> str:
        """Return the directives, and the way of files from a spooled output folder."""
        lines = ["#BSUB -H"] if job_tmpl.submit_as_hold else []
        lines.append("#BSUB -r" if job_tmpl.rerunnable else "#BSUB -rn")
        if job_tmpl.email:
            lines.append(f"#BSUB -u {job_tmpl.email}")
        if job_tmpl.email_on_started:
            lines.append("#BSUB -B")
        if job_tmpl.email_on_terminated:
            lines.append("#BSUB -N")
        if job_tmpl.job_name:
            lines.append(f'#BSUB -J "{clean_job_name(job_tmpl.job_name, longest=128)}"')
        if not job_tmpl.import_sys_environment:
            self.logger.warning("LSF scheduler cannot ignore the user environment")
        if job_tmpl.sched_output_path:
            lines.append(f"#BSUB -o {job_tmpl.sched_output_path}")
        if job_tmpl.sched_error_path:
            lines.append(f"#BSUB -e {job_tmpl.sched_error_path}")
        if job_tmpl.sched_join_files and job_tmpl.sched_error_path:
            self.logger.warning("LSF does not join output and error files: errors go to %s", job_tmpl.sched_error_path)
        for key, flag in (("queue_name", "-q"), ("account", "-G"), ("priority", "-sp")):
            if job_tmpl[key]:
                lines.append(f"#BSUB {flag} {job_tmpl[key]}")
        lines += self._resource_lines(job_tmpl)
        if job_tmpl.custom_scheduler_commands:
            lines.append(job_tmpl.custom_scheduler_commands)
        return "\n".join([*lines, _FETCH])

    @staticmethod
    def _resource_lines(job_tmpl: JobTemplate) -> list[str]:
        resource = job_tmpl.job_resource
        if not resource:
            raise ValueError("Job resources (as the tot_num_mpiprocs) are required for the LSF scheduler plugin")
        if resource.get("use_num_machines"):
            lines = [f"#BSUB -nnodes {resource.num_machines}"]
        else:
            lines = [f"#BSUB -n {resource.get_tot_num_mpiprocs()}"]
        if resource.parallel_env:
            lines.append(f'#BSUB -m "{resource.parallel_env}"')
        if job_tmpl.max_wallclock_seconds is not None:
            minutes = -(-check_wallclock(job_tmpl.max_wallclock_seconds) // 60)  # LSF counts minutes: round up
            lines.append(f"#BSUB -W {minutes // 60:02d}:{minutes % 60:02d}")
        memory = positive_memory(job_tmpl.max_memory_kb)
        if memory is not None:
            lines.append(f"#BSUB -M {memory}")
        return lines

    def _get_submit_script_footer(self, job_tmpl: JobTemplate) -> str:
        """Return the way of files back to a spooled output folder."""
        return _STORE

    # --- submitting and killing ----------------------------------------------------------------------------------------------

    def _get_submit_command(self, submit_script: str) -> str:
        """Return the command that submits."""
        return f"bsub < {submit_script}"

    def _parse_submit_output(self, retval: int, stdout: str, stderr: str) -> str | ExitCode:
        """Return the id."""
        if retval != 0:
            self.logger.error("Error in _parse_submit_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            if "invalid account" in stderr.lower() or "unknown user group" in stderr.lower():
                return INVALID_ACCOUNT
            raise SchedulerError(f"Error during submission, retval={retval}\nstdout={stdout}\nstderr={stderr}")
        match = _SUBMITTED.search(stdout)
        if match is None:
            raise SchedulerParsingError(f"No job id in the output of bsub: {stdout!r}")
        return match[1]

    def _get_kill_command(self, jobid: str) -> str:
        """Return the command that kills."""
        return f"bkill {jobid}"

    def _parse_kill_output(self, retval: int, stdout: str, stderr: str) -> bool:
        """Return whether the request was taken; a job that is gone need not be killed."""
        if retval == 0:
            return True
        if "already finished" in stderr.lower() or "no matching job found" in stderr.lower():
            return True
        self.logger.error("Error in _parse_kill_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
        return False

    # --- the queue -------------------------------------------------------------------------------------------------------------

    def _get_joblist_command(self, jobs: list[str] | None = None, user: str | None = None) -> str:
        """Return the command that lists."""
        if user and jobs:
            raise ValueError("give jobs or a user, not both")
        words = ["bjobs", "-noheader", f"-o '{' '.join(self._joblist_fields)} delimiter=\"{_FIELD_SEPARATOR}\"'"]
        if user:
            words.append(f"-u{user}")
        if jobs:
            words += check_job_ids(jobs)
        return " ".join(words)

    def _parse_joblist_output(self, retval: int, stdout: str, stderr: str) -> list[JobInfo]:
        """Return the jobs; ids that LSF has forgotten are no error, a cluster that does not answer is."""
        complaints = [
            line for line in stderr.splitlines() if line.strip() and "is not found" not in line and "No unfinished job found" not in line
        ]
        if retval != 0 and (complaints or not stderr.strip()):
            raise SchedulerError(f"bjobs returned exit code {retval}\nstdout='{stdout.strip()}'\nstderr='{stderr.strip()}'")
        lines = (line for line in stdout.splitlines() if _FIELD_SEPARATOR in line)
        return [self._parse_line(line) for line in lines]

    def _parse_line(self, line: str) -> JobInfo:
        count = len(self._joblist_fields)
        parts = [part.strip() for part in line.split(_FIELD_SEPARATOR, count - 1)]
        if len(parts) != count:
            raise SchedulerParsingError(f"a line of bjobs has {len(parts)} fields instead of {count}: {line!r}")
        raw = dict(zip(self._joblist_fields, parts, strict=True))
        info = JobInfo()
        info.job_id = raw["id"]
        state = _MAP_STATUS_LSF.get(raw["stat"])
        if state is None:
            self.logger.warning("unknown state %r of the job %s", raw["stat"], raw["id"])
            state = JobState.UNDETERMINED
        info.job_state = state
        info.annotation = raw["exit_reason"]
        info.job_owner = raw["user"]
        if raw["max_req_proc"].isdigit():
            info.num_mpiprocs = int(raw["max_req_proc"])
        if raw["slots"].isdigit():
            info.num_cpus = int(raw["slots"])
        if raw["exec_host"] not in ("", "-"):
            info.allocated_machines_raw = raw["exec_host"]
            info.num_machines = len({host.split("*")[-1] for host in raw["exec_host"].split(":")})
        info.queue_name = raw["queue"]
        started, limit = self._parse_time_string(raw["start_time"]), self._parse_time_string(raw["finish_time"])
        if started is not None and limit is not None and state is not JobState.DONE:
            info.requested_wallclock_time_seconds = int((limit - started).total_seconds())
            complete = raw["%complete"].split("%")[0].strip()
            if state is JobState.RUNNING and complete.replace(".", "", 1).isdigit():
                info.wallclock_time_seconds = int(float(complete) / 100 * info.requested_wallclock_time_seconds)
        submitted = self._parse_time_string(raw["submit_time"])
        for field, moment in (("dispatch_time", started), ("submission_time", submitted)):
            # Without a year (LSF prints it on request only) a moment is good for differences, not for showing.
            if moment is not None and moment.year != _NO_YEAR:
                info[field] = moment
        info.title = raw["name"]
        return info

    def _parse_time_string(self, string: str, fmt: str = "%b %d %H:%M") -> datetime | None:
        """Return the moment. LSF gives no year unless asked, and letters (`L`, `E`, `X`) after times that it estimates."""
        if string in ("", "-", "N/A"):
            return None
        words = string.split()
        if len(words) > 1 and words[-1] in ("E", "L", "X", "A"):
            words = words[:-1]
        text = " ".join(words)
        # Some releases append the year, and seconds.
        for form in (fmt, "%b %d %H:%M:%S %Y", "%b %d %H:%M %Y", "%b %d %H:%M:%S"):
            try:
                moment = datetime.strptime(text, form) if "%Y" in form else datetime.strptime(f"2000 {text}", f"%Y {form}")
            except ValueError:
                continue
            return moment if "%Y" in form else moment.replace(year=_NO_YEAR)
        self.logger.debug("not a moment of bjobs: %r", string)
        return None

    # --- accounting ------------------------------------------------------------------------------------------------------------

    def _get_detailed_job_info_command(self, job_id: str) -> str:
        """Return the command that asks for all that is known."""
        return f"bjobs -l {escape_for_bash(job_id)}"

    def is_job_ended(self, detailed_job_info: Mapping[str, t.Any]) -> bool | None:
        """The state in the long form; a job that LSF has forgotten is unknown."""
        text = re.sub(r"\n\s+", "", str(detailed_job_info.get("stdout") or ""))
        states = re.findall(r"Status\s*<(\w+)>", text)
        return all(state in ("DONE", "EXIT") for state in states) if states else None

    def parse_output(
        self, detailed_job_info: dict[str, str | int] | None = None, stdout: str | None = None, stderr: str | None = None
    ) -> ExitCode | None:
        """Return the exit code that the reason of termination points to; it is in the report on the job's output as well."""
        long_form = re.sub(r"\n\s+", "", str((detailed_job_info or {}).get("stdout") or ""))
        for text in (long_form, stdout or ""):
            for reason, code in _REASONS.items():
                if reason in text:
                    return code
        return None

    def same_job(self, one: str, other: str) -> bool:
        """Elements of an array are the array's job."""
        return one.strip().split("[")[0] == other.strip().split("[")[0]

    def _get_tag_search_command(self, directory: str, user: str | None) -> str:
        """Return the command that prints id and directory of the user's jobs, ended ones too (about an hour)."""
        return "bjobs -a -noheader -o 'id sub_cwd delimiter=\"|\"' 2>/dev/null; true"

    def _parse_tag_search(self, directory: str, retval: int, stdout: str, stderr: str) -> list[str]:
        """Return the ids of the jobs that were submitted from this directory."""
        pairs = (line.strip().partition("|")[::2] for line in stdout.splitlines())
        return list(dict.fromkeys(job_id.split("[")[0] for job_id, folder in pairs if folder == directory))


#: jobs may be given another output folder, from and to which their files go.
_FETCH = """
if [ -n "$LSB_OUTDIR" ]; then
  cp -R "$LSB_OUTDIR"/* .
fi
"""
_STORE = """
if [ -n "$LSB_OUTDIR" ]; then
  cp -R ./* "$LSB_OUTDIR"
fi
"""
