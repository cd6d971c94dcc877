"""What is said to a scheduler and heard from it: resources, templates, states, infos. Values only."""

from __future__ import annotations

import abc
import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from aiida.common.datastructures import CodeRunMode
from aiida.common.extendeddicts import AttributeDict, DefaultFieldsAttributeDict

from .resources import as_integer, complete_node_numbers

__all__ = (
    "JobInfo",
    "JobResource",
    "JobState",
    "JobTemplate",
    "JobTemplateCodeInfo",
    "MachineInfo",
    "NodeNumberJobResource",
    "ParEnvJobResource",
)


class JobState(enum.Enum):
    """Where a job stands, in words that all schedulers share."""

    UNDETERMINED = "undetermined"
    QUEUED = "queued"
    QUEUED_HELD = "queued held"
    RUNNING = "running"
    SUSPENDED = "suspended"
    DONE = "done"


class JobResource(DefaultFieldsAttributeDict, metaclass=abc.ABCMeta):
    """What a job asks for; each scheduler names the subclass whose keys it understands."""

    _default_fields: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abc.abstractmethod
    def validate_resources(cls, **kwargs: Any) -> dict[Any, Any] | None:
        """Return the complete resources, or raise `ValueError`."""

    @classmethod
    def get_valid_keys(cls) -> list[str]:
        """Return the keys that the constructor takes."""
        return list(cls._default_fields)

    @classmethod
    @abc.abstractmethod
    def accepts_default_mpiprocs_per_machine(cls) -> bool:
        """Whether the computer's default number of MPI processes per machine makes sense here."""

    @classmethod
    def accepts_default_memory_per_machine(cls) -> bool:
        """Whether the computer's default memory per machine makes sense here."""
        return True

    @abc.abstractmethod
    def get_tot_num_mpiprocs(self) -> int:
        """Return the total number of MPI processes."""


class NodeNumberJobResource(JobResource):
    """Machines times processes per machine: SLURM, the PBS family, direct execution."""

    _default_fields = ("num_machines", "num_mpiprocs_per_machine", "num_cores_per_machine", "num_cores_per_mpiproc")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self.validate_resources(**kwargs))

    @classmethod
    def validate_resources(cls, **kwargs: Any) -> AttributeDict:
        """Return the complete set, computing the one of the three numbers that is not given."""
        unknown = [key for key in kwargs if key not in cls.get_valid_keys()]
        if unknown:
            raise ValueError(f"these parameters were not recognized: {', '.join(sorted(unknown))}")
        values = {key: as_integer(key, kwargs.get(key)) for key in cls.get_valid_keys()}
        return AttributeDict(complete_node_numbers(values))

    @classmethod
    def get_valid_keys(cls) -> list[str]:
        """Return the keys that the constructor takes."""
        return [*super().get_valid_keys(), "tot_num_mpiprocs"]

    @classmethod
    def accepts_default_mpiprocs_per_machine(cls) -> Literal[True]:
        """Processes are counted per machine: a default makes sense."""
        return True

    def get_tot_num_mpiprocs(self) -> int:
        """Return machines times processes per machine."""
        return int(self.num_machines * self.num_mpiprocs_per_machine)


class ParEnvJobResource(JobResource):
    """A parallel environment and a total number of processes: SGE."""

    _default_fields = ("parallel_env", "tot_num_mpiprocs")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self.validate_resources(**kwargs))

    @classmethod
    def validate_resources(cls, **kwargs: Any) -> AttributeDict:
        """Return both values, checked."""
        environment = kwargs.pop("parallel_env", None)
        if not isinstance(environment, str):
            raise ValueError("`parallel_env` must be specified and must be a string")
        try:
            total = int(kwargs.pop("tot_num_mpiprocs"))
        except (KeyError, TypeError, ValueError):
            raise ValueError("`tot_num_mpiprocs` must be specified and must be an integer") from None
        if total < 1:
            raise ValueError("`tot_num_mpiprocs` must be greater than or equal to one.")
        if kwargs:
            raise ValueError(f"these parameters were not recognized: {', '.join(sorted(kwargs))}")
        return AttributeDict({"parallel_env": environment, "tot_num_mpiprocs": total})

    @classmethod
    def accepts_default_mpiprocs_per_machine(cls) -> Literal[False]:
        """The scheduler distributes processes over machines: a default per machine means nothing."""
        return False

    def get_tot_num_mpiprocs(self) -> int:
        """Return the total number that was asked for."""
        return int(self.tot_num_mpiprocs)


@dataclass
class JobTemplateCodeInfo:
    """One code of a job, ready to be written as a command line."""

    prepend_cmdline_params: list[str] = field(default_factory=list)
    cmdline_params: list[str] = field(default_factory=list)
    use_double_quotes: list[bool] = field(default_factory=lambda: [False, False])
    wrap_cmdline_params: bool = False
    stdin_name: str | None = None
    stdout_name: str | None = None
    stderr_name: str | None = None
    join_files: bool = False


class JobTemplate(DefaultFieldsAttributeDict):
    """Everything that goes into a submit script. Unset fields read as `None`."""

    _default_fields = (
        "shebang",
        "submit_as_hold",
        "rerunnable",
        "job_environment",
        "environment_variables_double_quotes",
        "working_directory",
        "email",
        "email_on_started",
        "email_on_terminated",
        "job_name",
        "sched_output_path",
        "sched_error_path",
        "sched_join_files",
        "queue_name",
        "account",
        "qos",
        "job_resource",
        "priority",
        "max_memory_kb",
        "max_wallclock_seconds",
        "custom_scheduler_commands",
        "prepend_text",
        "append_text",
        "import_sys_environment",
        "codes_run_mode",
        "codes_info",
    )

    codes_run_mode: CodeRunMode
    codes_info: list[JobTemplateCodeInfo]


class MachineInfo(DefaultFieldsAttributeDict):
    """A machine that a job was given."""

    _default_fields = ("name", "num_mpiprocs", "num_cpus")


class JobInfo(DefaultFieldsAttributeDict):
    """What a scheduler says about a job. Unset fields read as `None`."""

    _default_fields = (
        "job_id",
        "title",
        "exit_status",
        "terminating_signal",
        "annotation",
        "job_state",
        "job_substate",
        "allocated_machines",
        "job_owner",
        "num_mpiprocs",
        "num_cpus",
        "num_machines",
        "queue_name",
        "account",
        "qos",
        "wallclock_time_seconds",
        "requested_wallclock_time_seconds",
        "cpu_time",
        "submission_time",
        "dispatch_time",
        "finish_time",
    )

    #: fields whose values JSON does not know.
    _special_serializers = {
        "submission_time": "date",
        "dispatch_time": "date",
        "finish_time": "date",
        "job_state": "job_state",
    }

    @classmethod
    def serialize_field(cls, value: Any, field_type: str | None) -> Any:
        """Return the JSON form of a field's value."""
        if field_type == "date" and isinstance(value, datetime):
            return {
                "date": value.replace(tzinfo=None).isoformat(timespec="microseconds"),
                "timezone": None if value.tzinfo is None else str(value.tzinfo),
            }
        if field_type == "job_state" and isinstance(value, JobState):
            return value.value
        return value

    @classmethod
    def deserialize_field(cls, value: Any, field_type: str | None) -> Any:
        """Return the value that `serialize_field` was given."""
        if value is None:
            return None
        if field_type == "date":
            return _parse_date(value)
        if field_type == "job_state":
            return JobState(value)
        return value

    def serialize(self) -> str:
        """Return the JSON text."""
        return json.dumps(self.get_dict())

    def get_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {key: self.serialize_field(value, self._special_serializers.get(key)) for key, value in self.items()}

    @classmethod
    def load_from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make one from the result of `get_dict`."""
        info = cls()
        for key, value in data.items():
            info[key] = cls.deserialize_field(value, cls._special_serializers.get(key))
        return info

    @classmethod
    def load_from_serialized(cls, data: str) -> Self:
        """Make one from the result of `serialize`."""
        return cls.load_from_dict(json.loads(data))


def _parse_date(value: Mapping[str, Any]) -> datetime | None:
    if value.get("date") is None:
        return None
    moment = datetime.fromisoformat(value["date"])
    name = value.get("timezone")
    if name is None:
        return moment
    try:
        return moment.replace(tzinfo=UTC if name == "UTC" else ZoneInfo(name))
    except (KeyError, ValueError):  # an abbreviation such as CEST: the moment is known, its zone is not
        return moment
