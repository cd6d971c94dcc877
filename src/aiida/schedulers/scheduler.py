"""The interface that scheduler plugins subclass."""

from __future__ import annotations

import abc
import logging
import typing as t

from aiida.common.datastructures import CodeRunMode
from aiida.common.exceptions import AiidaException, FeatureNotAvailable
from aiida.common.exit_code import ExitCode
from aiida.common.lang import classproperty

from .datastructures import JobInfo, JobResource, JobTemplate, JobTemplateCodeInfo
from .guard import FenceTerms
from .script import render_environment, render_run_lines, render_script

if t.TYPE_CHECKING:
    # Schedulers do not know transports: they are handed one by the caller and only ever run commands through it.
    from aiida.transports import Transport

__all__ = ("Scheduler", "SchedulerError", "SchedulerParsingError")


class SchedulerError(AiidaException):
    """A scheduler did not do what it was asked."""


class SchedulerParsingError(SchedulerError):
    """The output of a scheduler's command was not understood."""


class Scheduler(metaclass=abc.ABCMeta):
    """A batch system: renders job scripts, reads what its commands print."""

    _logger = logging.getLogger("aiida.scheduler")

    #: what the scheduler can do: `can_query_by_user`.
    _features: t.ClassVar[dict[str, bool]] = {}
    _job_resource_class: t.ClassVar[t.Any] = None

    #: how a job of this scheduler learns its own id (PROTOCOL 10.6).
    fence_terms: t.ClassVar[FenceTerms] = FenceTerms()
    #: absence from one complete listing is evidence of the end (the kernel knows its processes; a queue may not).
    absence_is_evidence: t.ClassVar[bool] = False
    #: the submit command needs nothing of a login shell but its environment: the guard then runs in a small and quick shell.
    submits_from_any_shell: t.ClassVar[bool] = False
    #: beginnings of submit errors after which no job exists for certain: lower-case text -> permanent (pause) or not (try again later).
    definite_refusals: t.ClassVar[dict[str, bool]] = {}
    #: what submit errors contain (lower case) when the scheduler itself was not there to be asked: an outage, nobody's fault.
    never_reached: t.ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        resources = self._job_resource_class
        if resources is None or not issubclass(resources, JobResource):
            raise RuntimeError(f"the attribute `_job_resource_class` of {type(self).__name__} must be a subclass of `JobResource`")
        self._transport: Transport | None = None

    @classmethod
    def get_short_doc(cls) -> str:
        """Return the first line of the class's documentation."""
        lines = [line for line in (cls.__doc__ or "").splitlines() if line.strip()]
        return lines[0].strip() if lines else "No documentation available"

    def get_feature(self, feature_name: str) -> bool:
        """Return whether the scheduler has a feature."""
        try:
            return self._features[feature_name]
        except KeyError:
            raise NotImplementedError(f"Feature {feature_name} not implemented for this scheduler") from None

    @property
    def logger(self) -> logging.Logger:
        """The logger of the scheduler."""
        return self._logger

    # --- resources -----------------------------------------------------------------------------------------------------

    @classproperty
    def job_resource_class(cls) -> type[JobResource]:
        """The class of the resources that jobs ask for."""
        return t.cast(type[JobResource], cls._job_resource_class)

    @classmethod
    def preprocess_resources(cls, resources: dict[str, t.Any], default_mpiprocs_per_machine: int | None = None) -> None:
        """Add the computer's default number of processes per machine where it decides something."""
        if not cls.job_resource_class.accepts_default_mpiprocs_per_machine() or default_mpiprocs_per_machine is None:
            return
        given = [key for key in ("num_machines", "tot_num_mpiprocs") if key in resources]
        if "num_mpiprocs_per_machine" not in resources and len(given) < 2:
            resources["num_mpiprocs_per_machine"] = default_mpiprocs_per_machine

    @classmethod
    def validate_resources(cls, **resources: t.Any) -> None:
        """Raise ValueError unless the resources are complete and consistent."""
        cls.job_resource_class.validate_resources(**resources)

    @classmethod
    def create_job_resource(cls, **kwargs: t.Any) -> JobResource:
        """Return the resources as an object of the scheduler's class."""
        return cls.job_resource_class(**kwargs)

    # --- submit script ---------------------------------------------------------------------------------------------------

    def get_submit_script(self, job_tmpl: JobTemplate) -> str:
        """Return the text of the submit script."""
        environment = ""
        if job_tmpl.job_environment:
            if not isinstance(job_tmpl.job_environment, dict):
                raise ValueError("If you provide job_environment, it must be a dictionary")
            environment = self._get_submit_script_environment_variables(job_tmpl)
        return render_script(
            job_tmpl,
            self._get_submit_script_header(job_tmpl),
            environment,
            self._get_run_line(job_tmpl.codes_info or [], job_tmpl.codes_run_mode or CodeRunMode.SERIAL),
            self._get_submit_script_footer(job_tmpl),
        )

    def _get_submit_script_environment_variables(self, template: JobTemplate) -> str:
        """Return the lines that export the environment variables."""
        return render_environment(
            template.job_environment, double_quotes=bool(template.environment_variables_double_quotes)
        )

    @abc.abstractmethod
    def _get_submit_script_header(self, job_tmpl: JobTemplate) -> str:
        """Return the lines that tell the scheduler about the job."""

    def _get_submit_script_footer(self, job_tmpl: JobTemplate) -> str:
        """Return the last lines of the script."""
        return ""

    def _get_run_line(self, codes_info: list[JobTemplateCodeInfo], codes_run_mode: CodeRunMode) -> str:
        """Return the lines that run the codes."""
        return render_run_lines(codes_info, codes_run_mode)

    # --- jobs ------------------------------------------------------------------------------------------------------------

    @abc.abstractmethod
    def submit_job(self, working_directory: str, filename: str) -> str | ExitCode:
        """Submit a script; return the job's id, or the exit code with which the process is to end."""

    @abc.abstractmethod
    def get_jobs(
        self, jobs: list[str] | None = None, user: str | None = None, as_dict: bool = False
    ) -> list[JobInfo] | dict[str, JobInfo]:
        """Return what the queue shows: of these jobs, of this user, or of all."""

    @abc.abstractmethod
    def kill_job(self, jobid: str) -> bool:
        """Ask the scheduler to kill a job; True if it took the request."""

    def can_get_detailed_job_info(self) -> bool:
        """Whether the scheduler has accounting."""
        try:
            self._get_detailed_job_info_command("")
        except FeatureNotAvailable:
            return False
        return True

    def get_detailed_job_info(self, job_id: str) -> dict[str, str | int]:
        """Return what accounting prints about a job, with the exit status of the command."""
        command = self._get_detailed_job_info_command(job_id)
        with self.transport:
            retval, stdout, stderr = self.transport.exec_command_wait(command)
        return {"retval": retval, "stdout": stdout, "stderr": stderr}

    def _get_detailed_job_info_command(self, job_id: str) -> str:
        """Return the command that asks accounting about a job."""
        raise FeatureNotAvailable("Cannot get detailed job info")

    def parse_output(
        self,
        detailed_job_info: dict[str, str | int] | None = None,
        stdout: str | None = None,
        stderr: str | None = None,
    ) -> ExitCode | None:
        """Return the exit code that accounting and the scheduler's output files point to, if any."""
        raise FeatureNotAvailable(f"`parse_output` is not implemented by {type(self).__name__}")

    # --- for recovery and polling (PROTOCOL 10) ----------------------------------------------------------------------------

    def same_job(self, one: str, other: str) -> bool:
        """Whether two texts name the same job: ids from the submit command, from the queue and from inside the job may be dressed."""
        return one.strip() == other.strip()

    def is_job_ended(self, detailed_job_info: t.Mapping[str, t.Any]) -> bool | None:
        """What accounting says: True ended for good, False not ended, None it knows nothing."""
        return None

    def is_about(self, detailed_job_info: t.Mapping[str, t.Any], directory: str) -> bool:
        """Whether what accounting says may be about the job of this directory: ids are given again after a while."""
        return True

    def _get_bearer_command(self, job_id: str) -> str:
        """Return the command that shows who bears this id in the queue now; its output is for `_is_borne_by_another`."""
        raise FeatureNotAvailable(f"{type(self).__name__} cannot tell whose an id is")

    def _is_borne_by_another(self, directory: str, name: str, retval: int, stdout: str) -> bool:
        """Whether the queue gives the id to a job of another directory and name: it was given again after ours had ended."""
        return False

    def _get_tag_search_command(self, directory: str, user: str | None) -> str:
        """Return the command that finds jobs by their working directory; its output is for `_parse_tag_search`."""
        raise FeatureNotAvailable(f"{type(self).__name__} cannot look for a job by its directory")

    def _parse_tag_search(self, directory: str, retval: int, stdout: str, stderr: str) -> list[str]:
        """Return the ids of the jobs whose working directory is `directory`."""
        raise FeatureNotAvailable(f"{type(self).__name__} cannot look for a job by its directory")

    # --- transport -----------------------------------------------------------------------------------------------------------

    def set_transport(self, transport: Transport) -> None:
        """Set the transport through which commands are run."""
        self._transport = transport

    @property
    def transport(self) -> Transport:
        """The transport through which commands are run."""
        if self._transport is None:
            raise SchedulerError("Use the set_transport function to set the transport for the scheduler first.")
        return self._transport
