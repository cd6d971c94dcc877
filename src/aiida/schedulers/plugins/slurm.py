"""SLURM: tables of states and flags, and the readers of what its commands print."""

from __future__ import annotations

import logging
import re
import typing as t
from collections.abc import Mapping
from datetime import datetime

from aiida.common.exit_code import ExitCode
from aiida.common.extendeddicts import AttributeDict
from aiida.schedulers.datastructures import JobInfo, JobState, JobTemplate, NodeNumberJobResource
from aiida.schedulers.exit_codes import INVALID_ACCOUNT, NODE_FAILURE, OUT_OF_MEMORY, OUT_OF_WALLTIME
from aiida.schedulers.guard import FenceTerms
from aiida.schedulers.plugins.bash import BashCliScheduler, check_job_ids
from aiida.schedulers.resources import check_cores
from aiida.schedulers.scheduler import SchedulerError, SchedulerParsingError
from aiida.schedulers.script import check_wallclock, clean_job_name, duration

__all__ = ("SlurmJobResource", "SlurmScheduler")

#: what squeue's compact states mean.
_MAP_STATUS_SLURM = {
    "BF": JobState.DONE,  # boot failure of a node
    "CA": JobState.DONE,  # cancelled
    "CD": JobState.DONE,  # completed
    "CF": JobState.QUEUED,  # has its nodes, which are being made ready
    "CG": JobState.RUNNING,  # completing: some processes may still be active
    "DL": JobState.DONE,  # deadline passed
    "F": JobState.DONE,  # failed
    "NF": JobState.DONE,  # node failure
    "OOM": JobState.DONE,  # out of memory
    "PD": JobState.QUEUED,  # pending
    "PR": JobState.DONE,  # preempted; one that was requeued is pending
    "R": JobState.RUNNING,
    "RD": JobState.QUEUED_HELD,  # held by a reservation that was deleted
    "RF": JobState.QUEUED,  # being requeued by a federation
    "RH": JobState.QUEUED_HELD,  # requeued and held
    "RQ": JobState.QUEUED,  # completing, then requeued
    "RS": JobState.RUNNING,  # being resized
    "RV": JobState.DONE,  # revoked: another cluster runs it
    "S": JobState.SUSPENDED,
    "SE": JobState.QUEUED_HELD,  # requeued in a special state
    "SI": JobState.RUNNING,  # being signalled
    "SO": JobState.RUNNING,  # staging out files
    "ST": JobState.SUSPENDED,  # stopped, keeping its cores
    "TO": JobState.DONE,  # time-out
}

#: accounting's states after which a job does not run again by itself.
_ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}

_EXIT_CODES = {"OUT_OF_MEMORY": OUT_OF_MEMORY, "TIMEOUT": OUT_OF_WALLTIME, "NODE_FAIL": NODE_FAILURE}

#: option of the template -> directive, for those that are a value put in a place.
_FLAGS = {
    "sched_output_path": "--output={}",
    "sched_error_path": "--error={}",
    "queue_name": "--partition={}",
    "account": "--account={}",
    "qos": "--qos={}",
    "priority": "--nice={}",
}

_SUBMITTED = re.compile(r"[Ss]ubmitted batch job (?P<jobid>\d+)")
_FIELD_SEPARATOR = "^^^"
_TIME = re.compile(r"(?:(?P<days>\d+)-)?(?P<clock>\d+(?::\d+){0,2})")


class SlurmJobResource(NodeNumberJobResource):
    """Machines, processes per machine, cores per process."""

    @classmethod
    def validate_resources(cls, **kwargs: t.Any) -> AttributeDict:
        """Return the complete set; cores per process follow from cores per machine."""
        resources = super().validate_resources(**kwargs)
        per_machine, per_process = resources.num_cores_per_machine, resources.num_cores_per_mpiproc
        check_cores(per_machine, per_process, resources.num_mpiprocs_per_machine)
        if per_machine is not None:
            resources.num_cores_per_mpiproc = per_machine // resources.num_mpiprocs_per_machine
        return resources


class SlurmScheduler(BashCliScheduler):
    """Support for the SLURM scheduler (http://slurm.schedmd.com/)."""

    _logger = logging.getLogger("aiida.scheduler.slurm")
    _features: t.ClassVar[dict[str, bool]] = {"can_query_by_user": False}
    _job_resource_class = SlurmJobResource

    #: squeue's format letters and the names under which we read them.
    fields: t.ClassVar[list[tuple[str, str]]] = [
        ("%i", "job_id"),
        ("%t", "state_raw"),
        ("%r", "annotation"),
        ("%B", "executing_host"),
        ("%u", "username"),
        ("%D", "number_nodes"),
        ("%C", "number_cpus"),
        ("%R", "allocated_machines"),
        ("%P", "partition"),
        ("%l", "time_limit"),
        ("%M", "time_used"),
        ("%S", "dispatch_time"),
        ("%j", "job_name"),
        ("%V", "submission_time"),
    ]

    fence_terms = FenceTerms(
        run="${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}",
        task="${SLURM_ARRAY_TASK_ID:-0}",
        restarts="${SLURM_RESTART_COUNT:-0}",
    )
    never_reached: t.ClassVar[tuple[str, ...]] = ("unable to contact slurm controller (connect failure)",)
    definite_refusals: t.ClassVar[dict[str, bool]] = {
        "invalid partition": True,
        "invalid qos": True,
        "invalid account": True,
        "requested node configuration is not available": True,
        "requested time limit is invalid": True,
        "requested partition configuration not available": True,
        "node count specification invalid": True,
        "more processors requested than permitted": True,
        "memory specification can not be satisfied": True,
        "invalid feature specification": True,
        "invalid generic resource": True,
        "unable to open file": True,
        "unrecognized option": True,
        "this does not look like a batch script": True,
        "invalid --": True,
        "access/permission denied": True,
        "user's group not permitted": True,
        "could not establish a configuration source": True,
        "violates accounting/qos policy": False,  # a limit: later there may be room
        "job submission limit": False,
        "job array index": True,
    }

    # --- the script ------------------------------------------------------------------------------------------------------

    def _get_submit_script_header(self, job_tmpl: JobTemplate) -> str:
        """Return the directives."""
        lines = []
        if job_tmpl.submit_as_hold:
            lines.append("#SBATCH -H")
        # Requeueing after a node failure is SLURM's default, so it is always said which one is meant.
        lines.append("#SBATCH --requeue" if job_tmpl.rerunnable else "#SBATCH --no-requeue")
        if job_tmpl.email:
            lines.append(f"#SBATCH --mail-user={job_tmpl.email}")
        if job_tmpl.email_on_started:
            lines.append("#SBATCH --mail-type=BEGIN")
        if job_tmpl.email_on_terminated:
            lines += ["#SBATCH --mail-type=FAIL", "#SBATCH --mail-type=END"]
        if job_tmpl.job_name:
            lines.append(f'#SBATCH --job-name="{clean_job_name(job_tmpl.job_name, longest=128, letter_first=False)}"')
        if job_tmpl.import_sys_environment:
            lines.append("#SBATCH --get-user-env")
        for key, directive in _FLAGS.items():
            if key == "sched_error_path" and job_tmpl.sched_join_files:
                continue
            if job_tmpl[key]:
                lines.append("#SBATCH " + directive.format(job_tmpl[key]))
        lines += self._resource_lines(job_tmpl)
        if job_tmpl.max_wallclock_seconds is not None:
            lines.append(f"#SBATCH --time={duration(check_wallclock(job_tmpl.max_wallclock_seconds), days=True)}")
        if job_tmpl.max_memory_kb is not None:
            lines.append(f"#SBATCH --mem={_megabytes(job_tmpl.max_memory_kb)}")
        if job_tmpl.custom_scheduler_commands:
            lines.append(job_tmpl.custom_scheduler_commands)
        return "\n".join(lines)

    @staticmethod
    def _resource_lines(job_tmpl: JobTemplate) -> list[str]:
        resource = job_tmpl.job_resource
        if not resource:
            raise ValueError("Job resources (as the num_machines) are required for the SLURM scheduler plugin")
        lines = [f"#SBATCH --nodes={resource.num_machines}"]
        if resource.num_mpiprocs_per_machine:
            lines.append(f"#SBATCH --ntasks-per-node={resource.num_mpiprocs_per_machine}")
        if resource.num_cores_per_mpiproc:
            lines.append(f"#SBATCH --cpus-per-task={resource.num_cores_per_mpiproc}")
        return lines

    # --- submitting and killing ----------------------------------------------------------------------------------------------

    def _get_submit_command(self, submit_script: str) -> str:
        """Return the command that submits."""
        return f"sbatch {submit_script}"

    def _parse_submit_output(self, retval: int, stdout: str, stderr: str) -> str | ExitCode:
        """Return the id."""
        if retval != 0:
            self.logger.error("Error in _parse_submit_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            if "invalid account" in stderr.lower():
                return INVALID_ACCOUNT
            raise SchedulerError(f"Error during submission, retval={retval}\nstdout={stdout}\nstderr={stderr}")
        if stderr.strip():
            self.logger.warning("sbatch wrote to its error output: %s", stderr.strip())
        for line in stdout.split("\n"):
            match = _SUBMITTED.match(line.strip())
            if match:
                return match["jobid"]
        self.logger.error("in _parse_submit_output: unable to find the job id: %s", stdout)
        raise SchedulerError(
            "Error during submission, could not retrieve the jobID from sbatch output; see log for more info."
        )

    def _get_kill_command(self, jobid: str) -> str:
        """Return the command that kills."""
        return f"scancel {jobid}"

    def _parse_kill_output(self, retval: int, stdout: str, stderr: str) -> bool:
        """Return whether the request was taken; a job that is gone cannot be killed and need not be."""
        if retval != 0:
            self.logger.error("Error in _parse_kill_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            return "invalid job id" in stderr.lower() or "already completing or completed" in stderr.lower()
        if stderr.strip():
            self.logger.warning("scancel wrote to its error output: %s", stderr.strip())
        return True

    # --- the queue -------------------------------------------------------------------------------------------------------------

    def _get_joblist_command(self, jobs: list[str] | None = None, user: str | None = None) -> str:
        """Return the command that lists."""
        letters = _FIELD_SEPARATOR.join(letter for letter, _ in self.fields)
        command = f"SLURM_TIME_FORMAT='standard' squeue --noheader -o '{letters}'"
        if user and jobs:
            raise ValueError("give jobs or a user, not both")
        if user:
            command += f" -u{user}"
        if jobs:
            command += f" --jobs={','.join(check_job_ids(jobs))}"
        return command

    def _parse_joblist_output(self, retval: int, stdout: str, stderr: str) -> list[JobInfo]:
        """Return the jobs; an id that the queue has forgotten is no error, a controller that does not answer is."""
        if retval != 0 and "invalid job id specified" not in stderr.lower():
            raise SchedulerError(f"squeue returned exit code {retval}\nstdout='{stdout.strip()}'\nstderr='{stderr.strip()}'")
        if retval == 0 and stderr.strip():
            self.logger.warning("squeue wrote to its error output: %s", stderr.strip())
        return [self._parse_line(line) for line in stdout.splitlines() if _FIELD_SEPARATOR in line]

    def _parse_line(self, line: str) -> JobInfo:
        parts = line.split(_FIELD_SEPARATOR)
        # A job's name may contain the separator: it is the last but one.
        if len(parts) > len(self.fields):
            parts = [*parts[:12], _FIELD_SEPARATOR.join(parts[12:-1]), parts[-1]]
        if len(parts) != len(self.fields):
            raise SchedulerParsingError(f"a line of squeue has {len(parts)} fields instead of {len(self.fields)}: {line!r}")
        raw = {name: value.strip() for (_, name), value in zip(self.fields, parts, strict=True)}
        info = JobInfo()
        info.job_id = raw["job_id"]
        state = _MAP_STATUS_SLURM.get(raw["state_raw"])
        if state is None:
            self.logger.warning("unknown state %s of the job %s", raw["state_raw"], raw["job_id"])
            state = JobState.UNDETERMINED
        # Pending and held by somebody is another thing than pending.
        if state is JobState.QUEUED and "held" in raw["annotation"].lower():
            state = JobState.QUEUED_HELD
        info.job_state = state
        info.annotation = raw["annotation"]
        info.job_owner = raw["username"]
        info.num_machines = _integer(raw["number_nodes"])
        info.num_mpiprocs = _integer(raw["number_cpus"])
        if not raw["allocated_machines"].startswith("("):
            info.allocated_machines_raw = raw["allocated_machines"]
        info.queue_name = raw["partition"]
        info.requested_wallclock_time_seconds = self._convert_time(raw["time_limit"])
        if state is JobState.RUNNING:
            info.wallclock_time_seconds = self._convert_time(raw["time_used"])
            info.dispatch_time = self._parse_time_string(raw["dispatch_time"])
        info.submission_time = self._parse_time_string(raw["submission_time"])
        info.title = raw["job_name"]
        return info

    def _convert_time(self, string: str) -> int | None:
        """Return the seconds of `[days-]hours:minutes:seconds`."""
        if string == "UNLIMITED":
            return 2147483647  # the largest 32-bit integer, as other programs expect
        if string in ("NOT_SET", "N/A", "", "INVALID", "Partition_Limit"):
            return None
        match = _TIME.fullmatch(string)
        if match is None:
            self.logger.warning("not a time of squeue: %r", string)
            return None
        clock = [int(part) for part in match["clock"].split(":")]
        # With days, the clock begins with hours; without, a single number means minutes (sbatch(1), --time).
        padded = [*clock, 0, 0][:3] if match["days"] or len(clock) == 3 else [0, *clock, 0][:3]
        return int(match["days"] or 0) * 86400 + padded[0] * 3600 + padded[1] * 60 + padded[2]

    def _parse_time_string(self, string: str, fmt: str = "%Y-%m-%dT%H:%M:%S") -> datetime | None:
        """Return the moment, or None where squeue knows none."""
        if string in ("N/A", "", "Unknown", "None"):
            return None
        try:
            return datetime.strptime(string, fmt)
        except ValueError:
            self.logger.debug("not a moment of squeue: %r", string)
            return None

    # --- accounting ------------------------------------------------------------------------------------------------------------

    def _get_detailed_job_info_command(self, job_id: str) -> str:
        """Return the command that asks accounting for all it knows."""
        return f"sacct --format=$(sacct --helpformat | tr -s '\\n' ' ' | tr ' ' ',') --parsable --jobs={job_id}"

    def parse_output(
        self, detailed_job_info: dict[str, str | int] | None = None, stdout: str | None = None, stderr: str | None = None
    ) -> ExitCode | None:
        """Return the exit code that accounting's state points to."""
        if detailed_job_info is None:
            return self._parse_streams(stdout, stderr)
        if not isinstance(detailed_job_info, dict):
            raise TypeError(f"the `detailed_job_info` should be a dictionary, not {type(detailed_job_info)}")
        if "stdout" not in detailed_job_info:
            raise ValueError("the `detailed_job_info` does not contain the required key `stdout`.")
        if not isinstance(detailed_job_info["stdout"], str):
            raise TypeError(f"the `stdout` field in the `detailed_job_info` should be a string, not {type(detailed_job_info['stdout'])}")
        rows = parse_accounting(detailed_job_info["stdout"])
        if not rows:
            raise ValueError("the `detailed_job_info.stdout` contained less than two lines.")
        state = rows[0].get("State", "").split(" ")[0]
        return _EXIT_CODES.get(state) or self._parse_streams(stdout, stderr)

    @staticmethod
    def _parse_streams(stdout: str | None, stderr: str | None) -> ExitCode | None:
        """Some sites' accounting calls a job FAILED that ran out of something; its output says what."""
        text = f"{stdout or ''}\n{stderr or ''}".lower()
        if "exceeded memory limit" in text or "oom-kill event" in text or "oom_kill event" in text:
            return OUT_OF_MEMORY
        if "due to time limit" in text and "cancelled" in text:
            return OUT_OF_WALLTIME
        if "due to node failure" in text:
            return NODE_FAILURE
        return None

    def is_job_ended(self, detailed_job_info: Mapping[str, t.Any]) -> bool | None:
        """What accounting says of the whole job; of an array, all tasks must have ended."""
        if detailed_job_info.get("retval"):
            return None
        rows = [row for row in parse_accounting(detailed_job_info.get("stdout") or "") if "." not in row.get("JobID", "")]
        states = [row.get("State", "").split(" ")[0] for row in rows]
        return all(state in _ENDED for state in states) if states else None

    def is_about(self, detailed_job_info: Mapping[str, t.Any], directory: str) -> bool:
        """Whether the work directory that accounting names, if it does, is this one."""
        rows = parse_accounting(detailed_job_info.get("stdout") or "")
        named = [row["WorkDir"] for row in rows if row.get("WorkDir")]
        return not named or any(is_same_directory(each, directory) for each in named)

    def same_job(self, one: str, other: str) -> bool:
        """Elements of an array are the array's job."""
        return one.strip().split("_")[0] == other.strip().split("_")[0]

    def _get_bearer_command(self, job_id: str) -> str:
        """Return the command that prints work directory and name of the job, if it is in the queue."""
        return f"squeue --noheader -o '%Z|%j' --jobs={','.join(check_job_ids([job_id]))}"

    def _is_borne_by_another(self, directory: str, name: str, retval: int, stdout: str) -> bool:
        """Both have to differ: the user's own directives may change either."""
        rows = [line.strip().partition("|")[::2] for line in stdout.splitlines() if line.startswith("/") and "|" in line]
        ours = clean_job_name(name, longest=128, letter_first=False)
        return retval == 0 and bool(rows) and not any(is_same_directory(place, directory) or ours == called for place, called in rows)

    def _get_tag_search_command(self, directory: str, user: str | None) -> str:
        """Return the command that prints id and directory of the user's jobs, in the queue and in accounting."""
        return (
            "me=$(id -un); squeue --noheader -u \"$me\" -o '%i|%Z'; "
            "sacct -X -n -P -u \"$me\" --starttime=now-7days --format=JobID,WorkDir 2>/dev/null; true"
        )

    def _parse_tag_search(self, directory: str, retval: int, stdout: str, stderr: str) -> list[str]:
        """Return the ids of the jobs of this directory."""
        if "error" in stderr.lower():
            raise SchedulerError(f"squeue failed: {stderr.strip()}")
        found = []
        for line in stdout.splitlines():
            job_id, _, folder = line.strip().partition("|")
            base = job_id.split("_")[0]
            if is_same_directory(folder, directory) and base not in found:
                found.append(base)
        return found


def is_same_directory(one: str, other: str) -> bool:
    """Whether two paths are those of one job: a link on the way (/home -> /gpfs/home) shows in one of them only, so the end that the
    process names decides."""
    return one == other or (one.count("/") > 3 and one.split("/")[-3:] == other.split("/")[-3:])


def parse_accounting(text: str) -> list[dict[str, str]]:
    """Return the rows of sacct's `--parsable` table by column."""
    lines = [line for line in text.splitlines() if "|" in line]
    if len(lines) < 2:
        return []
    header = lines[0].rstrip("|").split("|")
    return [dict(zip(header, line.split("|"), strict=False)) for line in lines[1:]]


def _megabytes(kilobytes: t.Any) -> int:
    try:
        value = int(kilobytes)
    except (TypeError, ValueError):
        value = -1
    if value < 0:
        raise ValueError(f"max_memory_kb must be a non-negative integer (in kB)! It is instead `{kilobytes}`")
    # 0 means all memory of the node to SLURM, so less than a megabyte must not become that.
    return max(1, value // 1024) if value else 0


def _integer(value: str) -> int | None:
    return int(value) if value.isdigit() else None


