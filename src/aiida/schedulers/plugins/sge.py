"""SGE (Sun, Son of, Univa Grid Engine): tables of states, and the readers of its XML and accounting."""

from __future__ import annotations

import logging
import re
import typing as t
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from datetime import datetime

from aiida.common.escaping import escape_for_bash
from aiida.common.exceptions import FeatureNotAvailable
from aiida.common.exit_code import ExitCode
from aiida.schedulers.datastructures import JobInfo, JobState, JobTemplate, ParEnvJobResource
from aiida.schedulers.exit_codes import INVALID_ACCOUNT, NODE_FAILURE, OUT_OF_MEMORY, OUT_OF_WALLTIME
from aiida.schedulers.guard import FenceTerms
from aiida.schedulers.plugins.bash import BashCliScheduler
from aiida.schedulers.scheduler import SchedulerError, SchedulerParsingError
from aiida.schedulers.script import check_wallclock, clean_job_name, duration

__all__ = ("SgeJobResource", "SgeScheduler")

#: letters: d deletion, E error, h hold, r running, R restarted, s/S/T suspended, t transferring, w waiting, q queued.
_MAP_STATUS_SGE = {
    "qw": JobState.QUEUED,
    "w": JobState.QUEUED,
    "Rq": JobState.QUEUED,  # rescheduled
    "hqw": JobState.QUEUED_HELD,
    "hRwq": JobState.QUEUED_HELD,
    "hRqw": JobState.QUEUED_HELD,
    "Rqw": JobState.QUEUED,
    "r": JobState.RUNNING,
    "t": JobState.RUNNING,
    "hr": JobState.RUNNING,
    "R": JobState.RUNNING,
    "Rr": JobState.RUNNING,
    "Rt": JobState.RUNNING,
    "s": JobState.SUSPENDED,
    "ts": JobState.SUSPENDED,
    "st": JobState.SUSPENDED,
    "S": JobState.SUSPENDED,
    "tS": JobState.SUSPENDED,
    "T": JobState.SUSPENDED,
    "tT": JobState.SUSPENDED,
    "Rs": JobState.SUSPENDED,
    "Rts": JobState.SUSPENDED,
    "RS": JobState.SUSPENDED,
    "RtS": JobState.SUSPENDED,
    "RT": JobState.SUSPENDED,
    "RtT": JobState.SUSPENDED,
    "dr": JobState.UNDETERMINED,
    "dt": JobState.UNDETERMINED,
    "ds": JobState.UNDETERMINED,
    "dS": JobState.UNDETERMINED,
    "dT": JobState.UNDETERMINED,
    "dRr": JobState.UNDETERMINED,
    "dRt": JobState.UNDETERMINED,
    "dRs": JobState.UNDETERMINED,
    "dRS": JobState.UNDETERMINED,
    "dRT": JobState.UNDETERMINED,
    "Eqw": JobState.UNDETERMINED,
    "Ehqw": JobState.UNDETERMINED,
    "EhRqw": JobState.UNDETERMINED,
}

#: what accounting's `failed` field means for the process (see sge_status(5)).
_FAILED = {
    "37": OUT_OF_WALLTIME,  # killed by qmaster: a limit was passed
    "26": None,  # the output could not be opened: the job says so itself
    "19": NODE_FAILURE,  # died before the end was written
    "21": NODE_FAILURE,  # the host did not answer
    "25": None,  # rescheduled
}


class SgeJobResource(ParEnvJobResource):
    """A parallel environment and a number of processes."""


class SgeScheduler(BashCliScheduler):
    """Support for the Sun Grid Engine scheduler and its variants/forks (Son of Grid Engine, Oracle Grid Engine, ...)"""

    _logger = logging.getLogger("aiida.scheduler.sge")
    _features: t.ClassVar[dict[str, bool]] = {"can_query_by_user": True}
    _job_resource_class = SgeJobResource

    fence_terms = FenceTerms(
        run="$JOB_ID",
        setup='_aiida_sge=$SGE_TASK_ID; [ "$_aiida_sge" = undefined ] && _aiida_sge=0\n',
        task="${_aiida_sge:-0}",
        restarts="${RESTARTED:-0}",
    )
    never_reached: t.ClassVar[tuple[str, ...]] = ("unable to contact qmaster", "unable to send message to qmaster")
    definite_refusals: t.ClassVar[dict[str, bool]] = {
        "unknown queue": True,
        "job rejected": True,
        "job is rejected because": True,
        "unable to run job: job was rejected": True,
        "unknown resource": True,
        "unknown parallel environment": True,
        "the requested parallel environment": True,
        "unable to run job: \"": True,
        "is not allowed to submit": True,
        "script file": True,  # also: unable to read script file
        "no suitable queues": True,
        "invalid": True,
        "unknown option": True,
        "has no permission": True,
        "would set the number of active jobs": False,
        "job limit": False,
        "maximum number of jobs": False,
    }

    # --- the script ------------------------------------------------------------------------------------------------------

    def _get_submit_script_header(self, job_tmpl: JobTemplate) -> str:
        """Return the directives."""
        lines = []
        if job_tmpl.working_directory:
            lines.append(f"#$ -wd {job_tmpl.working_directory}")
        else:
            lines.append("#$ -cwd")
        lines.append("#$ -S /bin/bash")
        if job_tmpl.submit_as_hold:
            lines.append(f"#$ -h {job_tmpl.submit_as_hold}")
        lines.append("#$ -r yes" if job_tmpl.rerunnable else "#$ -r no")
        if job_tmpl.email:
            lines.append(f"#$ -M {job_tmpl.email}")
        events = ("b" if job_tmpl.email_on_started else "") + ("ea" if job_tmpl.email_on_terminated else "")
        lines.append(f"#$ -m {events or 'n'}")
        if job_tmpl.job_name:
            lines.append(f"#$ -N {clean_job_name(job_tmpl.job_name, longest=128)}")
        if job_tmpl.import_sys_environment:
            lines.append("#$ -V")
        if job_tmpl.sched_output_path:
            lines.append(f"#$ -o {job_tmpl.sched_output_path}")
        if job_tmpl.sched_join_files:
            lines.append("#$ -j y")
        elif job_tmpl.sched_error_path:
            lines.append(f"#$ -e {job_tmpl.sched_error_path}")
        for key, flag in (("queue_name", "-q"), ("account", "-P"), ("priority", "-p")):
            if job_tmpl[key]:
                lines.append(f"#$ {flag} {job_tmpl[key]}")
        resource = job_tmpl.job_resource
        if not resource:
            raise ValueError("Job resources (as the tot_num_mpiprocs) are required for the SGE scheduler plugin")
        lines.append(f"#$ -pe {resource.parallel_env} {int(resource.tot_num_mpiprocs)}")
        if job_tmpl.max_wallclock_seconds is not None:
            lines.append(f"#$ -l h_rt={duration(check_wallclock(job_tmpl.max_wallclock_seconds))}")
        if job_tmpl.custom_scheduler_commands:
            lines.append(job_tmpl.custom_scheduler_commands)
        return "\n".join(lines)

    # --- submitting and killing ----------------------------------------------------------------------------------------------

    def _get_submit_command(self, submit_script: str) -> str:
        """Return the command that submits."""
        return f"qsub -terse {submit_script}"

    def _parse_submit_output(self, retval: int, stdout: str, stderr: str) -> str | ExitCode:
        """Return the id; of an array (`12.1-5:1`) the array's."""
        if retval != 0:
            self.logger.error("Error in _parse_submit_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            if "invalid project" in stderr.lower() or "unknown project" in stderr.lower():
                return INVALID_ACCOUNT
            raise SchedulerError(f"Error during submission, retval={retval}\nstdout={stdout}\nstderr={stderr}")
        if stderr.strip():
            self.logger.warning("qsub wrote to its error output: %s", stderr.strip())
        lines = [line.strip() for line in stdout.splitlines() if line.strip()]
        match = re.fullmatch(r"(\d+)(\.\d+-\d+:\d+)?", lines[-1]) if lines else None
        if match is None:
            raise SchedulerError(f"Error during submission: no job id in the output of qsub: {stdout!r}")
        return match[1]

    def _get_kill_command(self, jobid: str) -> str:
        """Return the command that kills."""
        return f"qdel {jobid}"

    def _parse_kill_output(self, retval: int, stdout: str, stderr: str) -> bool:
        """Return whether the request was taken; a job that is gone need not be killed."""
        if retval != 0:
            self.logger.error("Error in _parse_kill_output: retval=%d; stdout=%s; stderr=%s", retval, stdout, stderr)
            return "does not exist" in f"{stdout}{stderr}"
        return True

    # --- the queue -------------------------------------------------------------------------------------------------------------

    def _get_joblist_command(self, jobs: list[str] | None = None, user: str | None = None) -> str:
        """Return the command that lists; SGE cannot be asked for single jobs in this form."""
        if jobs:
            raise FeatureNotAvailable("Cannot query by jobid in SGE")
        return f"qstat -ext -urg -xml -u {user if user else escape_for_bash('*')}"

    def _parse_joblist_output(self, retval: int, stdout: str, stderr: str) -> list[JobInfo]:
        """Return the jobs."""
        if retval != 0:
            raise SchedulerError(f"Error during joblist retrieval, retval={retval}\nstdout={stdout}\nstderr={stderr}")
        if stderr.strip():
            self.logger.warning("qstat wrote to its error output: %s", stderr.strip())
        if not stdout.strip():
            raise SchedulerParsingError("qstat printed nothing, not even an empty list: that is no listing")
        try:
            root = ElementTree.fromstring(stdout.strip())
        except ElementTree.ParseError as error:
            raise SchedulerParsingError(f"Error in parsing xml of qstat: {error}; the beginning: {stdout[:200]!r}") from error
        if root.find("queue_info") is None or root.find("job_info") is None:
            raise SchedulerParsingError("Error in qstat parsing: the XML has no `queue_info` and `job_info`")
        return [self._parse_element(element) for element in root.iter("job_list")]

    def _parse_element(self, element: ElementTree.Element) -> JobInfo:
        raw = {child.tag: (child.text or "").strip() for child in element}
        info = JobInfo()
        if not raw.get("JB_job_number"):
            raise SchedulerError("Error in sge.py: no job id is given")
        info.job_id = raw["JB_job_number"]
        letters = raw.get("state", "")
        state = _MAP_STATUS_SGE.get(letters)
        if state is None:
            self.logger.warning("unknown state %r of the job %s", letters, info.job_id)
            state = JobState.UNDETERMINED
        info.job_state = state
        if raw.get("JB_owner"):
            info.job_owner = raw["JB_owner"]
        info.title = raw.get("JB_name") or None
        if raw.get("queue_name"):
            info.queue_name = raw["queue_name"]
        for field, key in (("submission_time", "JB_submission_time"), ("dispatch_time", "JAT_start_time")):
            if raw.get(key):
                info[field] = self._parse_time_string(raw[key])
        if raw.get("slots", "").isdigit():
            info.num_mpiprocs = int(raw["slots"])
        return info

    def _parse_time_string(self, string: str, fmt: str = "%Y-%m-%dT%H:%M:%S") -> datetime | None:
        """Return the moment; some releases add milliseconds."""
        try:
            return datetime.strptime(string.split(".")[0], fmt)
        except ValueError:
            self.logger.debug("not a moment of qstat: %r", string)
            return None

    def same_job(self, one: str, other: str) -> bool:
        """Tasks of an array are the array's job."""
        return one.strip().split(".")[0] == other.strip().split(".")[0]

    # --- accounting ------------------------------------------------------------------------------------------------------------

    def _get_detailed_job_info_command(self, job_id: str) -> str:
        """Return the command that asks accounting."""
        return f"qacct -j {escape_for_bash(job_id)}"

    def is_job_ended(self, detailed_job_info: Mapping[str, t.Any]) -> bool | None:
        """Accounting writes a record at each end; that of a job to be run again says so. The file may come seconds late."""
        records = parse_accounting(str(detailed_job_info.get("stdout") or ""))
        if detailed_job_info.get("retval") or not records:
            return None
        return records[-1].get("failed", "0").split(" ")[0] not in ("24", "25")  # to be migrated, to be rescheduled

    def parse_output(
        self, detailed_job_info: dict[str, str | int] | None = None, stdout: str | None = None, stderr: str | None = None
    ) -> ExitCode | None:
        """Return the exit code that accounting's `failed` field and used resources point to."""
        records = parse_accounting(str((detailed_job_info or {}).get("stdout") or ""))
        if not records:
            return None
        last = records[-1]
        code = _FAILED.get(last.get("failed", "0").split(" ")[0])
        text = last.get("failed", "").lower() + last.get("category", "").lower()
        limit = re.search(r"h_rt=(\d+)", text)
        used = re.match(r"[\d.]+", last.get("ru_wallclock", ""))
        if code is OUT_OF_WALLTIME and limit and used and float(used[0]) < int(limit[1]):
            return OUT_OF_MEMORY  # killed for a limit, but not that of the time
        return code

    def _get_tag_search_command(self, directory: str, user: str | None) -> str:
        """Return the command that prints what the queue knows of the user's jobs, and what accounting knows."""
        return (
            "for j in $(qstat -u \"$(id -un)\" | awk 'NR>2{print $1}' | sort -u); do qstat -j \"$j\"; done 2>/dev/null; "
            "qacct -o \"$(id -un)\" -d 2 -j '*' 2>/dev/null; true"
        )

    def _parse_tag_search(self, directory: str, retval: int, stdout: str, stderr: str) -> list[str]:
        """Return the ids of the jobs whose working directory this is."""
        found: list[str] = []
        number = ""
        for line in stdout.splitlines():
            key, _, value = line.strip().partition(" ")
            if key.rstrip(":") in ("job_number", "jobnumber"):
                number = value.strip()
            elif key.rstrip(":") in ("cwd", "sge_o_workdir") and value.strip() == directory and number and number not in found:
                found.append(number)
        return found


def parse_accounting(text: str) -> list[dict[str, str]]:
    """Return the records of `qacct -j`: they are divided by lines of equals signs."""
    records = []
    for block in re.split(r"^=+\s*$", text, flags=re.M):
        pairs = (line.split(None, 1) for line in block.splitlines() if line.strip())
        record = {pair[0]: pair[1].strip() if len(pair) > 1 else "" for pair in pairs}
        if "jobnumber" in record:
            records.append(record)
    return records
