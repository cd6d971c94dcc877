"""No batch system: jobs are processes of the login host, known by pid, start time and boot."""

from __future__ import annotations

import logging
import re
import typing as t

from aiida.common.escaping import escape_for_bash
from aiida.common.exit_code import ExitCode
from aiida.schedulers.datastructures import JobInfo, JobState, JobTemplate, NodeNumberJobResource
from aiida.schedulers.guard import IDENTITY, FenceTerms
from aiida.schedulers.plugins.bash import BashCliScheduler, check_job_ids
from aiida.schedulers.scheduler import SchedulerError

__all__ = ("DirectJobResource", "DirectScheduler")

#: process states as `ps` and the kernel write them (first letter).
_MAP_STATUS_PS = {
    "D": JobState.RUNNING,  # waiting for a disk
    "I": JobState.RUNNING,  # idle
    "R": JobState.RUNNING,
    "S": JobState.RUNNING,  # sleeping
    "T": JobState.SUSPENDED,  # stopped by a signal
    "t": JobState.SUSPENDED,  # stopped by a debugger
    "U": JobState.RUNNING,  # waiting for a disk (BSD)
    "W": JobState.RUNNING,  # swapped out
    "X": JobState.DONE,
    "Z": JobState.DONE,  # a zombie: ended, not yet noticed by its parent
    "?": JobState.UNDETERMINED,
}

_IDENTITY = re.compile(r"(\d+)(?::([0-9A-Za-z]+):([0-9A-Za-z]+))?")
_TICKS = 100  # clock ticks per second in /proc, on every Linux


class DirectJobResource(NodeNumberJobResource):
    """Machines and processes; only one machine makes sense."""

    @classmethod
    def accepts_default_memory_per_machine(cls) -> t.Literal[False]:
        """Nobody limits memory here."""
        return False


class DirectScheduler(BashCliScheduler):
    """Support for the direct execution bypassing schedulers."""

    _logger = logging.getLogger("aiida.scheduler.direct")
    _features: t.ClassVar[dict[str, bool]] = {"can_query_by_user": True}
    _job_resource_class = DirectJobResource

    fence_terms = FenceTerms(run="$_aiida_self")
    absence_is_evidence = True
    submits_from_any_shell = True

    def _get_submit_script_header(self, job_tmpl: JobTemplate) -> str:
        """Return the lines that do by themselves what a batch system would."""
        lines = []
        if job_tmpl.sched_output_path:
            lines.append(f"exec > {job_tmpl.sched_output_path}")
        if job_tmpl.sched_join_files:
            lines.append("exec 2>&1")
        elif job_tmpl.sched_error_path:
            lines.append(f"exec 2> {job_tmpl.sched_error_path}")
        if job_tmpl.max_memory_kb:
            self.logger.warning("Physical memory limiting is not supported by the direct scheduler.")
        if job_tmpl.rerunnable:
            self.logger.warning("The 'rerunnable' option is set to 'True', but has no effect when using the direct scheduler.")
        if job_tmpl.custom_scheduler_commands:
            lines.append(job_tmpl.custom_scheduler_commands)
        if job_tmpl.import_sys_environment is False:
            lines.append(_FORGET_ENVIRONMENT)
        if job_tmpl.job_resource and job_tmpl.job_resource.num_cores_per_mpiproc:
            lines.append(f"export OMP_NUM_THREADS={job_tmpl.job_resource.num_cores_per_mpiproc}")
        return "\n".join([*lines, ""])

    # --- submitting ------------------------------------------------------------------------------------------------------

    def _get_submit_command(self, submit_script: str) -> str:
        """Return the command that starts the script in a session of its own and prints pid, start time and boot.

        The process prints its identity *before* it becomes the script (both survive `exec`), so even a script that ends at once
        is known; the substitution waits for exactly that, as the pipe is closed by the `exec`.
        """
        starter = (
            f'{IDENTITY}\necho "$_aiida_self"\n'
            'if command -v setsid > /dev/null 2>&1; then exec setsid bash "$1" < /dev/null > /dev/null 2>&1; fi\n'
            'exec bash "$1" < /dev/null > /dev/null 2>&1'
        )
        return f'echo "$(sh -c {escape_for_bash(starter)} aiida-job {submit_script} &)"'

    def _parse_submit_output(self, retval: int, stdout: str, stderr: str) -> str | ExitCode:
        """Return the identity."""
        if retval != 0:
            raise SchedulerError(f"Error during submission, retval={retval}; stdout={stdout!r}; stderr={stderr!r}")
        if stderr.strip():
            self.logger.warning("the direct scheduler wrote to its error output on submission: %s", stderr.strip())
        lines = [line.strip() for line in stdout.splitlines() if line.strip()]
        if not lines or not _IDENTITY.fullmatch(lines[-1]):
            raise SchedulerError(f"Unable to parse the pid from the output of the submit command: {stdout!r}")
        return lines[-1]

    # --- listing -----------------------------------------------------------------------------------------------------------

    def _get_joblist_command(self, jobs: list[str] | None = None, user: str | None = None) -> str:
        """Return the command that prints the boot, then a line of the kernel or of `ps` per process."""
        if not jobs:
            return f"ps {f'-u {escape_for_bash(user)} -o' if user else '-xo'} pid,stat,user,time | tail -n +2"
        pids = " ".join(_split(job)[0] for job in check_job_ids(jobs))
        return (
            "if read -r b < /proc/sys/kernel/random/boot_id; then echo \"boot ${b%%-*}\"; read -r u r < /proc/uptime; echo \"uptime $u\"; "
            f"for p in {pids}; do {{ read -r s < /proc/$p/stat && echo \"proc $s\"; }} 2>/dev/null; done; "
            f"else echo 'boot -'; ps -o pid,stat,user,time -p {pids.replace(' ', ',')} | tail -n +2; fi; true"
        )

    def _parse_joblist_output(self, retval: int, stdout: str, stderr: str) -> list[JobInfo]:
        """Return the processes; from the kernel's lines with their full identity."""
        if retval not in (0, 1):  # 1: ps found none of the given pids
            raise SchedulerError(f"Error during the listing of processes, retval={retval}; stderr={stderr!r}")
        if stderr.strip():
            self.logger.warning("the listing of processes wrote to its error output: %s", stderr.strip())
        facts: dict[str, str] = {}
        found = []
        for line in stdout.splitlines():
            kind, _, rest = line.strip().partition(" ")
            if kind in ("boot", "uptime"):
                facts[kind] = rest
            elif kind == "proc":
                found.append(_parse_kernel_line(rest, facts))
            elif kind:
                found.append(_parse_ps_line(line))
        return found

    def get_jobs(
        self, jobs: list[str] | None = None, user: str | None = None, as_dict: bool = False
    ) -> list[JobInfo] | dict[str, JobInfo]:
        """Return the processes; one that was asked for and is not there has ended."""
        found = t.cast(list[JobInfo], super().get_jobs(jobs, user, as_dict=False))
        result: dict[str, JobInfo] = {}
        for job in [] if jobs is None else check_job_ids(jobs):
            match = next((info for info in found if self.same_job(info.job_id, job)), None)
            info = JobInfo() if match is None else match
            info.job_id = job
            if match is None:
                info.job_state = JobState.DONE
            result[job] = info
        if jobs is None:
            result = {info.job_id: info for info in found}
        return result if as_dict else list(result.values())

    def same_job(self, one: str, other: str) -> bool:
        """Compare identities; a pid alone (as written by other programs) matches by pid."""
        left, right = _split(one), _split(other)
        return left[0] == right[0] and (None in (left[1], right[1]) or left == right)

    # --- killing -------------------------------------------------------------------------------------------------------------

    def _get_kill_command(self, jobid: str) -> str:
        """Return the command that kills the process and the session it leads, if it is still the one that was started."""
        pid, start, _ = _split(jobid)
        kill = f"kill -TERM -- -{pid} 2>/dev/null || kill -TERM {pid}"
        if start is None:
            return f"kill {pid}"
        return (
            f"if [ -e /proc/self/stat ]; then {{ read -r s < /proc/{pid}/stat; }} 2>/dev/null; set -- ${{s##*) }}; "
            f'[ "${{20}}" = {start} ] || {{ echo "no such process" >&2; exit 1; }}; fi; {kill}'
        )

    def _parse_kill_output(self, retval: int, stdout: str, stderr: str) -> bool:
        """Return whether the signal was sent."""
        if retval != 0:
            self.logger.warning("killing a process failed (exit status %d): %s", retval, stderr.strip())
        return retval == 0

    # --- recovery ------------------------------------------------------------------------------------------------------------

    def parse_output(
        self, detailed_job_info: dict[str, str | int] | None = None, stdout: str | None = None, stderr: str | None = None
    ) -> ExitCode | None:
        """Nothing watched the process, so nothing is known."""
        return None


def _split(jobid: str) -> tuple[str, str | None, str | None]:
    match = _IDENTITY.fullmatch(str(jobid).strip())
    if match is None:
        raise SchedulerError(f"not the id of a job of the direct scheduler: {jobid!r}")
    return match[1], match[2], match[3]


def _parse_kernel_line(line: str, facts: dict[str, str]) -> JobInfo:
    """Read a line of /proc/<pid>/stat: the name in parentheses may contain anything."""
    pid = line.split(" ", 1)[0]
    fields = line[line.rindex(")") + 1 :].split()
    start = fields[19]
    info = JobInfo()
    info.job_id = f"{pid}:{start}:{facts.get('boot', '')}"
    info.job_state = _MAP_STATUS_PS.get(fields[0], JobState.UNDETERMINED)
    info.job_substate = fields[0]
    if facts.get("uptime"):
        info.wallclock_time_seconds = max(0, int(float(facts["uptime"]) - int(start) / _TICKS))
    info.cpu_time = (int(fields[11]) + int(fields[12])) // _TICKS
    return info


def _parse_ps_line(line: str) -> JobInfo:
    words = line.split()
    if len(words) < 3 or not words[0].isdigit():
        raise SchedulerError(f"not a line of `ps`: {line!r}")
    info = JobInfo()
    info.job_id = words[0]
    info.job_state = _MAP_STATUS_PS.get(words[1][0], JobState.UNDETERMINED)
    info.job_substate = words[1]
    info.job_owner = words[2]
    if len(words) > 3:
        info.wallclock_time_seconds = _parse_time(words[3])
    return info


def _parse_time(text: str) -> int:
    """Return the seconds of `[[days-]hours:]minutes:seconds`."""
    days, _, clock = text.rpartition("-")
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(float(part))
    return seconds + int(days or 0) * 86400


#: without the environment of the submitting shell: only what a fresh login has anyway.
_FORGET_ENVIRONMENT = (
    "for _aiida_name in $(compgen -e); do case $_aiida_name in HOME|PATH|USER|LOGNAME|SHELL|TERM|TMPDIR|LANG) ;; "
    '*) unset "$_aiida_name" ;; esac; done'
)
