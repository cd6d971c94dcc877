"""Batch systems that are driven by shell commands: each operation is a command and a parser of its output."""

from __future__ import annotations

import abc
import typing as t

from aiida.common.escaping import escape_for_bash
from aiida.common.exit_code import ExitCode
from aiida.schedulers.datastructures import JobInfo
from aiida.schedulers.scheduler import Scheduler, SchedulerError

__all__ = ("BashCliScheduler", "check_job_ids")


class BashCliScheduler(Scheduler, metaclass=abc.ABCMeta):
    """A scheduler whose commands are run in a shell."""

    def submit_job(self, working_directory: str, filename: str) -> str | ExitCode:
        """Submit the script `filename` in `working_directory`."""
        command = self._get_submit_command(escape_for_bash(filename))
        result = self.transport.exec_command_wait(command, workdir=working_directory)
        return self._parse_submit_output(*result)

    def get_jobs(
        self, jobs: list[str] | None = None, user: str | None = None, as_dict: bool = False
    ) -> list[JobInfo] | dict[str, JobInfo]:
        """Return what the queue shows."""
        with self.transport:
            result = self.transport.exec_command_wait(self._get_joblist_command(jobs=jobs, user=user))
        found = self._parse_joblist_output(*result)
        if not as_dict:
            return found
        by_id = {job.job_id: job for job in found}
        if None in by_id:
            raise SchedulerError("Found at least one job without jobid")
        return by_id

    def kill_job(self, jobid: str) -> bool:
        """Ask the scheduler to kill a job."""
        result = self.transport.exec_command_wait(self._get_kill_command(jobid))
        return self._parse_kill_output(*result)

    @abc.abstractmethod
    def _get_submit_command(self, submit_script: str) -> str:
        """Return the command that submits a script, whose name is quoted already."""

    @abc.abstractmethod
    def _parse_submit_output(self, retval: int, stdout: str, stderr: str) -> str | ExitCode:
        """Return the job's id or an exit code; raise SchedulerError for anything else."""

    @abc.abstractmethod
    def _get_joblist_command(self, jobs: list[str] | None = None, user: str | None = None) -> str:
        """Return the command that lists jobs."""

    @abc.abstractmethod
    def _parse_joblist_output(self, retval: int, stdout: str, stderr: str) -> list[JobInfo]:
        """Return the jobs listed; raise SchedulerError when the listing failed."""

    @abc.abstractmethod
    def _get_kill_command(self, jobid: str) -> str:
        """Return the command that kills a job."""

    @abc.abstractmethod
    def _parse_kill_output(self, retval: int, stdout: str, stderr: str) -> bool:
        """Return whether the scheduler took the request."""


def check_job_ids(jobs: t.Any) -> list[str]:
    """Return the ids as a list; one alone may be given as a text."""
    if isinstance(jobs, str):
        return [jobs]
    if not isinstance(jobs, (list, tuple, set)):
        raise TypeError("If provided, the 'jobs' variable must be a string or a list of strings")
    return [str(job) for job in jobs]
